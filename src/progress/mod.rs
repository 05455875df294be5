//! What a training shows on standard error: one line per epoch and, while an epoch lasts, one per minute; on a terminal
//! also a panel that is redrawn below them. Computes nothing the training depends on.

mod curve;
mod duration;
mod encode;
mod panel;

use std::time::{Duration, Instant};

use termc_compiler::model::Model;
use termc_runtime::train::metrics::{Row, Split};
use termc_runtime::train::{Event, Observer, Progress, Settings};

use crate::terminal::Terminal;
use duration::duration;
use panel::Panel;

/// Time between lines within an epoch.
const MINUTE: Duration = Duration::from_secs(60);

/// Shows a training; the panel disappears when it is dropped.
pub struct View<'a> {
    terminal: &'a Terminal,
    panel: Option<Panel>,
    epochs: usize,
    clock: Clock,
    last_line: Instant,
}

impl<'a> View<'a> {
    /// With a panel where standard error is a terminal.
    pub fn new(terminal: &'a Terminal, model: &Model, settings: &Settings) -> Self {
        let title = format!("{} on {}", model.name, settings.dataset);
        Self {
            terminal,
            panel: terminal
                .is_live()
                .then(|| Panel::new(title, settings, terminal.colors_messages())),
            epochs: settings.epochs,
            clock: Clock::default(),
            last_line: Instant::now(),
        }
    }

    /// A line that stays, above the panel.
    fn line(&mut self, text: &str) {
        if let Some(panel) = &mut self.panel {
            panel.erase();
        }
        self.terminal.note(text);
        if let Some(panel) = &mut self.panel {
            panel.draw(&self.clock);
        }
        self.last_line = Instant::now();
    }

    fn step(&mut self, progress: &Progress) {
        self.clock.step(progress);
        if let Some(panel) = &mut self.panel {
            panel.step(progress);
            panel.draw_if_due(&self.clock);
        } else if self.last_line.elapsed() >= MINUTE {
            let Progress {
                epoch,
                batch,
                batches,
                ..
            } = progress;
            let text = format!(
                "epoch {epoch}/{}, batch {batch}/{batches}: loss {:.4}, training accuracy {}, {}, {}",
                self.epochs,
                progress.sums.terms().total,
                percent(Some(progress.sums.top1())),
                throughput(progress.sums.throughput()),
                self.clock.left(),
            );
            self.line(&text);
        }
    }

    fn epoch(&mut self, train: &Row, validation: Option<&Row>, best: bool) {
        if let Some(panel) = &mut self.panel {
            panel.epoch(train, validation, best);
        }
        let validation = validation.map_or(String::new(), |row| {
            let mark = if best { ", best so far" } else { "" };
            format!(", validation accuracy {}{mark}", percent(row.top1))
        });
        let text = format!(
            "epoch {}/{}: loss {:.4}, training accuracy {}{validation}, lr {:.3e}, {}, {}",
            train.epoch,
            self.epochs,
            train.loss.unwrap_or(f64::NAN),
            percent(train.top1),
            train.lr.unwrap_or(0.0),
            throughput(train.images_per_second),
            self.clock.left(),
        );
        self.line(&text);
    }
}

impl Observer for View<'_> {
    fn on(&mut self, event: Event<'_>) {
        match event {
            Event::Started {
                images: [train, validation, test],
                steps_per_epoch,
                state,
            } => {
                let held = match validation {
                    0 => "none".to_owned(),
                    n => n.to_string(),
                };
                let epochs = self.epochs;
                self.line(&format!(
                    "{train} images train, {held} validate, {test} test; {epochs} epochs of {steps_per_epoch} steps"
                ));
                self.clock
                    .begin(state.step, steps_per_epoch * epochs, state.seconds);
            }
            Event::Step(progress) => self.step(progress),
            Event::Evaluated { split, done, total } => {
                if let Some(panel) = &mut self.panel {
                    panel.evaluated(split, done, total);
                    panel.draw_if_due(&self.clock);
                }
            }
            Event::Epoch {
                train,
                validation,
                best,
            } => self.epoch(train, validation, best),
            Event::Saved(_) => {}
        }
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        if let Some(panel) = &mut self.panel {
            panel.erase();
        }
    }
}

/// How long the training has lasted and will last.
#[derive(Debug)]
struct Clock {
    began: Instant,
    before: f64,
    first: usize,
    step: usize,
    steps: usize,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            before: 0.0,
            first: 0,
            step: 0,
            steps: 0,
        }
    }
}

impl Clock {
    fn begin(&mut self, step: usize, steps: usize, before: f64) {
        *self = Self {
            began: Instant::now(),
            before,
            first: step,
            step,
            steps,
        };
    }

    fn step(&mut self, progress: &Progress) {
        self.step = progress.step;
    }

    /// Time spent, that of earlier sessions included.
    fn spent(&self) -> String {
        duration(self.before + self.began.elapsed().as_secs_f64())
    }

    /// Time left at this session's pace.
    fn left(&self) -> String {
        match self.step.saturating_sub(self.first) {
            0 => "time left unknown".into(),
            done => {
                let pace = self.began.elapsed().as_secs_f64() / done as f64;
                let left = self.steps.saturating_sub(self.step) as f64 * pace;
                format!("{} left", duration(left))
            }
        }
    }
}

fn percent(fraction: Option<f64>) -> String {
    fraction.map_or("unknown".into(), |f| format!("{:.2} %", 100.0 * f))
}

fn throughput(images_per_second: Option<f64>) -> String {
    match images_per_second {
        None => "unknown images/s".into(),
        Some(n) if n < 10.0 => format!("{n:.1} images/s"),
        Some(n) => format!("{} images/s", termc_compiler::summary::grouped(n as u64)),
    }
}

/// What a split is called.
fn part(split: Split) -> &'static str {
    match split {
        Split::Train => "training",
        Split::Val => "validating",
        Split::Test => "testing",
    }
}
