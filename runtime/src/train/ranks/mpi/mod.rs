//! Ranks that are processes of an MPI job. Uses non-blocking collectives alone and polls them, so that this rank lends its
//! processor to others while it waits; a rank that is lost meanwhile is `heartbeat`'s to notice.

mod heartbeat;

use std::time::Duration;

use ferrompi::{Communicator as World, Mpi, Request, Scope, ThreadLevel};

use super::{Communicator, Launched, Lost, ROOT, Single, gather_values, sum_in_order};
use crate::Error;
use heartbeat::Heartbeat;

/// How often the waiting asks at once, before it begins to sleep in between.
const SPINS: u32 = 100;

/// The longest sleep between two questions.
const LONGEST: Duration = Duration::from_millis(1);

/// This rank of an MPI job. Whoever drops it before the end ends the job: the others would wait for it.
pub struct MpiCommunicator {
    world: World,
    host: String,
    local: (usize, usize),
    heartbeat: Option<Heartbeat>,
    /// Dropped last: that finalizes MPI.
    _mpi: Mpi,
}

/// Initializes MPI and meets the other ranks.
///
/// # Errors
/// If the library fails, cannot be called from two threads, or connects fewer ranks than the launcher has started.
pub fn join(launched: Launched, lost: Lost) -> Result<Box<dyn Communicator>, Error> {
    let mpi = Mpi::init_thread(ThreadLevel::Multiple).map_err(failed)?;
    let world = mpi.world();
    let size = usize::try_from(world.size()).unwrap_or(0);
    // A library of another kind than the launcher's takes each process for the only one.
    let expected = launched.processes.unwrap_or(size);
    if size != expected {
        let version = Mpi::library_version().unwrap_or_default();
        let library = version.split(',').next().unwrap_or_default().trim();
        return Err(Error::Rank(format!(
            "this is one of {launched}, but MPI ({library}) connects {size}"
        )));
    }
    if size == 1 {
        return Ok(Box::new(Single));
    }
    if mpi.thread_level() < ThreadLevel::Multiple {
        return Err(Error::Rank(
            "the MPI library cannot be called from two threads (MPI_THREAD_MULTIPLE)".into(),
        ));
    }
    let heartbeat = Heartbeat::start(mpi.world(), lost)?;
    let mut joined = MpiCommunicator {
        host: world.processor_name().map_err(failed)?,
        world,
        local: (0, 1),
        heartbeat: Some(heartbeat),
        _mpi: mpi,
    };
    joined.local = joined.among_local()?;
    Ok(Box::new(joined))
}

impl MpiCommunicator {
    fn among_local(&self) -> Result<(usize, usize), Error> {
        let hosts = self.all_gather(self.host.as_bytes())?;
        let is_local = |other: &&Vec<u8>| other.as_slice() == self.host.as_bytes();
        let before = hosts.iter().take(self.rank()).filter(is_local).count();
        Ok((before, hosts.iter().filter(is_local).count()))
    }

    fn gather_equal<T: ferrompi::MpiDatatype + Default + Clone>(
        &self,
        own: &[T],
    ) -> Result<Vec<T>, Error> {
        let mut all = vec![T::default(); own.len() * self.size()];
        complete(|scope| self.world.iallgather(scope, own, &mut all))?;
        Ok(all)
    }
}

impl Communicator for MpiCommunicator {
    fn rank(&self) -> usize {
        usize::try_from(self.world.rank()).unwrap_or(0)
    }

    fn size(&self) -> usize {
        usize::try_from(self.world.size()).unwrap_or(1)
    }

    fn local(&self) -> (usize, usize) {
        self.local
    }

    fn host(&self) -> String {
        self.host.clone()
    }

    fn all_gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let lengths = self.gather_equal(&[own.len() as u64])?;
        let lengths: Vec<usize> = lengths.iter().map(|n| *n as usize).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0).max(1);
        let mut padded = own.to_vec();
        padded.resize(longest, 0);
        let all = self.gather_equal(&padded)?;
        let each = all.chunks_exact(longest).zip(lengths);
        Ok(each
            .map(|(block, length)| block.iter().take(length).copied().collect())
            .collect())
    }

    /// Every rank adds one part of the numbers and tells the others: each number travels twice, however many ranks there
    /// are.
    fn all_reduce(&self, mut own: Vec<f32>) -> Result<Vec<f32>, Error> {
        let count = own.len();
        let part = count.div_ceil(self.size()).max(1);
        own.resize(part * self.size(), 0.0);
        let mut parts = vec![0.0; own.len()];
        complete(|scope| self.world.ialltoall(scope, &own, &mut parts))?;
        let mut sum = self.gather_equal(&sum_in_order(&parts, part))?;
        sum.truncate(count);
        Ok(sum)
    }

    fn broadcast(&self, own: Vec<u8>) -> Result<Vec<u8>, Error> {
        let mut length = [own.len() as u64];
        complete(|scope| self.world.ibroadcast(scope, &mut length, ROOT as i32))?;
        let [length] = length;
        let mut bytes = own;
        bytes.resize(length as usize, 0);
        complete(|scope| self.world.ibroadcast(scope, &mut bytes, ROOT as i32))?;
        Ok(bytes)
    }

    fn finish(&mut self) -> Result<(), Error> {
        gather_values(self, "its end", ())?;
        if let Some(heartbeat) = self.heartbeat.take() {
            heartbeat.stop();
        }
        Ok(())
    }

    fn abort(&self, status: u8) {
        self.world.abort(i32::from(status))
    }
}

impl Drop for MpiCommunicator {
    fn drop(&mut self) {
        if self.heartbeat.is_some() {
            crate::panics::tell_unwinding();
            self.world.abort(3);
        }
    }
}

/// Starts a collective operation and waits until it is done.
fn complete<'env>(
    start: impl for<'s> FnOnce(&'s Scope<'s, 'env>) -> ferrompi::Result<Request<'s>>,
) -> Result<(), Error> {
    let waited = ferrompi::scope(|scope| {
        let mut request = start(scope)?;
        let mut asked = 0;
        while request.test()?.is_none() {
            pause(&mut asked);
        }
        Ok(())
    });
    waited.map_err(failed)
}

/// Lends the processor to others: first for a moment, then for up to a millisecond.
fn pause(asked: &mut u32) {
    *asked = asked.saturating_add(1);
    match asked.checked_sub(SPINS) {
        None => std::thread::yield_now(),
        Some(sleeps) => {
            let doubled = Duration::from_micros(20) * (1 << (sleeps / 10).min(6));
            std::thread::sleep(doubled.min(LONGEST));
        }
    }
}

fn failed(error: ferrompi::Error) -> Error {
    Error::Rank(format!("MPI has failed: {error}"))
}
