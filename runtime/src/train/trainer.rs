//! The training loop: batches in, steps, record, checkpoints, validation, and the test part once at the end. All ranks run
//! it and come to the same; only rank 0, which has the folder, writes. Where a step's numbers come from is
//! `data_parallel`'s business, files are `checkpoint`'s and `metrics`'. It is long because the order in which these things
//! happen is what it is about.

mod validate;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use burn::tensor::Device;
use termc_compiler::model::{Model, Normalize};
use termc_data::{Batch, Dataset, EpochBatches, Loader, StopRequest, Subset, split};

use super::best;
use super::checkpoint::{self, Best, Checkpoint, State};
use super::data_parallel::{DataParallel, StepError, StepResult};
use super::evaluate::evaluation_order;
use super::finite::{self, NonFinite};
use super::folder::RunFolder;
use super::metrics::{Log, Row, Span, Split};
use super::observe::{Event, Observer, Progress};
use super::ranks::Communicator;
use super::scores::{Scores, Sums};
use super::session::{AfterStep, SaveRequest, Session, StopReason};
use super::settings::{Protocol, Settings};
use crate::Error;
use crate::network::Network;
use crate::tensors::{Tensors, write_atomic};
use crate::weights;

/// A training, new or resumed, as one rank runs it.
pub struct Training<'a> {
    /// What is trained.
    pub model: &'a Model,
    /// On what; the model must fit it.
    pub data: &'a Dataset,
    /// Where it is recorded; None on ranks other than the first.
    pub folder: Option<&'a RunFolder>,
    /// The ranks it runs on; [`Single`](super::ranks::Single) where there is one.
    pub ranks: &'a dyn Communicator,
    /// This rank's device.
    pub device: Device,
    /// How.
    pub settings: &'a Settings,
    /// Where it goes on; None to begin.
    pub resume: Option<Checkpoint>,
    /// Weights to begin with, by path; None, and for parameters that are not among them, fresh ones.
    pub start: Option<Tensors>,
    /// Asks to save and stop after the current step, or the current batch of an evaluation.
    pub stop: &'a StopRequest,
    /// Asks for a checkpoint after the current step, or at the end of an epoch's validation.
    pub save: &'a SaveRequest,
    /// Save and stop after so many steps of this session.
    pub stop_after: Option<usize>,
    /// Save and stop when so many epochs are done; the same on all ranks.
    pub stop_after_epoch: Option<usize>,
    /// Is told what happens.
    pub observer: &'a mut dyn Observer,
}

/// How a training ended; the same on all ranks.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// All epochs are done and the test part was looked at.
    Finished {
        /// The best epoch, whose weights were tested.
        best: Best,
        /// The account of the test part.
        test: Box<Scores>,
    },
    /// It was asked to stop and saved a checkpoint.
    Stopped {
        /// The checkpoint; None on ranks other than the first.
        checkpoint: Option<PathBuf>,
        /// Optimizer steps done.
        step: usize,
        /// Who asked for it, and why.
        reason: StopReason,
    },
    /// Something was not finite; nothing was saved after it.
    NotFinite {
        /// What.
        found: NonFinite,
        /// Counted from 1.
        epoch: usize,
        /// The optimizer step that failed, counted from 1.
        step: usize,
    },
}

impl Training<'_> {
    /// Trains until the end or until it is asked to stop. All ranks have to call it.
    ///
    /// # Errors
    /// If files cannot be read or written, the checkpoint is not of this model, or a rank was lost; checkpoints written
    /// before stay whole.
    pub fn run(self) -> Result<Outcome, Error> {
        Trainer::new(self)?.run()
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

struct Trainer<'a> {
    job: Training<'a>,
    network: Arc<Network>,
    replicas: DataParallel<'a>,
    loader: Loader,
    validation: Subset,
    test: Subset,
    state: State,
    /// Where there is a folder.
    log: Option<Log>,
    saved: (usize, Instant),
    first_step: usize,
    /// What is to follow the last step.
    after: AfterStep,
}

impl<'a> Trainer<'a> {
    fn new(mut job: Training<'a>) -> Result<Self, Error> {
        let settings = job.settings;
        let parts = split(job.data, &settings.split_options())?;
        let test = evaluation_order(&job.data.test)?;
        let validation = match settings.protocol {
            Protocol::Honest => parts.validation,
            Protocol::Published => test.clone(),
        };
        let recipe = &job.model.train;
        let normalize = normalize(job.model, job.data);
        let mut loader = Loader::training(
            parts.train,
            settings.batch,
            normalize,
            &recipe.augment,
            settings.seed,
        )?;
        if job.ranks.size() == 1 {
            loader = loader.stop_on(job.stop);
        }
        let network = Arc::new(Network::new(job.model));
        let device = job.device.clone();
        let start = job.start.take();
        let start = start.as_ref();
        let mut replicas = DataParallel::new(network.clone(), settings, start, device, job.ranks)?;
        let mut state = State::default();
        if let Some(checkpoint) = job.resume.take() {
            state = checkpoint.state;
            replicas
                .replica_mut()
                .load(&checkpoint.tensors, state.step)?;
        }
        let log = match job.folder {
            Some(folder) => Some(Log::open(folder.path(), job.model, state.rows)?),
            None => None,
        };
        let first_step = state.step;
        Ok(Self {
            network,
            replicas,
            loader,
            validation,
            test,
            log,
            saved: (state.step, Instant::now()),
            first_step,
            after: AfterStep::default(),
            state,
            job,
        })
    }

    fn run(mut self) -> Result<Outcome, Error> {
        self.announce();
        match self.epochs().and_then(|()| self.finish()) {
            Ok(outcome) | Err(End::Early(outcome)) => Ok(outcome),
            Err(End::Failed(error)) => Err(error),
        }
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
                self.replicas.require_equal(self.state.step)?;
                // It may have died between its last checkpoint and these. No checkpoint goes yet: this may be the only
                // one that is whole.
                self.write_last()?;
                if let Some(folder) = self.job.folder {
                    best::restore(folder, self.job.model, &self.state)?;
                }
            }
        }
        while self.state.epoch < self.job.settings.epochs {
            let most = self.job.stop_after_epoch;
            if most.is_some_and(|most| self.state.epoch >= most) {
                return Err(self.stopped(StopReason::ENOUGH));
            }
            self.epoch()?;
            self.end_epoch()?;
            self.stop_if_asked()?;
        }
        Ok(())
    }

    /// The steps of one epoch that are not done yet; none where only its validation is left.
    fn epoch(&mut self) -> Result<(), End> {
        let mut batches = self.loader.epoch(self.state.epoch, self.state.batch)?;
        while self.state.batch < self.loader.batches() {
            let began = Instant::now();
            let waited = batches.waited();
            let group = self.next_group(&mut batches)?;
            let waited = (batches.waited() - waited).as_secs_f64();
            let count = group.len();
            let lr = self.learning_rate(self.state.step);
            let session = self.session();
            let made = self
                .replicas
                .step(group, self.state.step, lr, || session.after_step());
            let StepResult {
                terms,
                images,
                correct,
                after,
            } = match made {
                Ok(result) => result,
                Err(StepError::NotFinite(found)) => return Err(self.not_finite(found)),
                Err(StepError::Failed(error)) => return Err(error.into()),
            };
            self.after = after;
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
                sums: self.state.epoch_sums.clone(),
                lr,
                images,
                seconds,
            };
            self.job.observer.on(Event::Step(&progress));
            self.log_step(lr)?;
            if self.state.batch < self.loader.batches() {
                self.stop_if_asked()?;
            }
            // Also before a validation, which may take longer than there is time.
            if self.after.save {
                self.save()?;
            }
        }
        Ok(())
    }

    /// The batches of the next step. Alone, a stop request ends the waiting for them.
    fn next_group(&mut self, batches: &mut EpochBatches) -> Result<Vec<Batch>, End> {
        let group = batches.take(self.accumulate()).collect();
        match group {
            Err(termc_data::Error::Stopped) => Err(self.stopped(StopReason::ALONE)),
            // Of the steps since the last checkpoint none is lost. That an image cannot be read is told, not that its
            // checkpoint could not be written either.
            Err(error) if self.job.ranks.size() == 1 => {
                let _ = self.save();
                Err(error.into())
            }
            group => Ok(group?),
        }
    }

    /// What this rank's requests depend on when the step under way is done.
    fn session(&self) -> Session<'a> {
        Session {
            rank: self.job.ranks.rank(),
            signal: self.job.stop,
            save: self.job.save,
            steps: self.state.step + 1 - self.first_step,
            stop_after: self.job.stop_after,
            checkpoint_every: self.job.settings.checkpoint_every,
            unsaved_steps: self.state.step + 1 - self.saved.0,
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

    fn not_finite(&self, found: NonFinite) -> End {
        End::Early(Outcome::NotFinite {
            found,
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
            ..Row::new(span, Split::Train, epoch, self.state.step, &sums.terms())
        }
    }

    /// Validates, records, keeps the best weights, saves.
    fn end_epoch(&mut self) -> Result<(), End> {
        self.check_weights()?;
        self.validate_epoch()?;
        self.state.epoch_sums = Sums::default();
        self.state.epoch += 1;
        self.state.batch = 0;
        self.save().map(|_| ())
    }

    fn stop_if_asked(&mut self) -> Result<(), End> {
        let over = self.state.epoch == self.job.settings.epochs;
        // Alone, there is nobody to agree with about what came after the step.
        let late = self.job.ranks.size() == 1 && self.job.stop.is_requested();
        let reason = match late {
            true => Some(StopReason::ALONE),
            false => self.after.stop,
        };
        match reason.filter(|_| !over) {
            Some(reason) => Err(self.stopped(reason)),
            None => Ok(()),
        }
    }

    /// Saves and ends the session.
    fn stopped(&mut self, reason: StopReason) -> End {
        match self.save() {
            Ok(checkpoint) => End::Early(Outcome::Stopped {
                checkpoint,
                step: self.state.step,
                reason,
            }),
            Err(end) => end,
        }
    }

    fn check_weights(&self) -> Result<(), End> {
        match finite::weight(self.replicas.replica().params()) {
            Some(found) => Err(End::Early(Outcome::NotFinite {
                found,
                epoch: self.state.epoch + 1,
                step: self.state.step,
            })),
            None => Ok(()),
        }
    }

    /// Writes a checkpoint and the last weights, then drops old checkpoints. Ranks without a folder only compare their
    /// weights with the others'.
    fn save(&mut self) -> Result<Option<PathBuf>, End> {
        self.check_weights()?;
        self.replicas.require_equal(self.state.step)?;
        self.saved = (self.state.step, Instant::now());
        let (Some(folder), Some(log)) = (self.job.folder, &mut self.log) else {
            return Ok(None);
        };
        log.sync()?;
        self.state.rows = log.rows();
        let tensors = self.replicas.replica().to_tensors();
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
            Some(folder) => self.write_weights(&folder.last()).map(|_| ()),
            None => Ok(()),
        }
    }

    /// Writes the weights and gives the SHA-256 of the file.
    fn write_weights(&self, path: &Path) -> Result<String, Error> {
        let params = self.replicas.replica().evaluated();
        let bytes = weights::file(self.job.model, &params).to_bytes()?;
        write_atomic(path, &bytes)?;
        Ok(checkpoint::hash(&bytes))
    }
}

/// What pixels are normalized with: what the model states, else what the data set's training part has.
pub fn normalize<'a>(model: &'a Model, data: &'a Dataset) -> &'a Normalize {
    model.train.normalize.as_ref().unwrap_or(&data.normalize)
}
