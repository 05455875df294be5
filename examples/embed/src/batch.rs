//! Gathers pictures that are asked about at the same time, so that they share a forward pass. Knows no HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use crate::classifier::Answer;
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
    /// Starts the work: `classify` gives an answer for each picture, an empty one where it has none.
    pub fn start(
        classify: impl Fn(&[Picture]) -> Vec<Answer> + Send + Sync + 'static,
        limits: Limits,
    ) -> (Self, JoinHandle<()>) {
        let (batcher, jobs) = Self::new(limits.queue);
        let counts = Arc::clone(&batcher.counts);
        let classify: Arc<Classify> = Arc::new(classify);
        (batcher, tokio::spawn(work(classify, jobs, limits, counts)))
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

/// A forward pass.
type Classify = dyn Fn(&[Picture]) -> Vec<Answer> + Send + Sync;

async fn work(
    classify: Arc<Classify>,
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
        let answers = match pass(&classify, pictures.clone(), &counts).await {
            Some(answers) => answers,
            // One of them is to blame: each by itself, so that the others get their answers.
            None if pictures.len() > 1 => {
                let mut answers = Vec::new();
                for picture in pictures {
                    let alone = pass(&classify, vec![picture], &counts).await;
                    answers.extend(alone.unwrap_or_else(|| vec![vec![]]));
                }
                answers
            }
            None => continue,
        };
        for (reply, answer) in replies.into_iter().zip(answers) {
            // Who has gone away wants no answer; a reply that is dropped tells who waits that there is none.
            if !answer.is_empty() {
                let _ = reply.send(answer);
            }
        }
    }
}

/// One forward pass; None if it failed.
async fn pass(
    classify: &Arc<Classify>,
    pictures: Vec<Picture>,
    counts: &Counts,
) -> Option<Vec<Answer>> {
    let classify = Arc::clone(classify);
    let answers = spawn_blocking(move || classify(&pictures)).await.ok()?;
    counts.batches.fetch_add(1, Ordering::Relaxed);
    counts
        .pictures
        .fetch_add(answers.len() as u64, Ordering::Relaxed);
    Some(answers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::Classifier;

    /// Asks about a sample picture, together with whoever else asks.
    fn ask(batcher: &Batcher, name: &'static str) -> JoinHandle<Result<Answer, Refusal>> {
        let batcher = batcher.clone();
        tokio::spawn(async move { batcher.classify(Picture::sample(name)).await })
    }

    #[tokio::test]
    async fn what_the_queue_has_no_place_for_is_refused_at_once() {
        let (batcher, mut jobs) = Batcher::new(1);
        let first = ask(&batcher, "7");
        while jobs.is_empty() {
            tokio::task::yield_now().await;
        }
        let second = ask(&batcher, "7");
        assert_eq!(second.await.unwrap().unwrap_err(), Refusal::Busy);
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
        let classifier = Classifier::new().unwrap();
        let (batcher, worker) = Batcher::start(move |p| classifier.classify(p), limits);
        let asked: Vec<_> = (0..8).map(|_| ask(&batcher, "7")).collect();
        for answer in asked {
            assert_eq!(answer.await.unwrap().unwrap()[0].class, "7");
        }
        assert_eq!(batcher.counts().batches.load(Ordering::Relaxed), 2);
        assert_eq!(batcher.counts().pictures.load(Ordering::Relaxed), 8);
        drop(batcher);
        worker.await.unwrap();
    }

    /// A pass that fails of one of its pictures, as a defect of the network would make it.
    #[tokio::test]
    async fn a_picture_that_no_pass_survives_harms_no_other() {
        let limits = Limits {
            queue: 64,
            batch: 8,
            wait: Duration::from_millis(200),
        };
        let classifier = Classifier::new().unwrap();
        let bad = Picture::sample("3").pixels();
        let classify = move |pictures: &[Picture]| {
            assert!(pictures.iter().all(|picture| picture.pixels() != bad));
            classifier.classify(pictures)
        };
        let (batcher, _worker) = Batcher::start(classify, limits);
        let asked = ["7", "3", "8", "7", "3"].map(|name| (name, ask(&batcher, name)));
        for (name, answer) in asked {
            match (name, answer.await.unwrap()) {
                ("3", answer) => assert_eq!(answer.unwrap_err(), Refusal::Failed),
                (name, answer) => assert_eq!(answer.unwrap()[0].class, name),
            }
        }
    }
}
