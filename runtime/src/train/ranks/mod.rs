//! The ranks of a training: processes, one a device, that hold equal weights and share every batch. States what they
//! exchange and finds out how the process was started; knows no tensors and computes no gradients.

mod fingerprint;
mod launch;
#[cfg(feature = "mpi")]
mod mpi;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use fingerprint::Fingerprint;
pub use launch::{Launched, launched};

use crate::Error;

/// Whether this program was built with MPI (feature `mpi`).
pub const SUPPORTED: bool = cfg!(feature = "mpi");

/// The rank that writes the RUN folder and shows progress.
pub const ROOT: usize = 0;

/// What the ranks of a job do together. All but the first four methods and the last are collective: every rank has to call them, in
/// the same order, and waits in them for the others.
pub trait Communicator {
    /// This rank, from 0.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn size(&self) -> usize;

    /// This rank's number among those on the same machine, and how many these are.
    fn local(&self) -> (usize, usize);

    /// The name of this rank's machine.
    fn host(&self) -> String;

    /// The bytes of every rank, in rank order, the same on all.
    ///
    /// # Errors
    /// If a rank was lost.
    fn all_gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, Error>;

    /// The sum of every rank's numbers, added in rank order, so that all ranks and all runs get the same bits. Every
    /// rank has to bring equally many.
    ///
    /// # Errors
    /// If a rank was lost.
    fn all_reduce(&self, own: Vec<f32>) -> Result<Vec<f32>, Error>;

    /// The bytes of [`ROOT`]; what other ranks bring is ignored.
    ///
    /// # Errors
    /// If a rank was lost.
    fn broadcast(&self, own: Vec<u8>) -> Result<Vec<u8>, Error>;

    /// Ends the work together, once all ranks have come to its end; to be called once, as the last thing.
    ///
    /// # Errors
    /// If a rank was lost.
    fn finish(&mut self) -> Result<(), Error>;

    /// Ends all ranks at once with this exit status, without waiting for them. Returns only where this is the only one.
    fn abort(&self, status: u8);
}

/// A training in one process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Single;

impl Communicator for Single {
    fn rank(&self) -> usize {
        ROOT
    }

    fn size(&self) -> usize {
        1
    }

    fn local(&self) -> (usize, usize) {
        (0, 1)
    }

    fn host(&self) -> String {
        String::new()
    }

    fn all_gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        Ok(vec![own.to_vec()])
    }

    fn all_reduce(&self, own: Vec<f32>) -> Result<Vec<f32>, Error> {
        Ok(own)
    }

    fn broadcast(&self, own: Vec<u8>) -> Result<Vec<u8>, Error> {
        Ok(own)
    }

    fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn abort(&self, _: u8) {}
}

/// Joins the ranks that a launcher has started together with this process; without a launcher, or with one that started
/// only this process, there is one rank and nothing to join. `lost` is told when a rank no longer answers, just before
/// the job is aborted with status 3.
///
/// # Errors
/// If there are several and MPI is not built in or does not connect them.
pub fn connect(lost: impl Fn(&str) + Send + 'static) -> Result<Box<dyn Communicator>, Error> {
    match launched() {
        None => Ok(Box::new(Single)),
        Some(launched) => join(launched, Box::new(lost)),
    }
}

/// Is told of a lost rank.
type Lost = Box<dyn Fn(&str) + Send>;

#[cfg(feature = "mpi")]
fn join(launched: Launched, lost: Lost) -> Result<Box<dyn Communicator>, Error> {
    mpi::join(launched, lost)
}

#[cfg(not(feature = "mpi"))]
fn join(launched: Launched, _: Lost) -> Result<Box<dyn Communicator>, Error> {
    Err(Error::Rank(format!(
        "this is one of {launched}, and this program was built without MPI (feature `mpi`)"
    )))
}

/// A value and the place in the training at which it is exchanged.
#[derive(Serialize, Deserialize)]
struct Message<T> {
    place: String,
    value: T,
}

/// The values of every rank, in rank order. `place` says where in the training they are exchanged.
///
/// # Errors
/// If a rank was lost or is at another place.
pub fn gather_values<T: Serialize + DeserializeOwned>(
    ranks: &dyn Communicator,
    place: &str,
    value: T,
) -> Result<Vec<T>, Error> {
    if ranks.size() == 1 {
        return Ok(vec![value]);
    }
    let place = place.to_owned();
    let message = Message { place, value };
    let own = serde_json::to_vec(&message).map_err(|e| Error::Rank(e.to_string()))?;
    let all = ranks.all_gather(&own)?.into_iter().enumerate();
    all.map(|(rank, bytes)| {
        let found: Message<T> = serde_json::from_slice(&bytes).map_err(|e| {
            Error::Rank(format!("rank {rank} sends what this one cannot read: {e}"))
        })?;
        if found.place == message.place {
            return Ok(found.value);
        }
        let (theirs, own) = (found.place, &message.place);
        Err(Error::Rank(format!(
            "rank {rank} is at {theirs}, this one at {own}"
        )))
    })
    .collect()
}

/// Adds numbers rank by rank: `blocks` holds as many of every rank, one rank after the other.
pub fn sum_in_order(blocks: &[f32], count: usize) -> Vec<f32> {
    let mut ranks = blocks.chunks(count.max(1));
    let mut sum = ranks.next().unwrap_or_default().to_vec();
    for block in ranks {
        sum.iter_mut().zip(block).for_each(|(sum, own)| *sum += own);
    }
    sum
}
