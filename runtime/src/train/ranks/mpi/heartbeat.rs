//! Notices ranks that no longer answer: every rank sends a byte to the next one twice a second, from a thread of its own,
//! and aborts the job when the one before it has been silent for too long. A rank that computes or validates for minutes
//! goes on sending; one that was killed or stopped does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ferrompi::{Communicator as World, Request, Scope};

use super::super::Lost;
use crate::Error;

/// Time between two bytes.
const INTERVAL: Duration = Duration::from_millis(500);

/// Silence after which a rank counts as lost.
const LIMIT: Duration = Duration::from_secs(30);

/// Time between two looks at what has come.
const LOOK: Duration = Duration::from_millis(50);

/// The exit status of an aborted job: the machine is at fault.
const STATUS: i32 = 3;

const TAG: i32 = 1;
static ALIVE: [u8; 1] = [1];
static LAST: [u8; 1] = [0];

/// The thread that sends and listens.
pub struct Heartbeat {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Heartbeat {
    /// Begins to send and to listen.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(world: World, lost: Lost) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        let thread = std::thread::Builder::new()
            .name("heartbeat".into())
            .spawn(move || run(&world, &asked, &lost))
            .map_err(|e| Error::Rank(format!("cannot start a thread for the heartbeat: {e}")))?;
        Ok(Self { stop, thread })
    }

    /// Says that this rank needs no more, and listens until the one before has said the same, so that no byte is left
    /// unread. To be called once no rank waits for another.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // A panic in it has ended the process.
        let _ = self.thread.join();
    }
}

/// Sends and listens until this rank and the one before it have said their last, or the job is aborted.
fn run(world: &World, stop: &AtomicBool, lost: &Lost) {
    let abort = |problem: &str| -> ! {
        lost(problem);
        world.abort(STATUS)
    };
    let done = ferrompi::scope(|scope| {
        let mut ring = Ring::new(world);
        loop {
            // The scope would wait for what is still being sent, perhaps for ever: aborting comes first.
            match ring.turn(scope, stop.load(Ordering::Relaxed)) {
                Ok(true) => return Ok(()),
                Ok(false) => std::thread::sleep(LOOK),
                Err(problem) => abort(&problem),
            }
        }
    });
    if let Err(error) = done {
        abort(&format!("MPI has failed: {error}"));
    }
}

/// This rank between the one before it and the next one.
struct Ring<'s, 'w> {
    world: &'w World,
    next: i32,
    previous: i32,
    sending: Option<Request<'s>>,
    sent: Instant,
    /// Since the last byte of the rank before, counting only time in which this rank itself ran: one that was stopped
    /// together with the others blames nobody.
    silence: Duration,
    looked: Instant,
    said_last: bool,
    heard_last: bool,
}

impl<'s, 'w> Ring<'s, 'w> {
    fn new(world: &'w World) -> Self {
        let (rank, size) = (world.rank(), world.size());
        Self {
            world,
            next: (rank + 1) % size,
            previous: (rank + size - 1) % size,
            sending: None,
            sent: Instant::now(),
            silence: Duration::ZERO,
            looked: Instant::now(),
            said_last: false,
            heard_last: false,
        }
    }

    /// Listens and, where it is time, sends; true once both are done. The error says which rank is lost.
    fn turn(&mut self, scope: &'s Scope<'s, '_>, stopping: bool) -> Result<bool, String> {
        self.listen()?;
        self.send(scope, stopping)
            .map_err(|e| format!("rank {} was lost: {e}", self.next))?;
        Ok(self.said_last && self.heard_last)
    }

    fn listen(&mut self) -> Result<(), String> {
        let heard = self.receive();
        self.silence += self.looked.elapsed().min(INTERVAL);
        self.looked = Instant::now();
        match heard {
            Ok(true) => self.silence = Duration::ZERO,
            Ok(false) => {}
            Err(error) => return Err(format!("rank {} was lost: {error}", self.previous)),
        }
        if self.silence < LIMIT || self.heard_last {
            return Ok(());
        }
        Err(format!(
            "rank {} has not answered for {} s: it was stopped, or its machine was lost",
            self.previous,
            LIMIT.as_secs()
        ))
    }

    /// Takes all bytes that have come; whether there were any.
    fn receive(&mut self) -> ferrompi::Result<bool> {
        let mut heard = false;
        while !self.heard_last && self.world.iprobe::<u8>(self.previous, TAG)?.is_some() {
            let mut byte = [0];
            self.world.recv(&mut byte, self.previous, TAG)?;
            self.heard_last = byte == LAST;
            heard = true;
        }
        Ok(heard)
    }

    fn send(&mut self, scope: &'s Scope<'s, '_>, stopping: bool) -> ferrompi::Result<()> {
        let is_due = stopping || self.sent.elapsed() >= INTERVAL;
        if self.said_last || !is_due {
            return Ok(());
        }
        if let Some(request) = &mut self.sending
            && request.test()?.is_none()
        {
            return Ok(());
        }
        let byte = if stopping { &LAST } else { &ALIVE };
        self.sending = Some(self.world.isend(scope, byte, self.next, TAG)?);
        self.sent = Instant::now();
        self.said_last = stopping;
        Ok(())
    }
}
