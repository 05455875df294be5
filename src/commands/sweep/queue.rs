//! Which trainings of a sweep run, wait, pause, are over or have failed, until all are over, the budget is spent, or somebody asks for a
//! stop.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use termc_runtime::sweep::{Ledger, Run, next_stage};
use termc_runtime::train::{Interval, ended, validation};

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
    /// Folders and arguments of those of this stage that wait, the next one last.
    waiting: Vec<(String, Vec<String>)>,
    /// When so many epochs are done, those of this stage pause.
    pause: Option<usize>,
    running: Vec<Training>,
    /// How many paused, were over or failed for good in this call.
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
        let stop = stop_on_signals()?;
        let mut queue = Self {
            arguments,
            ledger,
            dir,
            terminal,
            waiting: vec![],
            pause: None,
            running: vec![],
            over: 0,
            began: Instant::now(),
            stop,
        };
        queue.begin_stage()?;
        let (all, models) = (queue.ledger.runs().count(), queue.ledger.members.len());
        terminal.note(&format!(
            "{all} trainings of {models} models, {} of them to do, in `{}`",
            queue.waiting.len(),
            dir.display()
        ));
        Ok(queue)
    }

    /// Takes what is to be trained next, if there is something.
    fn begin_stage(&mut self) -> Result<(), Failure> {
        let arguments = self.arguments;
        let stage = next_stage(
            self.ledger,
            self.dir,
            arguments.objective,
            arguments.halving(),
        )?;
        let waiting = stage.to_do.into_iter().rev();
        let waiting =
            waiting.map(|run| (run.folder(), train_arguments(arguments, self.ledger, run)));
        self.waiting = waiting.collect();
        self.pause = stage.pause;
        let left_out: Vec<&str> = stage
            .left_out
            .iter()
            .map(|left| left.member.name.as_str())
            .collect();
        if !left_out.is_empty() && !self.waiting.is_empty() {
            self.terminal
                .note(&format!("left out so far: {}", left_out.join(", ")));
        }
        Ok(())
    }

    /// Trains.
    ///
    /// # Errors
    /// If a training cannot be started, or the ledger not be written.
    pub fn train(mut self) -> Result<End, Failure> {
        loop {
            if self.waiting.is_empty() && self.running.is_empty() {
                self.begin_stage()?;
                if self.waiting.is_empty() {
                    return Ok(End::Done);
                }
            }
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
                let training = Training::start(self.dir, folder, &arguments, self.pause)?;
                self.running.push(training);
                continue;
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
            self.terminal
                .note(&format!("{folder}: {}", self.reached(folder)?));
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

    /// What a training that ended or pauses has reached, in words.
    fn reached(&self, folder: &str) -> Result<String, Failure> {
        let run = self.dir.join(folder);
        if let Some(found) = ended(&run)? {
            return Ok(format!(
                "test accuracy {:.2} %",
                100.0 * found.test_accuracy
            ));
        }
        let epoch = self.pause.unwrap_or_default();
        let accuracy = validation(&run, epoch)?.and_then(|row| row.top1);
        let accuracy =
            accuracy.map(|accuracy| format!(", validation accuracy {:.2} %", 100.0 * accuracy));
        Ok(format!(
            "pauses after epoch {epoch}{}",
            accuracy.unwrap_or_default()
        ))
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
