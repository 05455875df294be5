//! What becomes of a panic in a program that computes: whoever catches it reports it as an error; any other one ends the
//! process. Decides no wording beyond the panic's own.
//!
//! CubeCL catches panics on its device threads, logs them and goes on as if the work had been done, with memory that was
//! never written in place of results (tracel-ai/burn #5352). A training would go on with such numbers, so [`install`]
//! ends the process there. What termc catches itself must not end it: the threads of Rayon and the threads of the kernels'
//! pool hand a panic to the thread that waits for them, the loader's thread turns it into an error of the epoch, and
//! [`catch`] into a [`Panic`].

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::io::Write;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

/// Status of a process that a panic has ended.
pub const STATUS: u8 = 3;

/// The beginnings of the names of threads whose panics are handed on.
const HANDED_ON: [&str; 2] = [termc_data::LOADER_THREAD, termc_kernels::POOL_THREAD];

thread_local! {
    /// How many [`catch`]es this thread is in.
    static CATCHES: Cell<usize> = const { Cell::new(0) };
    /// Whether a panic is already on its way to one of them: a second one, in a destructor, would abort.
    static UNWINDING: Cell<bool> = const { Cell::new(false) };
}

/// The last panic that was left to whoever catches it.
static LAST: Mutex<Option<Panic>> = Mutex::new(None);

/// Whether the process ends by itself.
static ENDING: AtomicBool = AtomicBool::new(false);

/// How an uncaught panic is told.
static REPORT: OnceLock<fn(&Panic) -> String> = OnceLock::new();

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// What it said.
    pub message: String,
    /// Where it happened, `file:line:column`; None where no [`install`]ed hook has seen it.
    pub place: Option<String>,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "internal error: {}", self.message)?;
        match &self.place {
            Some(place) => write!(f, "\n  at {place}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Panic {}

/// From now on a panic that nobody catches ends the process with [`STATUS`], on whatever thread it happens, after
/// `report` has been written to standard error: the panic in words, and what the user can do.
pub fn install(report: fn(&Panic) -> String) {
    let _ = REPORT.set(report);
    set_hook(Box::new(|info| {
        let panic = Panic::of(info);
        if ENDING.load(Ordering::SeqCst) {
            loop {
                thread::park();
            }
        }
        if is_handed_on() {
            *last() = Some(panic);
            return;
        }
        tell(&panic);
        std::process::exit(STATUS.into());
    }));
}

/// From now on the process ends, and a panic on another thread is no news: a GPU's driver is unloaded while its thread may
/// still be at work. Such a thread stays where it is, so that the status is the one that the program ends with.
pub fn ending() {
    ENDING.store(true, Ordering::SeqCst);
}

/// Tells of the panic that is on its way to whoever catches it: for a destructor that has to end the process before it gets
/// there.
pub fn tell_unwinding() {
    if !thread::panicking() {
        return;
    }
    // Not held while the text is made.
    let panic = last().take();
    if let Some(panic) = panic {
        tell(&panic);
    }
}

fn tell(panic: &Panic) {
    if let Some(report) = REPORT.get() {
        // Nothing can be done where even this fails.
        let _ = writeln!(std::io::stderr(), "{}", report(panic));
    }
}

fn last() -> MutexGuard<'static, Option<Panic>> {
    LAST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does some work and catches its panics, those included that other threads hand on to it.
///
/// # Errors
/// The panic.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    CATCHES.set(CATCHES.get() + 1);
    let done = catch_unwind(AssertUnwindSafe(work));
    CATCHES.set(CATCHES.get() - 1);
    UNWINDING.set(false);
    done.map_err(|payload| {
        let message = message(payload.as_ref());
        let seen = last().take();
        let place = seen.filter(|seen| seen.message == message);
        Panic {
            place: place.and_then(|seen| seen.place),
            message,
        }
    })
}

/// Whether somebody waits for the panics of this thread.
fn is_handed_on() -> bool {
    if CATCHES.get() > 0 && !UNWINDING.replace(true) {
        return true;
    }
    let thread = thread::current();
    let named = |start: &&str| thread.name().is_some_and(|name| name.starts_with(*start));
    rayon::current_thread_index().is_some() || HANDED_ON.iter().any(named)
}

impl Panic {
    fn of(info: &PanicHookInfo<'_>) -> Self {
        Self {
            message: message(info.payload()),
            place: info.location().map(ToString::to_string),
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
