//! `termc train`: its arguments, the training and how it ended. How a training is prepared is `begin`'s and `resume`'s.

mod begin;
mod outcome;
mod ranks;
mod resume;
mod self_check;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, ValueEnum};
use termc_compiler::analysis::couples_images;
use termc_compiler::{MAX_BATCH, MAX_EPOCHS};
use termc_runtime::data::{Dataset, StopRequest};
use termc_runtime::device::{DeviceChoice, Selected};
use termc_runtime::network::{KernelChoice, Precision};
use termc_runtime::tensors::Tensors;
use termc_runtime::train::checkpoint::Checkpoint;
use termc_runtime::train::ranks::Communicator;
use termc_runtime::train::{Interval, Protocol, RunFolder, SaveRequest, Settings, Training};

use self::ranks::{Ended, agree};
use crate::choice::{one_of, up_to};
use crate::cli::{ChangeArgs, DataArgs, home_path};
use crate::failure::Failure;
use crate::model::CheckedSource;
use crate::progress;
use crate::terminal::Terminal;

const SIGNALS: &str = "\
Signals: SIGINT, SIGTERM and SIGHUP finish the step, save and exit with 130, a second one exits at once; SIGUSR1 and SIGUSR2 \
save and go on, as for `sbatch --signal=USR1@120`. `--resume RUN` goes on with what was saved.";

/// Arguments of `termc train`. With `--resume` everything comes from the RUN folder; what is given besides must agree
/// with it.
#[derive(Debug, Args)]
#[command(after_help = SIGNALS)]
pub struct Arguments {
    /// A .term file, or `-` for standard input; not needed with --resume
    #[arg(value_name = "MODEL", required_unless_present = "resume")]
    model: Option<PathBuf>,

    #[command(flatten)]
    changes: ChangeArgs,

    #[command(flatten)]
    data: DataArgs,

    /// The folder to make for this training [default: the first free runs/MODEL-N]
    #[arg(long, value_name = "RUN", conflicts_with = "resume", value_parser = home_path())]
    out: Option<PathBuf>,

    /// Go on with the training in this folder; with `--epochs` for longer, with `--dataset` or `--data-dir` where its images
    /// lie now
    #[arg(long, value_name = "RUN")]
    resume: Option<PathBuf>,

    /// Begin with these weights, of a RUN folder or a weight file; where they are of another number of classes, what depends
    /// on it is made anew
    #[arg(long, value_name = "W", conflicts_with = "resume", value_parser = home_path())]
    weights: Option<PathBuf>,

    /// Passes over the training images [default: the model's own]
    #[arg(long, value_name = "N", value_parser = up_to(MAX_EPOCHS))]
    epochs: Option<u32>,

    /// Images per batch [default: the model's own]
    #[arg(long, value_name = "N", value_parser = up_to(MAX_BATCH))]
    batch: Option<u32>,

    /// Use only so many images of the training part, validation included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Decides initial weights, split, order, augmentation and dropout [default: 0]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    /// Fraction of the training part that is held out to choose the best epoch [default: 0.1]
    #[arg(long, value_name = "FRACTION", value_parser = fraction)]
    val: Option<f64>,

    /// Choose the best epoch on held-out training images, or as published on the test part itself [default: honest]
    #[arg(long, value_parser = one_of(Protocol::ALL), value_name = "PROTOCOL")]
    protocol: Option<Protocol>,

    /// Steps (`200`) or time (`90s`, `10m`, `2h`) between checkpoints; each epoch ends with one anyway [default: 10m]
    #[arg(long, value_name = "INTERVAL")]
    checkpoint_every: Option<Interval>,

    /// How many checkpoints to keep besides the best [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,

    /// Steps between rows of metrics.jsonl [default: 10]
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u32).range(1..))]
    log_every: Option<u32>,

    /// Save and stop after so many steps, as if interrupted, but with exit status 0
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u32).range(1..))]
    stop_after: Option<u32>,

    /// Save and stop at the end of this epoch, with exit status 0; the learning rate is that of the whole training
    #[arg(long, value_name = "EPOCH", value_parser = clap::value_parser!(u32).range(1..))]
    stop_after_epoch: Option<u32>,

    /// Save and stop, as if interrupted, when standard input ends: for a program that trains and may be killed
    #[arg(long, hide = true)]
    stop_with_stdin: bool,

    /// `auto`, `cpu`, `cuda:N`, `vulkan:N`, ...; auto takes CUDA where it works, of several ranks on one
    /// machine each another one [default: auto]
    #[arg(long, value_name = "DEVICE")]
    device: Option<DeviceChoice>,

    /// Type of the activations [default: f32]
    #[arg(long, value_parser = one_of(Precision::ALL), value_name = "PRECISION")]
    precision: Option<Precision>,

    /// The device's own kernels or plain Burn operations; the same function [default: fused]
    #[arg(long, value_parser = one_of(&KernelChoice::ALL), value_name = "KERNELS")]
    kernels: Option<KernelChoice>,

    /// When to compare the device with the CPU before the first step; auto does it on GPUs
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    self_check: SelfCheck,
}

/// `--self-check`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum SelfCheck {
    #[default]
    Auto,
    Always,
    Never,
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..1.0).contains(&value) => Ok(value),
        _ => Err(format!("`{text}` is not a fraction from 0 to below 1")),
    }
}

/// Trains.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let save = save_on_signals()?;
    ranks::run(terminal, |ranks, terminal| {
        let prepared = match &arguments.resume {
            Some(folder) => resume::prepare(folder, &arguments, ranks, terminal)?,
            None => Some(begin::prepare(&arguments, ranks, terminal)?),
        };
        match prepared {
            Some(prepared) => train(prepared, &arguments, &save, ranks, terminal),
            None => Ok(()),
        }
    })
}

/// A training that is ready to run, on one rank.
struct Prepared {
    checked: CheckedSource,
    settings: Settings,
    selected: Selected,
    dataset: Dataset,
    /// The devices of all ranks, in words.
    devices: String,
    /// None on ranks other than the first.
    folder: Option<RunFolder>,
    checkpoint: Option<Checkpoint>,
    /// Weights to begin with.
    start: Option<Tensors>,
}

fn train(
    mut prepared: Prepared,
    arguments: &Arguments,
    save: &SaveRequest,
    ranks: &dyn Communicator,
    terminal: &Terminal,
) -> Result<(), Ended> {
    announce(&prepared, ranks, terminal);
    let Prepared {
        checked,
        settings,
        selected,
        ..
    } = &prepared;
    if self_check::is_asked(arguments.self_check, selected) {
        let found = self_check::check(checked, settings, selected, terminal);
        agree(ranks, "its self-check", found)?;
    }
    let stop = StopRequest::new();
    stop_on_signals(&stop, terminal)?;
    if arguments.stop_with_stdin {
        stop_with_stdin(stop.clone());
    }
    let resume = prepared.checkpoint.take();
    let mut view = progress::View::new(terminal, &prepared.checked.model, &prepared.settings);
    let training = Training {
        model: &prepared.checked.model,
        data: &prepared.dataset,
        folder: prepared.folder.as_ref(),
        ranks,
        device: prepared.selected.device.clone(),
        settings: &prepared.settings,
        resume,
        start: prepared.start.take(),
        stop: &stop,
        save,
        stop_after: arguments.stop_after.map(|n| n as usize),
        stop_after_epoch: arguments.stop_after_epoch.map(|n| n as usize),
        observer: &mut view,
    };
    let outcome = training.run();
    drop(view);
    match outcome {
        Ok(outcome) => outcome::tell(outcome, &prepared, ranks, terminal),
        Err(error) => Err(outcome::failed(error, &prepared).into()),
    }
}

/// Says what is about to be trained, on what, and where it goes.
fn announce(prepared: &Prepared, ranks: &dyn Communicator, terminal: &Terminal) {
    let place = match &prepared.folder {
        Some(folder) => format!(", in `{}`", folder.path().display()),
        None => String::new(),
    };
    let (model, batch) = (&prepared.checked.model, prepared.settings.batch);
    terminal.note(&format!(
        "{} on {}, {}{place}",
        model.name, prepared.dataset.name, prepared.devices,
    ));
    if let Some(note) = &prepared.selected.note {
        terminal.note(note);
    }
    let count = ranks.size();
    if count > 1 && couples_images(model) {
        let own = batch / count;
        terminal.note(&format!(
            "{} takes means over the images of a batch: each of the {count} ranks takes them over its own {own} of the \
             {batch} images, so that it trains as with batches of {own} on one rank, with one update for all of them",
            model.name
        ));
    }
}

/// SIGUSR1 and SIGUSR2, by which clusters warn of the end of a job's time, ask for a checkpoint; without a handler they would
/// end the program.
fn save_on_signals() -> Result<SaveRequest, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    for signal in [signal_hook::consts::SIGUSR1, signal_hook::consts::SIGUSR2] {
        signal_hook::flag::register(signal, Arc::clone(&flag))
            .map_err(|error| Failure::machine(format!("cannot listen for signals: {error}")))?;
    }
    Ok(SaveRequest::from(flag))
}

/// Asks for a stop when standard input ends, as it does when the program at its other end does.
fn stop_with_stdin(stop: StopRequest) {
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        stop.request();
    });
}

/// The first of SIGINT, SIGTERM and SIGHUP asks for a stop, the second ends the program at once.
fn stop_on_signals(stop: &StopRequest, terminal: &Terminal) -> Result<(), Failure> {
    let (stop, live) = (stop.clone(), terminal.is_live());
    ctrlc::set_handler(move || {
        if stop.is_requested() {
            termc_runtime::panics::ending();
            std::process::exit(130);
        }
        stop.request();
        let notice = "stopping after this step; again to stop at once";
        // A live view counts its lines: the notice goes on the one below, which the next drawing clears.
        let notice = match live {
            true => format!("\r\x1b[2K{notice}"),
            false => format!("{notice}\n"),
        };
        // Also where nobody can be told any more: the terminal may be gone.
        let _ = std::io::stderr().write_all(notice.as_bytes());
    })
    .map_err(|error| Failure::machine(format!("cannot listen for signals: {error}")))
}
