//! Which trainings of a sweep run, wait, are over or have failed, until all are over, the budget is spent, or somebody asks for a stop.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use termc_runtime::sweep::{Ledger, Run, to_do};
use termc_runtime::train::{Interval, ended};

use super::Arguments;
use super::trainings::Training;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Between two looks at the trainings that run.
const PAUSE: Duration = Duration::from_millis(50);

/// How a sweep ended.
pub enum End {
    /// All trainings are over or have failed for good.
    Done,
    /// By its budget.
    Spent,
    /// By a signal.
    Interrupted,
}

/// The trainings of a sweep.
pub struct Queue<'a> {
    arguments: &'a Arguments,
    ledger: &'a mut Ledger,
    dir: &'a Path,
    terminal: &'a Terminal,
    /// Folders and arguments of those that wait, the next one last.
    waiting: Vec<(String, Vec<String>)>,
    running: Vec<Training>,
    /// How many were over or failed for good in this call.
    over: usize,
    began: Instant,
    stop: Arc<AtomicBool>,
}

/// The arguments of a new training's `termc train`, without its folder.
pub fn train_arguments(arguments: &Arguments, ledger: &Ledger, run: Run<'_>) -> Vec<String> {
    let model = arguments.model.display().to_string();
    let seed = run.seed.to_string();
    let named = [
        model,
        "--model".into(),
        run.member.name.clone(),
        "--seed".into(),
        seed,
    ];
    named
        .into_iter()
        .chain(ledger.options.iter().cloned())
        .collect()
}

impl<'a> Queue<'a> {
    /// Of all that is to do.
    ///
    /// # Errors
    /// If a record cannot be read, or signals cannot be listened for.
    pub fn new(
        arguments: &'a Arguments,
        ledger: &'a mut Ledger,
        dir: &'a Path,
        terminal: &'a Terminal,
    ) -> Result<Self, Failure> {
        let waiting = to_do(ledger, dir)?.into_iter().rev();
        let waiting = waiting.map(|run| (run.folder(), train_arguments(arguments, ledger, run)));
        let waiting: Vec<_> = waiting.collect();
        terminal.note(&format!(
            "{} trainings of {} models, {} of them to do, in `{}`",
            ledger.runs().count(),
            ledger.members.len(),
            waiting.len(),
            dir.display()
        ));
        Ok(Self {
            arguments,
            ledger,
            dir,
            terminal,
            waiting,
            running: vec![],
            over: 0,
            began: Instant::now(),
            stop: stop_on_signals()?,
        })
    }

    /// Trains.
    ///
    /// # Errors
    /// If a training cannot be started, or the ledger not be written.
    pub fn train(mut self) -> Result<End, Failure> {
        loop {
            let interrupted = self.stop.load(Ordering::SeqCst);
            if interrupted || self.is_spent() {
                if !self.running.is_empty() {
                    self.terminal.note("stopping what trains, after its step");
                }
                self.running.iter_mut().for_each(Training::stop);
                self.running.iter_mut().for_each(Training::wait);
                return Ok(match interrupted {
                    true => End::Interrupted,
                    false => End::Spent,
                });
            }
            if self.has_room()
                && let Some((folder, arguments)) = self.waiting.pop()
            {
                self.running
                    .push(Training::start(self.dir, folder, &arguments)?);
                continue;
            }
            if self.running.is_empty() {
                return Ok(End::Done);
            }
            std::thread::sleep(PAUSE);
            for mut training in std::mem::take(&mut self.running) {
                match training.ended() {
                    None => self.running.push(training),
                    Some(status) => self.note(training, status)?,
                }
            }
        }
    }

    fn is_spent(&self) -> bool {
        let budget = self.arguments.budget;
        budget.is_some_and(|budget| budget.is_over(self.over, self.began.elapsed()))
    }

    /// Whether one more may be begun.
    fn has_room(&self) -> bool {
        let most = match self.arguments.budget {
            Some(Interval::Steps(most)) => most.saturating_sub(self.over),
            _ => usize::MAX,
        };
        self.running.len() < most.min(self.arguments.jobs as usize)
    }

    /// What came of a training that ended.
    fn note(&mut self, training: Training, status: ExitStatus) -> Result<(), Failure> {
        let folder = &training.folder;
        if status.success() {
            self.over += 1;
            self.ledger.succeeded(folder);
            self.ledger.save(self.dir)?;
            if let Some(found) = ended(&self.dir.join(folder))? {
                let accuracy = 100.0 * found.test_accuracy;
                self.terminal
                    .note(&format!("{folder}: test accuracy {accuracy:.2} %"));
            }
            return Ok(());
        }
        // Stopped from outside: neither over nor failed.
        if status.code() == Some(130) {
            self.stop.store(true, Ordering::SeqCst);
            let arguments = self.arguments_of(folder);
            self.waiting.push((training.folder, arguments));
            return Ok(());
        }
        let message = training.message();
        let again = self.ledger.failed(folder, message.clone());
        self.ledger.save(self.dir)?;
        let then = if again {
            ", and is tried once more"
        } else {
            " again"
        };
        self.terminal
            .warn(&format!("{folder} failed{then}: {message}"));
        if again {
            let arguments = self.arguments_of(folder);
            self.waiting.push((training.folder, arguments));
        } else {
            self.over += 1;
        }
        Ok(())
    }

    fn arguments_of(&self, folder: &str) -> Vec<String> {
        let run = self.ledger.runs().find(|run| run.folder() == folder);
        run.map_or_else(Vec::new, |run| {
            train_arguments(self.arguments, self.ledger, run)
        })
    }
}

fn stop_on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::SeqCst))
        .map_err(|error| Failure::machine(format!("cannot listen for signals: {error}")))?;
    Ok(stop)
}
