//! Batches made ahead on worker threads, from any place of any epoch on. What a batch holds depends on the seed, the
//! epoch and its number only, never on threads or timing.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use termc_compiler::model::{Augment, Normalize};

use super::augment::{Images, Pipeline};
use super::dataset::Subset;
use super::error::DataError;
use super::normalize::Normalizer;
use crate::random::Key;

/// Finished batches that may wait for the consumer.
const AHEAD: usize = 3;

/// Most worker threads; images are cheap to make, so more would not be used.
const MOST_THREADS: usize = 8;

/// Images and labels, ready for a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its number in the epoch, from 0.
    pub number: usize,
    /// `[N, channels, height, width]`.
    pub shape: [usize; 4],
    /// Normalized pixels, `shape` in row-major order.
    pub images: Vec<f32>,
    /// `[N, classes]`: each row sums to 1; one-hot unless images were mixed.
    pub targets: Vec<f32>,
    /// The images' own classes.
    pub labels: Vec<usize>,
    /// The images' positions in their part.
    pub indices: Vec<usize>,
}

impl Batch {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none; no loader makes such a batch.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Cuts it into so many parts of consecutive images whose sizes differ by one at most; with fewer images than parts
    /// some are empty.
    pub fn split(mut self, parts: usize) -> Vec<Self> {
        let images = self.len();
        let [_, channels, height, width] = self.shape;
        let pixels = channels * height * width;
        let classes = self.targets.len().checked_div(images).unwrap_or(0);
        let mut split: Vec<Self> = (0..parts)
            .rev()
            .map(|part| {
                let from = part * images / parts;
                let labels = self.labels.split_off(from);
                Self {
                    number: self.number,
                    shape: [labels.len(), channels, height, width],
                    images: self.images.split_off(from * pixels),
                    targets: self.targets.split_off(from * classes),
                    indices: self.indices.split_off(from),
                    labels,
                }
            })
            .collect();
        split.reverse();
        split
    }
}

/// Makes the batches of a subset, epoch after epoch. Cheap to clone.
#[derive(Clone)]
pub struct Loader {
    plan: Arc<Plan>,
    pool: Arc<ThreadPool>,
}

struct Plan {
    subset: Subset,
    batch: usize,
    normalizer: Normalizer,
    /// For training: the augmentation and the key of the epochs' orders.
    training: Option<(Pipeline, Key)>,
}

impl Loader {
    /// For training: every epoch visits each image once in an order drawn from `seed` and the epoch, augmented.
    pub fn training(
        subset: Subset,
        batch: usize,
        normalize: &Normalize,
        augment: &[Augment],
        seed: u64,
    ) -> Result<Self, DataError> {
        let shape = subset.part().shape();
        let [channels, ..] = shape;
        let normalizer = Normalizer::new(normalize, channels)?;
        let pipeline = Pipeline::new(augment, shape, &normalizer, seed);
        let key = Key::new(seed).named("order");
        Self::new(subset, batch, normalizer, Some((pipeline, key)))
    }

    /// For evaluation: each image once in the subset's order, only normalized.
    pub fn evaluation(
        subset: Subset,
        batch: usize,
        normalize: &Normalize,
    ) -> Result<Self, DataError> {
        let [channels, ..] = subset.part().shape();
        let normalizer = Normalizer::new(normalize, channels)?;
        Self::new(subset, batch, normalizer, None)
    }

    fn new(
        subset: Subset,
        batch: usize,
        normalizer: Normalizer,
        training: Option<(Pipeline, Key)>,
    ) -> Result<Self, DataError> {
        if batch == 0 {
            return Err(DataError::Inconsistent {
                what: "batch size",
                expected: "at least 1".into(),
                found: "0".into(),
            });
        }
        let threads = thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS));
        // Its own pool: the network's kernels keep the global one busy.
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("loader-{i}"))
            .build()
            .map_err(|e| DataError::Threads(e.to_string()))?;
        Ok(Self {
            plan: Arc::new(Plan {
                subset,
                batch,
                normalizer,
                training,
            }),
            pool: Arc::new(pool),
        })
    }

    /// Number of images per epoch.
    pub fn images(&self) -> usize {
        self.plan.subset.len()
    }

    /// Number of batches per epoch. All have the asked size but the last, which holds the remaining images; a single
    /// remaining image joins the batch before instead, because statistics over a batch of one are not those the
    /// network sees otherwise. So every image is in exactly one batch.
    pub fn batches(&self) -> usize {
        self.plan.batches()
    }

    /// The batches of an epoch from number `first` on (0 for all of them).
    pub fn epoch(&self, epoch: usize, first: usize) -> Result<Epoch, DataError> {
        let (sender, receiver) = sync_channel(AHEAD);
        let (plan, pool) = (self.plan.clone(), self.pool.clone());
        let worker = thread::Builder::new()
            .name("loader".into())
            .spawn(move || plan.produce(&pool, epoch, first, &sender))
            .map_err(|e| DataError::Threads(e.to_string()))?;
        Ok(Epoch {
            receiver: Some(receiver),
            worker: Some(worker),
            next: first,
            end: self.batches(),
            waited: Duration::ZERO,
        })
    }
}

impl Plan {
    fn batches(&self) -> usize {
        let (images, batch) = (self.subset.len(), self.batch);
        let lone = batch > 1 && images > batch && images % batch == 1;
        images.div_ceil(batch) - usize::from(lone)
    }

    /// Makes batches until all are sent, one fails or the receiver is gone.
    fn produce(
        &self,
        pool: &ThreadPool,
        epoch: usize,
        first: usize,
        sender: &SyncSender<Result<Batch, DataError>>,
    ) {
        let order = self.order(epoch);
        for number in first..self.batches() {
            let from = number * self.batch;
            let to = match number + 1 == self.batches() {
                true => order.len(),
                false => from + self.batch,
            };
            let indices = order.get(from..to).unwrap_or_default().to_vec();
            let batch = pool.install(|| self.make(epoch, number, indices));
            let failed = batch.is_err();
            if sender.send(batch).is_err() || failed {
                return;
            }
        }
    }

    /// Positions in the part, in the order of an epoch.
    fn order(&self, epoch: usize) -> Vec<usize> {
        let indices = self.subset.indices();
        match &self.training {
            None => indices.to_vec(),
            Some((_, key)) => {
                let order = key.at(epoch as u64).permutation(indices.len());
                order
                    .into_iter()
                    .filter_map(|position| indices.get(position).copied())
                    .collect()
            }
        }
    }

    fn make(&self, epoch: usize, number: usize, indices: Vec<usize>) -> Result<Batch, DataError> {
        let part = self.subset.part();
        let [channels, height, width] = part.shape();
        let size = channels * height * width;
        let mut images = vec![0.0; indices.len() * size];
        images
            .par_chunks_exact_mut(size.max(1))
            .zip(&indices)
            .try_for_each(|(out, &index)| {
                self.normalizer.apply(&part.image(index)?, out);
                Ok::<_, DataError>(())
            })?;
        let labels = indices
            .iter()
            .map(|&index| part.label(index))
            .collect::<Result<Vec<_>, _>>()?;
        let mut targets = vec![0.0; labels.len() * part.classes()];
        for (row, &label) in targets.chunks_exact_mut(part.classes()).zip(&labels) {
            row.iter_mut().skip(label).take(1).for_each(|t| *t = 1.0);
        }
        if let Some((pipeline, _)) = &self.training {
            let mut batch = Images {
                pixels: &mut images,
                targets: &mut targets,
                indices: &indices,
            };
            pipeline.apply(epoch, number, &mut batch);
        }
        Ok(Batch {
            number,
            shape: [indices.len(), channels, height, width],
            images,
            targets,
            labels,
            indices,
        })
    }
}

/// The batches of one epoch, in order. Ends after the last batch or the first error.
pub struct Epoch {
    receiver: Option<Receiver<Result<Batch, DataError>>>,
    worker: Option<JoinHandle<()>>,
    next: usize,
    end: usize,
    waited: Duration,
}

impl Epoch {
    /// How long the consumer has waited for batches so far.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Number of the next batch.
    pub fn position(&self) -> usize {
        self.next
    }
}

impl Iterator for Epoch {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let start = Instant::now();
        let batch = self.receiver.as_ref()?.recv();
        self.waited += start.elapsed();
        let batch = batch.unwrap_or(Err(DataError::Worker {
            delivered: self.next,
            expected: self.end,
        }));
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

impl Drop for Epoch {
    fn drop(&mut self) {
        // Closing the channel makes a waiting worker stop.
        self.receiver = None;
        if let Some(worker) = self.worker.take() {
            // A panicked worker has been reported by `next` already.
            let _ = worker.join();
        }
    }
}
