//! Decodes pictures on threads of their own, one fewer than there are processors, so that those who answer requests never wait
//! for them. Knows no HTTP.

use std::io;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::picture::{NoPicture, Picture};

/// Longest time for a picture to be decoded, and for those before it.
const WAIT: Duration = Duration::from_secs(15);

/// Where pictures are decoded. The threads end with the last clone of it.
#[derive(Clone, Debug)]
pub struct Decoder {
    /// One for each picture that may wait or be decoded.
    places: Arc<Semaphore>,
    jobs: mpsc::UnboundedSender<Job>,
}

#[derive(Debug)]
struct Job {
    png: Bytes,
    reply: oneshot::Sender<Result<Picture, NoPicture>>,
}

/// Why there is no picture.
#[derive(Debug)]
pub enum NotDecoded {
    /// Too many wait, or have waited too long.
    Busy,
    /// It is none.
    NoPicture(NoPicture),
    /// Decoding it failed otherwise.
    Failed,
}

impl Decoder {
    /// For at most `places` pictures, on all processors but one.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(places: usize) -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let (jobs, receiver) = mpsc::unbounded_channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..processors.saturating_sub(1).max(1) {
            let receiver = Arc::clone(&receiver);
            let builder = thread::Builder::new().name("decoder".into());
            builder.spawn(move || work(&receiver))?;
        }
        Ok(Self {
            places: Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS))),
            jobs,
        })
    }

    /// Decodes a PNG. What is wrong with its size is said at once, before it waits.
    ///
    /// # Errors
    /// If it is no picture of a size that is decoded, or others keep the threads busy.
    pub async fn decode(&self, png: Bytes) -> Result<Picture, NotDecoded> {
        Picture::check(&png).map_err(NotDecoded::NoPicture)?;
        let _place = self.places.try_acquire().map_err(|_| NotDecoded::Busy)?;
        let (reply, decoded) = oneshot::channel();
        let job = Job { png, reply };
        self.jobs.send(job).map_err(|_| NotDecoded::Failed)?;
        let decoded = timeout(WAIT, decoded).await;
        let decoded = decoded.map_err(|_| NotDecoded::Busy)?;
        decoded
            .map_err(|_| NotDecoded::Failed)?
            .map_err(NotDecoded::NoPicture)
    }
}

/// Decodes one picture after the other.
fn work(jobs: &Mutex<mpsc::UnboundedReceiver<Job>>) {
    loop {
        let next = jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .blocking_recv();
        let Some(Job { png, reply }) = next else {
            return;
        };
        // Nobody waits any more for what has taken too long.
        if reply.is_closed() {
            continue;
        }
        // A defect of the decoder costs one picture, not the thread; the dropped reply tells.
        if let Ok(decoded) = catch_unwind(|| Picture::decode(&png)) {
            let _ = reply.send(decoded);
        }
    }
}
