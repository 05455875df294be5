//! Batches made ahead on worker threads, from any place of any epoch on. What a batch holds depends on the seed, the
//! epoch and its number only, never on threads or timing.

mod batch;
mod epoch;
mod maker;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use termc_compiler::model::{Augment, Normalize};

pub use batch::Batch;
pub use epoch::{EpochBatches, LOADER_THREAD};

use super::augment::Pipeline;
use super::dataset::Subset;
use super::error::Error;
use super::normalize::Normalizer;
use super::stop::StopRequest;
use crate::random::Key;
use maker::BatchMaker;

/// Most worker threads; images are cheap to make, so more would not be used.
const MAX_THREADS: usize = 8;

/// How long [`EpochBatches`] waits for one batch before it gives up: far more than any disk that works needs.
const BATCH_DEADLINE: Duration = Duration::from_secs(600);

/// Makes the batches of a subset, epoch after epoch. Cheap to clone.
#[derive(Clone)]
pub struct Loader {
    maker: Arc<BatchMaker>,
    pool: Arc<ThreadPool>,
    stop: StopRequest,
    deadline: Duration,
}

impl Loader {
    /// For training: every epoch visits each image once in an order drawn from `seed` and the epoch, augmented.
    ///
    /// Fails if `batch` is 0, if `normalize` does not have one mean and one positive deviation per channel, and if no
    /// threads can be started.
    pub fn training(
        subset: Subset,
        batch: usize,
        normalize: &Normalize,
        augment: &[Augment],
        seed: u64,
    ) -> Result<Self, Error> {
        let shape = subset.part().shape();
        let [channels, ..] = shape;
        let normalizer = Normalizer::new(normalize, channels)?;
        let pipeline = Pipeline::new(augment, shape, &normalizer, seed);
        let order = Key::new(seed).named("order");
        Self::new(subset, batch, normalizer, Some((pipeline, order)))
    }

    /// For evaluation: each image once in the subset's order, only normalized. Fails like [`Loader::training`].
    pub fn evaluation(subset: Subset, batch: usize, normalize: &Normalize) -> Result<Self, Error> {
        let [channels, ..] = subset.part().shape();
        let normalizer = Normalizer::new(normalize, channels)?;
        Self::new(subset, batch, normalizer, None)
    }

    fn new(
        subset: Subset,
        batch: usize,
        normalizer: Normalizer,
        training: Option<(Pipeline, Key)>,
    ) -> Result<Self, Error> {
        if batch == 0 {
            return Err(Error::Inconsistent {
                what: "batch size",
                expected: "at least 1".into(),
                found: "0".into(),
            });
        }
        let threads = thread::available_parallelism().map_or(1, |n| n.get().min(MAX_THREADS));
        // Its own pool: the network's kernels keep the global one busy.
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("loader-{i}"))
            .build()
            .map_err(|e| Error::Threads(e.to_string()))?;
        Ok(Self {
            maker: Arc::new(BatchMaker {
                subset,
                batch,
                normalizer,
                training,
            }),
            pool: Arc::new(pool),
            stop: StopRequest::default(),
            deadline: BATCH_DEADLINE,
        })
    }

    /// Epochs begun after this call stop waiting for a batch with [`Error::Stopped`] once `stop` was requested; batches
    /// that are ready are still given out. Leave it out where other processes wait for this one to finish its step.
    pub fn stop_on(self, stop: &StopRequest) -> Self {
        let stop = stop.clone();
        Self { stop, ..self }
    }

    /// Epochs begun after this call wait this long for a batch, then fail with [`Error::Stalled`]; ten minutes if not
    /// set.
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Number of images per epoch.
    pub fn images(&self) -> usize {
        self.maker.subset.len()
    }

    /// Number of batches per epoch. All have the asked size but the last, which holds the remaining images; a single
    /// remaining image joins the batch before instead, because statistics over a batch of one are not those the
    /// network sees otherwise. So every image is in exactly one batch.
    pub fn batches(&self) -> usize {
        self.maker.batches()
    }

    /// The batches of an epoch from number `first` on (0 for all of them). Fails if no thread can be started.
    pub fn epoch(&self, epoch: usize, first: usize) -> Result<EpochBatches, Error> {
        EpochBatches::start(self, epoch, first)
    }
}
