//! The ranks of `termc train`: joining those that `mpirun` or `srun` has started, choosing each one's device, and ending
//! together, with one message, whatever one of them has failed of. What ranks compute together is the runtime's.

use serde::{Deserialize, Serialize};
use termc_runtime::Error;
use termc_runtime::device::{DeviceChoice, Selected};
use termc_runtime::panics;
use termc_runtime::train::ranks::{
    Communicator, Fingerprint, ROOT, SUPPORTED, connect, gather_values, launched,
};

use crate::failure::{Failure, defect};
use crate::terminal::Terminal;

/// Why a rank ends without success.
pub enum Ended {
    /// All ranks end so and have come to that together; at most one of them has a message.
    Together(Failure),
    /// This one fails while others may go on.
    Alone(Failure),
}

impl<E: Into<Failure>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Alone(error.into())
    }
}

/// Joins the other ranks, if there are any, does the work of this one, and ends all of them.
pub fn run(
    terminal: &Terminal,
    work: impl FnOnce(&dyn Communicator, &Terminal) -> Result<(), Ended>,
) -> Result<(), Failure> {
    if let Some(launched) = launched().filter(|_| !SUPPORTED) {
        let message = format!("this is one of {launched}, and this termc is built without MPI");
        return Err(Failure::usage(message).help(
            "build it with `cargo install --path . --locked --features mpi`, which needs an MPI library such as Debian's \
             `libopenmpi-dev`; or start `termc train` by itself",
        ));
    }
    let lost = terminal.clone();
    let ranks = connect(move |problem| {
        lost.error(problem);
        lost.help(GO_ON);
    });
    let mut ranks = ranks.map_err(|error| {
        Failure::from(error).help(
            "start it with the `mpirun`, `mpiexec` or `srun` of the MPI library that termc was built with",
        )
    })?;
    if ranks.size() == 1 {
        return match work(&*ranks, terminal) {
            Ok(()) => Ok(()),
            Err(Ended::Together(failure) | Ended::Alone(failure)) => Err(failure),
        };
    }
    let rank = ranks.rank();
    let silent = Terminal::silent();
    let own = if rank == ROOT { terminal } else { &silent };
    let ended = match panics::catch(|| work(&*ranks, own)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Ended::Together(failure))) => {
            // Before any rank goes: launchers kill the others when one ends with another status than 0.
            failure.print(terminal);
            Err(failure.without_message())
        }
        Ok(Err(Ended::Alone(failure))) if failure.status() == 0 => Err(failure),
        Ok(Err(Ended::Alone(failure))) => {
            return Err(abort(&*ranks, failure.on_rank(rank), terminal));
        }
        Err(panic) => {
            terminal.note(&defect(&panic));
            let failure = Failure::with_status(panics::STATUS);
            return Err(abort(&*ranks, failure, terminal));
        }
    };
    match ranks.finish() {
        Ok(()) => ended,
        Err(error) => {
            let failure = Failure::from(error).on_rank(rank);
            Err(abort(&*ranks, failure, terminal))
        }
    }
}

/// Tells a failure of this rank and ends all: the others would wait for one that goes away without a word.
fn abort(ranks: &dyn Communicator, failure: Failure, terminal: &Terminal) -> Failure {
    failure.print(terminal);
    ranks.abort(failure.status());
    failure.without_message()
}

/// What to do once a rank was lost.
const GO_ON: &str =
    "the checkpoints are whole; once this is mended, go on with `--resume` and the RUN folder";

/// The value, if no rank has failed. Collective: whichever fails first, in rank order, tells why; all end with its status.
pub fn agree<T>(
    ranks: &dyn Communicator,
    place: &str,
    result: Result<T, Failure>,
) -> Result<T, Ended> {
    let own = result.as_ref().err().map(Failure::status);
    let failed = gather_values(ranks, place, own)?;
    let first = failed
        .iter()
        .enumerate()
        .find_map(|(rank, s)| Some((rank, (*s)?)));
    match (result, first) {
        (Ok(value), None) => Ok(value),
        (Err(failure), Some((rank, _))) if rank == ranks.rank() => {
            Err(Ended::Together(failure.on_rank(rank)))
        }
        (_, Some((_, status))) => Err(Ended::Together(Failure::with_status(status))),
        (Err(failure), None) => Err(Ended::Alone(failure)),
    }
}

/// Requires all ranks to have been started for the same training.
pub fn require_equal(ranks: &dyn Communicator, fingerprint: &Fingerprint) -> Result<(), Ended> {
    let Err(error) = fingerprint.require_equal(ranks) else {
        return Ok(());
    };
    let is_told = matches!(error, Error::Input(_));
    let failure = Failure::from(error).help(
        "start all ranks with the same call and the same files; only `--device` and `--data-dir` may differ",
    );
    Err(match is_told {
        true => together(ranks, failure),
        false => Ended::Alone(failure),
    })
}

/// A failure that all ranks have found alike: rank 0 tells it.
pub fn together(ranks: &dyn Communicator, failure: Failure) -> Ended {
    Ended::Together(match ranks.rank() {
        ROOT => failure,
        _ => failure.without_message(),
    })
}

/// The device of this rank, by its place on its machine.
pub fn select_device(choice: &DeviceChoice, ranks: &dyn Communicator) -> Result<Selected, Failure> {
    let (local, _) = ranks.local();
    Ok(choice.select_for_local_rank(local)?)
}

/// A device as other ranks have to know it.
#[derive(Serialize, Deserialize)]
struct Member {
    device: String,
    /// Machine and card; None for the CPU, which is shared, and where the device does not tell.
    card: Option<(String, String)>,
}

/// The devices of all ranks in words, `2 ranks: cuda:0, cuda:1`; of one rank its own. Collective. Refuses two ranks on
/// one card, and more ranks than a batch has images.
pub fn describe_devices(
    ranks: &dyn Communicator,
    selected: &Selected,
    batch: usize,
) -> Result<String, Ended> {
    if ranks.size() == 1 {
        return Ok(selected.to_string());
    }
    let member = Member {
        device: selected.to_string(),
        card: selected.card.clone().map(|card| (ranks.host(), card)),
    };
    let members = gather_values(ranks, "its devices", member)?;
    let devices: Vec<&str> = members.iter().map(|m| m.device.as_str()).collect();
    let described = format!("{} ranks: {}", members.len(), devices.join(", "));
    if let Some((first, second)) = on_one_card(&members) {
        let failure = Failure::usage(format!("ranks {first} and {second} are on the same GPU"));
        let failure = failure.help("start at most one rank for each GPU of a machine");
        return Err(together(ranks, failure));
    }
    if batch < ranks.size() {
        let message = format!("batches of {batch} are too small for {described}");
        let failure = Failure::usage(message);
        let failure = failure.help("start fewer ranks, or choose a larger `--batch`");
        return Err(together(ranks, failure));
    }
    Ok(described)
}

/// The first two ranks that share a card.
fn on_one_card(members: &[Member]) -> Option<(usize, usize)> {
    members.iter().enumerate().find_map(|(second, member)| {
        let card = member.card.as_ref()?;
        let mut earlier = members.iter().take(second);
        let first = earlier.position(|other| other.card.as_ref() == Some(card))?;
        Some((first, second))
    })
}
