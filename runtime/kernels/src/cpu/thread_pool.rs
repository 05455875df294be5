//! Threads that stay awake between the loops of a pass. A pass of a small network is hundreds of loops of microseconds
//! each: waking a sleeping thread for one of them takes longer than the loop.
//!
//! A loop is offered to every worker and begun by its caller at once. Each starts with a span of its own, the same in
//! every loop, so that what one loop leaves in a core's cache the next one finds there; whoever is done takes tasks from
//! the others' spans. A worker that has not begun when nothing is left is not waited for. Workers spin for the next
//! loop for a while, then sleep.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How long a worker looks out for the next loop before it sleeps.
const SPIN: Duration = Duration::from_micros(300);
/// Looks between two readings of the clock.
const SPINS_PER_READING: usize = 64;

/// What the names of the workers begin with; their panics are handed on to the thread that runs the loop.
pub const THREAD_NAME: &str = "kernels-";

/// Nothing is asked of the worker.
const IDLE: u8 = 0;
/// A loop is offered and may be retractn.
const OFFERED: u8 = 1;
/// The worker works on it; its caller waits.
const BUSY: u8 = 2;

/// A loop, alive until its caller has been told by all workers that work on it.
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

/// What caller and worker share.
struct Worker {
    number: usize,
    state: AtomicU8,
    asleep: AtomicBool,
    /// The loop offered; valid while `state` is not [`IDLE`].
    offer: AtomicPtr<Loop<'static>>,
}

impl Worker {
    /// A worker's life.
    fn run_forever(&self) {
        loop {
            self.wait_for_loop();
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
    fn wait_for_loop(&self) {
        let began = Instant::now();
        while began.elapsed() < SPIN {
            for _ in 0..SPINS_PER_READING {
                if self.state.load(Ordering::Relaxed) != IDLE {
                    return;
                }
                std::hint::spin_loop();
            }
            thread::yield_now();
        }
        self.asleep.store(true, Ordering::SeqCst);
        // Whoever offers after this look sees that the worker sleeps.
        if self.state.load(Ordering::SeqCst) == IDLE {
            thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }

    /// Takes the offer back, or waits for the worker that took it.
    fn retract(&self) {
        let retractn =
            self.state
                .compare_exchange(OFFERED, IDLE, Ordering::SeqCst, Ordering::SeqCst);
        if retractn.is_ok() {
            return;
        }
        while self.state.load(Ordering::Acquire) != IDLE {
            for _ in 0..SPINS_PER_READING {
                if self.state.load(Ordering::Acquire) == IDLE {
                    return;
                }
                std::hint::spin_loop();
            }
            thread::yield_now();
        }
    }
}

/// Workers of whichever thread runs a loop.
pub struct ThreadPool {
    workers: Vec<(Arc<Worker>, Thread)>,
    /// Held while a loop is shared.
    in_use: Mutex<()>,
}

impl ThreadPool {
    /// A pool of `threads`, of which the caller is one.
    fn new(threads: usize) -> Self {
        let mut workers = Vec::new();
        for number in 1..threads {
            let worker = Arc::new(Worker {
                number,
                state: AtomicU8::new(IDLE),
                asleep: AtomicBool::new(false),
                offer: AtomicPtr::new(ptr::null_mut()),
            });
            let own = worker.clone();
            let builder = thread::Builder::new().name(format!("{THREAD_NAME}{number}"));
            let Ok(handle) = builder.spawn(move || own.run_forever()) else {
                // The system has no more: those that are there do its part.
                break;
            };
            workers.push((worker, handle.thread().clone()));
        }
        Self {
            workers,
            in_use: Mutex::new(()),
        }
    }

    /// The pool of this process: as many threads as Rayon has.
    pub fn get() -> &'static Self {
        static POOL: OnceLock<ThreadPool> = OnceLock::new();
        POOL.get_or_init(|| Self::new(rayon::current_num_threads()))
    }

    /// Runs `task(0)`, ..., `task(count - 1)`, in any order, and returns when all are done. While one thread shares a loop,
    /// others, and loops inside it, go without workers.
    pub fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        let in_use = match self.in_use.try_lock() {
            Ok(in_use) => Some(in_use),
            // A task has panicked: nothing is left of its loop.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        let workers = match in_use {
            Some(_) => &self.workers[..self.workers.len().min(count.saturating_sub(1))],
            None => &[],
        };
        if workers.is_empty() {
            drop(in_use);
            return (0..count).for_each(task);
        }
        let threads = workers.len() + 1;
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
        let offers = Offers(workers);
        for (worker, thread) in workers {
            worker.offer.store(offer, Ordering::Relaxed);
            worker.state.store(OFFERED, Ordering::SeqCst);
            if worker.asleep.load(Ordering::SeqCst) {
                thread.unpark();
            }
        }
        shared.work(0);
        drop(offers);
        drop(in_use);
        let panic = shared.panic.into_inner();
        if let Some(panic) = panic.unwrap_or_else(PoisonError::into_inner) {
            resume_unwind(panic);
        }
    }
}

/// Offers of one loop.
struct Offers<'a>(&'a [(Arc<Worker>, Thread)]);

impl Drop for Offers<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|(worker, _)| worker.retract());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(pool: &ThreadPool, count: usize) -> Vec<usize> {
        let runs: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
        pool.run(count, &|i| {
            runs[i].fetch_add(1, Ordering::Relaxed);
        });
        runs.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_task_is_done_once() {
        let pool = ThreadPool::new(3);
        for count in [0, 1, 2, 3, 7, 64, 200] {
            assert_eq!(sums(&pool, count), vec![1; count]);
        }
        // Sleeping workers are woken, or not needed.
        thread::sleep(SPIN * 4);
        assert_eq!(sums(&pool, 50), [1; 50]);
    }

    #[test]
    fn loops_inside_loops_and_of_other_threads_are_done() {
        let pool = ThreadPool::new(3);
        let done = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    pool.run(5, &|_| {
                        pool.run(4, &|_| {
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
        let pool = ThreadPool::new(2);
        for bad in 0..20 {
            let run = AssertUnwindSafe(|| pool.run(20, &|i| assert!(i != bad, "task {i}")));
            let panic = catch_unwind(run).unwrap_err();
            assert_eq!(panic.downcast_ref::<String>(), Some(&format!("task {bad}")));
            assert_eq!(sums(&pool, 9), [1; 9]);
        }
    }
}
