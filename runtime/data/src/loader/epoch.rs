//! The batches of one epoch, made ahead on a thread. Whatever happens there, also a panic or a read that never returns,
//! becomes an error of the iterator.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rayon::ThreadPool;

use super::maker::BatchMaker;
use super::{Batch, Loader};
use crate::error::Error;
use crate::stop::StopRequest;

/// Finished batches that may wait for the consumer.
const AHEAD: usize = 3;

/// The name of the thread of an epoch; its panics become errors of the iterator.
pub const LOADER_THREAD: &str = "loader";

/// How often a waiting consumer looks at the stop request.
const POLL: Duration = Duration::from_millis(20);

/// How long dropping an epoch waits for its thread, which ends after the images in work; a thread that hangs in a read
/// longer than that is left to itself.
const JOIN_DEADLINE: Duration = Duration::from_secs(5);

/// The batches of one epoch, in order. Ends after the last batch or the first error.
pub struct EpochBatches {
    /// None only while dropping.
    receiver: Option<Receiver<Result<Batch, Error>>>,
    worker: Option<JoinHandle<()>>,
    /// Disconnected once the worker has ended.
    ended: Receiver<()>,
    /// Makes the worker end early.
    cancel: StopRequest,
    stop: StopRequest,
    deadline: Duration,
    next: usize,
    end: usize,
    waited: Duration,
}

/// What the worker thread owns.
struct EpochWorker {
    maker: Arc<BatchMaker>,
    pool: Arc<ThreadPool>,
    epoch: usize,
    sender: SyncSender<Result<Batch, Error>>,
    cancel: StopRequest,
}

impl EpochBatches {
    pub(super) fn start(loader: &Loader, epoch: usize, first: usize) -> Result<Self, Error> {
        let (sender, receiver) = sync_channel(AHEAD);
        let (alive, ended) = sync_channel::<()>(0);
        let cancel = StopRequest::new();
        let worker = EpochWorker {
            maker: loader.maker.clone(),
            pool: loader.pool.clone(),
            epoch,
            sender,
            cancel: cancel.clone(),
        };
        let worker = thread::Builder::new()
            .name(LOADER_THREAD.into())
            .spawn(move || {
                worker.run(first);
                drop(alive);
            })
            .map_err(|e| Error::Threads(e.to_string()))?;
        Ok(Self {
            receiver: Some(receiver),
            worker: Some(worker),
            ended,
            cancel,
            stop: loader.stop.clone(),
            deadline: loader.deadline,
            next: first,
            end: loader.batches(),
            waited: Duration::ZERO,
        })
    }

    /// How long the consumer has waited for batches so far.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Number of the next batch.
    pub fn position(&self) -> usize {
        self.next
    }

    /// The next batch, as soon as it is there.
    fn receive(&self, receiver: &Receiver<Result<Batch, Error>>) -> Result<Batch, Error> {
        let start = Instant::now();
        let mut wait = Duration::ZERO;
        loop {
            match receiver.recv_timeout(wait) {
                Ok(batch) => return batch,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::LoaderEnded {
                        delivered: self.next,
                        expected: self.end,
                    });
                }
                Err(RecvTimeoutError::Timeout) => self.stop.check()?,
            }
            let Some(left) = self.deadline.checked_sub(start.elapsed()) else {
                return Err(Error::Stalled {
                    batch: self.next,
                    seconds: self.deadline.as_secs_f64(),
                });
            };
            wait = POLL.min(left);
        }
    }
}

impl Iterator for EpochBatches {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let start = Instant::now();
        let batch = self.receive(self.receiver.as_ref()?);
        self.waited += start.elapsed();
        match &batch {
            Ok(_) => self.next += 1,
            Err(_) => self.end = self.next,
        }
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.end.saturating_sub(self.next)))
    }
}

impl Drop for EpochBatches {
    fn drop(&mut self) {
        self.cancel.request();
        // Closing the channel wakes a worker that waits to send.
        self.receiver = None;
        let ended = self.ended.recv_timeout(JOIN_DEADLINE) == Err(RecvTimeoutError::Disconnected);
        if let Some(worker) = self.worker.take().filter(|_| ended) {
            // It has caught its panics and sent them.
            let _ = worker.join();
        }
    }
}

impl EpochWorker {
    /// Makes batches until all are sent, one fails or the consumer is gone.
    fn run(self, first: usize) {
        let order = self.maker.order(self.epoch);
        for number in first..self.maker.batches() {
            let batch = self.make(number, &order);
            let failed = batch.is_err();
            if self.sender.send(batch).is_err() || failed {
                return;
            }
        }
    }

    /// One batch; a panic on any thread of the pool becomes an error.
    fn make(&self, number: usize, order: &[usize]) -> Result<Batch, Error> {
        let make = || self.maker.make(self.epoch, number, order, &self.cancel);
        let batch = catch_unwind(AssertUnwindSafe(|| self.pool.install(make)));
        batch.unwrap_or_else(|payload| {
            Err(Error::LoaderPanic {
                batch: number,
                epoch: self.epoch,
                message: panic_message(&*payload),
            })
        })
    }
}

/// What a panic said.
fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
