//! Says that a device compiles kernels, and how many it has: the first use of a model on a GPU spends its time on that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use termc_runtime::device::{Selected, compilations, count_compilations};

use crate::terminal::Terminal;

const PERIOD: Duration = Duration::from_millis(250);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Compiling {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Compiling {
    /// Watches what this device compiles from now on. The CPU compiles nothing, and nothing is said.
    pub fn watch(selected: &Selected, terminal: &Terminal) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = (!selected.is_cpu()).then(|| {
            count_compilations();
            let (stop, terminal) = (Arc::clone(&stop), terminal.clone());
            let device = selected.to_string();
            thread::spawn(move || tell(&device, &stop, &terminal))
        });
        Self { stop, thread }
    }
}

impl Drop for Compiling {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It only tells: that it failed is no reason to stop.
            let _ = thread.join();
        }
    }
}

fn tell(device: &str, stop: &AtomicBool, terminal: &Terminal) {
    let (before, began) = (compilations(), Instant::now());
    let mut told = 0;
    while !stop.load(Ordering::Relaxed) {
        let count = compilations() - before;
        if count > 0 && told == 0 {
            terminal.note(&format!(
                "{device} compiles its kernels, which are kept for the next time"
            ));
        }
        if count > told {
            told = count;
            if terminal.is_live() {
                terminal.message(&format!("\r\x1b[2K{count} kernels compiled"));
            }
        }
        thread::park_timeout(PERIOD);
    }
    if told > 0 {
        let seconds = began.elapsed().as_secs_f64();
        let back = if terminal.is_live() { "\r\x1b[2K" } else { "" };
        terminal.message(&format!(
            "{back}{} kernels compiled ({seconds:.1} s)\n",
            compilations() - before
        ));
    }
}
