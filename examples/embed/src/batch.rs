//! Gathers pictures that are asked about at the same time, so that they share a forward pass. Knows no HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use crate::classifier::{Answer, Classifier};
use crate::picture::Picture;

/// How much is gathered, and how much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Pictures that may wait for a forward pass; more are refused.
    pub queue: usize,
    /// Most pictures of one forward pass.
    pub batch: usize,
    /// Longest time the first picture waits for others.
    pub wait: Duration,
}

/// How much was done.
#[derive(Debug, Default)]
pub struct Counts {
    /// Pictures answered.
    pub pictures: AtomicU64,
    /// Forward passes.
    pub batches: AtomicU64,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The queue is full.
    Busy,
    /// The forward pass failed.
    Failed,
}

struct Job {
    picture: Picture,
    reply: oneshot::Sender<Answer>,
}

/// Where pictures are handed in; the work ends once every clone of it is gone and all pictures are answered.
#[derive(Clone, Debug)]
pub struct Batcher {
    jobs: mpsc::Sender<Job>,
    counts: Arc<Counts>,
}

impl Batcher {
    /// Starts the work.
    pub fn start(classifier: Classifier, limits: Limits) -> (Self, JoinHandle<()>) {
        let (batcher, jobs) = Self::new(limits.queue);
        let counts = Arc::clone(&batcher.counts);
        (
            batcher,
            tokio::spawn(work(Arc::new(classifier), jobs, limits, counts)),
        )
    }

    fn new(queue: usize) -> (Self, mpsc::Receiver<Job>) {
        let (jobs, receiver) = mpsc::channel(queue.max(1));
        let counts = Arc::default();
        (Self { jobs, counts }, receiver)
    }

    /// The answer for a picture, once the forward pass it shares is done.
    ///
    /// # Errors
    /// At once if too many wait already, and if the forward pass fails.
    pub async fn classify(&self, picture: Picture) -> Result<Answer, Refusal> {
        let (reply, answer) = oneshot::channel();
        let job = Job { picture, reply };
        self.jobs.try_send(job).map_err(|_| Refusal::Busy)?;
        answer.await.map_err(|_| Refusal::Failed)
    }

    /// How much was done so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

async fn work(
    classifier: Arc<Classifier>,
    mut jobs: mpsc::Receiver<Job>,
    limits: Limits,
    counts: Arc<Counts>,
) {
    while let Some(first) = jobs.recv().await {
        let until = Instant::now() + limits.wait;
        let mut batch = vec![first];
        while batch.len() < limits.batch {
            match timeout_at(until, jobs.recv()).await {
                Ok(Some(job)) => batch.push(job),
                Ok(None) | Err(_) => break,
            }
        }
        let (pictures, replies): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|job| (job.picture, job.reply))
            .unzip();
        let classifier = Arc::clone(&classifier);
        // Dropped replies tell those who wait that the pass failed.
        let Ok(answers) = spawn_blocking(move || classifier.classify(&pictures)).await else {
            continue;
        };
        counts.batches.fetch_add(1, Ordering::Relaxed);
        counts
            .pictures
            .fetch_add(answers.len() as u64, Ordering::Relaxed);
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Who has gone away wants no answer.
            let _ = reply.send(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_queue_has_no_place_for_is_refused_at_once() {
        let (batcher, mut jobs) = Batcher::new(1);
        let ask = || {
            let batcher = batcher.clone();
            tokio::spawn(async move { batcher.classify(Picture::sample("7")).await })
        };
        let first = ask();
        while jobs.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask().await.unwrap().unwrap_err(), Refusal::Busy);
        drop(jobs.recv().await);
        assert_eq!(first.await.unwrap().unwrap_err(), Refusal::Failed);
    }

    #[tokio::test]
    async fn pictures_asked_about_together_share_a_pass() {
        let limits = Limits {
            queue: 64,
            batch: 4,
            wait: Duration::from_secs(5),
        };
        let (batcher, worker) = Batcher::start(Classifier::new().unwrap(), limits);
        let ask = |_| {
            let batcher = batcher.clone();
            tokio::spawn(async move { batcher.classify(Picture::sample("7")).await })
        };
        let asked: Vec<_> = (0..8).map(ask).collect();
        for answer in asked {
            assert_eq!(answer.await.unwrap().unwrap()[0].class, "7");
        }
        assert_eq!(batcher.counts().batches.load(Ordering::Relaxed), 2);
        assert_eq!(batcher.counts().pictures.load(Ordering::Relaxed), 8);
        drop(batcher);
        worker.await.unwrap();
    }
}
