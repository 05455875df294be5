//! The training loop: batches in, steps, record, checkpoints, validation, and the test part once at the end. Of several
//! nodes all run it, but only node 0, which has the folder, records, validates and tests. Where a step's numbers come from
//! is `step`'s business, files are `checkpoint`'s and `metrics`'.

mod judge;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use termc_compiler::model::{Model, Normalize};

use super::checkpoint::{self, Best, Checkpoint, State};
use super::evaluate::mixed;
use super::finite::{self, Culprit};
use super::folder::RunFolder;
use super::metrics::{Log, Row, Span, Split};
use super::nodes::Nodes;
use super::observe::{Event, Observer, Progress};
use super::scores::{Scores, Sums};
use super::settings::{Protocol, Settings};
use super::step::{Learner, NoStep, StepResult};
use super::stopping::{Due, Stop, Wish};
use crate::Error;
use crate::data::{Dataset, Loader, Subset, split};
use crate::device::{Devices, Job, TrainBackend};
use crate::network::Network;
use crate::weights;

/// A training, new or resumed.
pub struct Training<'a> {
    /// What is trained.
    pub model: &'a Model,
    /// On what; the model must fit it.
    pub data: &'a Dataset,
    /// Where it is recorded; None on nodes other than the first.
    pub folder: Option<&'a RunFolder>,
    /// The nodes it runs on; None where this is the only one.
    pub nodes: Option<Nodes>,
    /// How.
    pub settings: &'a Settings,
    /// Where it goes on; None to begin.
    pub resume: Option<Checkpoint>,
    /// Asks to save and stop after the current step.
    pub stop: &'a AtomicBool,
    /// Save and stop after so many steps of this session.
    pub stop_after: Option<usize>,
    /// Is told what happens.
    pub observer: &'a mut dyn Observer,
}

/// How a training ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All epochs are done and the test part was looked at.
    Finished {
        /// The best epoch, whose weights were tested.
        best: Best,
        /// The account of the test part.
        test: Box<Scores>,
    },
    /// All epochs are done; node 0, not this one, looked at the test part.
    Followed {
        /// Optimizer steps done.
        step: usize,
    },
    /// It was asked to stop and saved a checkpoint.
    Stopped {
        /// The checkpoint; None on nodes other than the first.
        checkpoint: Option<PathBuf>,
        /// Optimizer steps done.
        step: usize,
        /// Who asked for it.
        by: Stop,
    },
    /// Something was not finite; nothing was saved after it.
    NotFinite {
        /// What.
        culprit: Culprit,
        /// Counted from 1.
        epoch: usize,
        /// The optimizer step that failed, counted from 1.
        step: usize,
    },
}

impl Job for Training<'_> {
    type Out = Result<Outcome, Error>;

    fn run<B: TrainBackend>(self, devices: Devices<B>) -> Self::Out {
        Trainer::<B>::new(self, devices)?.run()
    }
}

/// Why the loop ends before its time.
enum End {
    Failed(Error),
    Early(Outcome),
}

impl<E: Into<Error>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

struct Trainer<'a, B: TrainBackend> {
    job: Training<'a>,
    network: Arc<Network>,
    learner: Learner<B>,
    device: B::Device,
    loader: Loader,
    validation: Subset,
    test: Subset,
    state: State,
    /// Where there is a folder.
    log: Option<Log>,
    saved: (usize, Instant),
    first_step: usize,
    /// What is to follow the last step.
    wish: Wish,
}

impl<'a, B: TrainBackend> Trainer<'a, B> {
    fn new(mut job: Training<'a>, devices: Devices<B>) -> Result<Self, Error> {
        let settings = job.settings;
        let parts = split(job.data, &settings.split_options())?;
        let test = mixed(&job.data.test)?;
        let validation = match settings.protocol {
            Protocol::Honest => parts.validation,
            Protocol::Published => test.clone(),
        };
        let recipe = &job.model.train;
        let normalize = normalize(job.model, job.data);
        let loader = Loader::training(
            parts.train,
            settings.batch,
            normalize,
            &recipe.augment,
            settings.seed,
        )?;
        let network = Arc::new(Network::new(job.model));
        let mut learner = Learner::new(&network, settings, &devices, job.nodes.take())?;
        let mut state = State::default();
        if let Some(checkpoint) = job.resume.take() {
            state = checkpoint.state;
            learner.load(&checkpoint.tensors, state.step)?;
        }
        let log = match job.folder {
            Some(folder) => Some(Log::open(folder.path(), state.rows)?),
            None => None,
        };
        let first_step = state.step;
        Ok(Self {
            network,
            learner,
            device: devices.main,
            loader,
            validation,
            test,
            log,
            saved: (state.step, Instant::now()),
            first_step,
            wish: Wish::default(),
            state,
            job,
        })
    }

    fn run(mut self) -> Result<Outcome, Error> {
        self.announce();
        let ended = match self.epochs().and_then(|()| self.finish()) {
            Ok(outcome) | Err(End::Early(outcome)) => self.learner.part().map(|()| outcome),
            Err(End::Failed(error)) => Err(error),
        };
        ended.inspect_err(|error| self.learner.fail(error))
    }

    fn announce(&mut self) {
        let images = [self.loader.images(), self.validation.len(), self.test.len()];
        let steps_per_epoch = self.steps_per_epoch();
        self.job.observer.on(Event::Started {
            images,
            steps_per_epoch,
            state: &self.state,
        });
    }

    fn steps_per_epoch(&self) -> usize {
        self.loader.batches().div_ceil(self.accumulate())
    }

    fn accumulate(&self) -> usize {
        self.job.model.train.accumulate.max(1)
    }

    fn epochs(&mut self) -> Result<(), End> {
        match self.state.step {
            // So that a training that dies in its first epoch can be resumed, too.
            0 => self.save().map(|_| ())?,
            _ => {
                self.learner.compare(self.state.step)?;
                // It may have died between its last checkpoint and these. No checkpoint goes yet: this may be the only
                // one that is whole.
                self.write_last()?;
            }
        }
        while self.state.epoch < self.job.settings.epochs {
            self.epoch()?;
            self.end_epoch()?;
            self.stop_if_asked()?;
        }
        Ok(())
    }

    /// The steps of one epoch that are not done yet.
    fn epoch(&mut self) -> Result<(), End> {
        let mut batches = self.loader.epoch(self.state.epoch, self.state.batch)?;
        while self.state.batch < self.loader.batches() {
            let began = Instant::now();
            let waited = batches.waited();
            let group = batches
                .by_ref()
                .take(self.accumulate())
                .collect::<Result<Vec<_>, _>>()?;
            let waited = (batches.waited() - waited).as_secs_f64();
            let count = group.len();
            let lr = self.learning_rate(self.state.step);
            let due = self.due();
            let StepResult {
                terms,
                images,
                correct,
                wish,
            } = match self.learner.step(group, self.state.step, lr, || due.wish()) {
                Ok(result) => result,
                Err(NoStep::NotFinite(culprit)) => return Err(self.not_finite(culprit)),
                Err(NoStep::Failed(error)) => return Err(error.into()),
            };
            self.wish = wish;
            self.state.batch += count;
            self.state.step += 1;
            let seconds = began.elapsed().as_secs_f64();
            self.state.seconds += seconds;
            for sums in [&mut self.state.epoch_sums, &mut self.state.step_sums] {
                sums.add(&terms, images, correct);
                sums.add_time(seconds, waited);
            }
            let progress = Progress {
                epoch: self.state.epoch + 1,
                step: self.state.step,
                steps: self.steps_per_epoch() * self.job.settings.epochs,
                batch: self.state.batch,
                batches: self.loader.batches(),
                terms,
                sums: self.state.epoch_sums,
                lr,
                images,
                seconds,
            };
            self.job.observer.on(Event::Step(&progress));
            self.log_step(lr)?;
            if self.state.batch < self.loader.batches() {
                self.stop_if_asked()?;
                if self.wish.save {
                    self.save()?;
                }
            }
        }
        Ok(())
    }

    /// What this node's wish depends on when the step under way is done.
    fn due(&self) -> Due<'a> {
        Due {
            node: self.learner.node().unwrap_or(0),
            signal: self.job.stop,
            done: self.state.step + 1 - self.first_step,
            enough: self.job.stop_after,
            every: self.job.settings.checkpoint_every,
            since: self.state.step + 1 - self.saved.0,
            saved: self.saved.1,
        }
    }

    /// The rate of step number `step`, from 0.
    fn learning_rate(&self, step: usize) -> f64 {
        let recipe = &self.job.model.train;
        let (per_epoch, epochs) = (self.steps_per_epoch(), self.job.settings.epochs);
        let factor = crate::schedule::factor(&recipe.schedule, step, per_epoch, epochs);
        recipe.optimizer.lr() * factor
    }

    fn not_finite(&self, culprit: Culprit) -> End {
        End::Early(Outcome::NotFinite {
            culprit,
            epoch: self.state.epoch + 1,
            step: self.state.step + 1,
        })
    }

    fn log_step(&mut self, lr: f64) -> Result<(), Error> {
        if !self
            .state
            .step
            .is_multiple_of(self.job.settings.log_every.max(1))
        {
            return Ok(());
        }
        let sums = std::mem::take(&mut self.state.step_sums);
        let row = self.row(Span::Step, &sums, lr);
        self.record(&row)
    }

    fn record(&mut self, row: &Row) -> Result<(), Error> {
        self.log.as_mut().map_or(Ok(()), |log| log.append(row))
    }

    fn row(&self, span: Span, sums: &Sums, lr: f64) -> Row {
        let epoch = self.state.epoch + 1;
        Row {
            top1: Some(sums.top1()),
            lr: Some(lr),
            images_per_second: sums.throughput(),
            loading: sums.loading(),
            seconds: self.state.seconds,
            ..Row::new(span, Split::Train, epoch, self.state.step, sums.terms())
        }
    }

    fn scores_row(&self, split: Split, epoch: usize, scores: &Scores, took: f64) -> Row {
        Row {
            top1: Some(scores.accuracy()),
            top5: Some(scores.accuracy5()),
            images_per_second: (took > 0.0).then(|| scores.images as f64 / took),
            seconds: self.state.seconds,
            ..Row::new(Span::Epoch, split, epoch, self.state.step, scores.terms)
        }
    }

    /// Validates, records, keeps the best weights, saves.
    fn end_epoch(&mut self) -> Result<(), End> {
        self.check_weights()?;
        let epoch = self.state.epoch + 1;
        let sums = std::mem::take(&mut self.state.epoch_sums);
        if let Some(folder) = self.job.folder {
            self.judge(folder, epoch, &sums)?;
        }
        self.state.epoch += 1;
        self.state.batch = 0;
        self.save().map(|_| ())
    }

    fn stop_if_asked(&mut self) -> Result<(), End> {
        let over = self.state.epoch == self.job.settings.epochs;
        // Alone, there is nobody to agree with about what came after the step.
        let late = self.learner.node().is_none() && self.job.stop.load(Ordering::Relaxed);
        let by = match late {
            true => Some(Stop {
                node: 0,
                signal: true,
            }),
            false => self.wish.stop,
        };
        let Some(by) = by.filter(|_| !over) else {
            return Ok(());
        };
        Err(End::Early(Outcome::Stopped {
            checkpoint: self.save()?,
            step: self.state.step,
            by,
        }))
    }

    fn check_weights(&self) -> Result<(), End> {
        match finite::parameter(self.learner.params()) {
            Some((node, path)) => Err(End::Early(Outcome::NotFinite {
                culprit: Culprit::Weight(node, path),
                epoch: self.state.epoch + 1,
                step: self.state.step,
            })),
            None => Ok(()),
        }
    }

    /// Writes a checkpoint and the last weights, then drops old checkpoints. Without a folder only compares the weights with node 0's.
    fn save(&mut self) -> Result<Option<PathBuf>, End> {
        self.check_weights()?;
        self.learner.compare(self.state.step)?;
        self.saved = (self.state.step, Instant::now());
        let (Some(folder), Some(log)) = (self.job.folder, &mut self.log) else {
            return Ok(None);
        };
        log.sync()?;
        self.state.rows = log.rows();
        let tensors = self.learner.to_tensors();
        let path = checkpoint::save(&folder.checkpoints(), tensors, &self.state)?;
        self.write_last()?;
        let best = self.state.best.map(|best| best.step);
        checkpoint::prune(
            &folder.checkpoints(),
            self.job.settings.keep,
            self.state.step,
            best,
        )?;
        self.job.observer.on(Event::Saved(&path));
        Ok(Some(path))
    }

    /// The weights of the last checkpoint, by themselves.
    fn write_last(&self) -> Result<(), Error> {
        match self.job.folder {
            Some(folder) => self.write_weights(&folder.last()),
            None => Ok(()),
        }
    }

    fn write_weights(&self, path: &std::path::Path) -> Result<(), Error> {
        weights::write(path, self.job.model, &self.learner.evaluated())
    }
}

/// What pixels are normalized with: what the model states, else what the data set's training part has.
pub fn normalize<'a>(model: &'a Model, data: &'a Dataset) -> &'a Normalize {
    model.train.normalize.as_ref().unwrap_or(&data.normalize)
}
