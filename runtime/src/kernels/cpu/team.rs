//! Threads that stay awake between the loops of a pass. A pass of a small network is hundreds of loops of microseconds
//! each: waking a sleeping thread for one of them takes longer than the loop.
//!
//! A loop is offered to every helper and begun by its caller at once. Each starts with a span of its own, the same in
//! every loop, so that what one loop leaves in a core's cache the next one finds there; whoever is done takes tasks from
//! the others' spans. A helper that has not begun when nothing is left is not waited for. Helpers look out for the next
//! loop for a while, then sleep.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How long a helper looks out for the next loop before it sleeps.
const LOOKOUT: Duration = Duration::from_micros(300);
/// Looks between two readings of the clock.
const LOOKS: usize = 64;

/// Nothing is asked of the helper.
const IDLE: u8 = 0;
/// A loop is offered and may be withdrawn.
const OFFERED: u8 = 1;
/// The helper works on it; its caller waits.
const BUSY: u8 = 2;

/// A loop, alive until its caller has been told by all helpers that work on it.
struct Loop<'a> {
    task: &'a (dyn Fn(usize) + Sync),
    /// One per thread.
    spans: &'a [Span],
    /// Tasks taken at a time.
    stride: usize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Tasks that one thread begins with.
struct Span {
    next: AtomicUsize,
    end: usize,
}

impl Loop<'_> {
    /// Works on the span of thread `own`, then on the others'.
    fn work(&self, own: usize) {
        let (before, after) = self.spans.split_at(own);
        for span in after.iter().chain(before) {
            loop {
                let first = span.next.fetch_add(self.stride, Ordering::Relaxed);
                if first >= span.end {
                    break;
                }
                (first..span.end.min(first + self.stride)).for_each(self.task);
            }
        }
    }

    /// As [`work`](Self::work) on another thread, which must not die of a panic that belongs to the caller.
    fn help(&self, own: usize) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work(own))) {
            *self.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
    }
}

/// What caller and helper share.
struct Seat {
    number: usize,
    state: AtomicU8,
    asleep: AtomicBool,
    /// The loop offered; valid while `state` is not [`IDLE`].
    offer: AtomicPtr<Loop<'static>>,
}

impl Seat {
    /// A helper's life.
    fn serve(&self) {
        loop {
            self.look_out();
            let taken =
                self.state
                    .compare_exchange(OFFERED, BUSY, Ordering::SeqCst, Ordering::SeqCst);
            if taken.is_ok() {
                // SAFETY: the caller keeps the loop until the state is idle again, which it cannot make it itself now.
                unsafe { &*self.offer.load(Ordering::Relaxed) }.help(self.number);
                self.state.store(IDLE, Ordering::SeqCst);
            }
        }
    }

    /// Returns soon after a loop is offered, and perhaps sooner.
    fn look_out(&self) {
        let began = Instant::now();
        while began.elapsed() < LOOKOUT {
            for _ in 0..LOOKS {
                if self.state.load(Ordering::Relaxed) != IDLE {
                    return;
                }
                std::hint::spin_loop();
            }
            thread::yield_now();
        }
        self.asleep.store(true, Ordering::SeqCst);
        // Whoever offers after this look sees that the helper sleeps.
        if self.state.load(Ordering::SeqCst) == IDLE {
            thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// Takes the offer back, or waits for the helper that took it.
    fn withdraw(&self) {
        let withdrawn =
            self.state
                .compare_exchange(OFFERED, IDLE, Ordering::SeqCst, Ordering::SeqCst);
        if withdrawn.is_ok() {
            return;
        }
        while self.state.load(Ordering::Acquire) != IDLE {
            for _ in 0..LOOKS {
                if self.state.load(Ordering::Acquire) == IDLE {
                    return;
                }
                std::hint::spin_loop();
            }
            thread::yield_now();
        }
    }
}

/// Helpers of whichever thread runs a loop.
pub struct Team {
    helpers: Vec<(Arc<Seat>, Thread)>,
    /// Held while a loop is shared.
    turn: Mutex<()>,
}

impl Team {
    /// A team of `threads`, of which the caller is one.
    fn new(threads: usize) -> Self {
        let mut helpers = Vec::new();
        for number in 1..threads {
            let seat = Arc::new(Seat {
                number,
                state: AtomicU8::new(IDLE),
                asleep: AtomicBool::new(false),
                offer: AtomicPtr::new(ptr::null_mut()),
            });
            let own = seat.clone();
            let builder = thread::Builder::new().name(format!("kernels-{number}"));
            let Ok(handle) = builder.spawn(move || own.serve()) else {
                // The system has no more: those that are there do its part.
                break;
            };
            helpers.push((seat, handle.thread().clone()));
        }
        Self {
            helpers,
            turn: Mutex::new(()),
        }
    }

    /// The team of this process: as many threads as Rayon has.
    pub fn get() -> &'static Self {
        static TEAM: OnceLock<Team> = OnceLock::new();
        TEAM.get_or_init(|| Self::new(rayon::current_num_threads()))
    }

    /// Runs `task(0)`, ..., `task(count - 1)`, in any order, and returns when all are done. While one thread shares a loop,
    /// others, and loops inside it, go without helpers.
    pub fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        let turn = match self.turn.try_lock() {
            Ok(turn) => Some(turn),
            // A task has panicked: nothing is left of its loop.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let helpers = match turn {
            Some(_) => &self.helpers[..self.helpers.len().min(count.saturating_sub(1))],
            None => &[],
        };
        if helpers.is_empty() {
            drop(turn);
            return (0..count).for_each(task);
        }
        let threads = helpers.len() + 1;
        let spans = (0..threads).map(|thread| Span {
            next: AtomicUsize::new(thread * count / threads),
            end: (thread + 1) * count / threads,
        });
        let shared = Loop {
            task,
            spans: &spans.collect::<Vec<_>>(),
            stride: (count / (16 * threads)).max(1),
            panic: Mutex::new(None),
        };
        let offer = ptr::from_ref(&shared).cast_mut().cast::<Loop<'static>>();
        // Withdrawn before `shared` goes, also if a task panics here.
        let offers = Offers(helpers);
        for (seat, thread) in helpers {
            seat.offer.store(offer, Ordering::Relaxed);
            seat.state.store(OFFERED, Ordering::SeqCst);
            if seat.asleep.load(Ordering::SeqCst) {
                thread.unpark();
            }
        }
        shared.work(0);
        drop(offers);
        drop(turn);
        let panic = shared.panic.into_inner();
        if let Some(panic) = panic.unwrap_or_else(PoisonError::into_inner) {
            resume_unwind(panic);
        }
    }
}

/// Offers of one loop.
struct Offers<'a>(&'a [(Arc<Seat>, Thread)]);

impl Drop for Offers<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|(seat, _)| seat.withdraw());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(team: &Team, count: usize) -> Vec<usize> {
        let runs: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
        team.run(count, &|i| {
            runs[i].fetch_add(1, Ordering::Relaxed);
        });
        runs.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_task_is_done_once() {
        let team = Team::new(3);
        for count in [0, 1, 2, 3, 7, 64, 200] {
            assert_eq!(sums(&team, count), vec![1; count]);
        }
        // Sleeping helpers are woken, or not needed.
        thread::sleep(LOOKOUT * 4);
        assert_eq!(sums(&team, 50), [1; 50]);
    }

    #[test]
    fn loops_inside_loops_and_of_other_threads_are_done() {
        let team = Team::new(3);
        let done = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    team.run(5, &|_| {
                        team.run(4, &|_| {
                            done.fetch_add(1, Ordering::Relaxed);
                        });
                    });
                });
            }
        });
        assert_eq!(done.into_inner(), 60);
    }

    #[test]
    fn a_panic_reaches_the_caller_wherever_it_happens() {
        let team = Team::new(2);
        for bad in 0..20 {
            let run = AssertUnwindSafe(|| team.run(20, &|i| assert!(i != bad, "task {i}")));
            let panic = catch_unwind(run).unwrap_err();
            assert_eq!(panic.downcast_ref::<String>(), Some(&format!("task {bad}")));
            assert_eq!(sums(&team, 9), [1; 9]);
        }
    }
}
