//! Trains a checked model in one process, in a new RUN folder. The loop is `crate::train`'s business.

use std::path::Path;

use termc_data::{Dataset, Identity, StopRequest};

use super::{CheckedSource, Compute};
use crate::Error;
use crate::train::ranks::Single;
use crate::train::{
    Event, FORMAT, Interval, Observer, Outcome, Protocol, RunFolder, SaveRequest, Settings,
    Training,
};

/// A function of the events is an observer.
impl<F: FnMut(Event<'_>)> Observer for F {
    fn on(&mut self, event: Event<'_>) {
        self(event);
    }
}

impl CheckedSource {
    /// The settings of a training by the model's own recipe: seed 0, a tenth of the training images held out, a checkpoint
    /// every ten minutes and after every epoch, of which three are kept.
    ///
    /// # Errors
    /// If a number of the recipe is not finite.
    pub fn default_settings(
        &self,
        dataset: &Dataset,
        compute: &Compute,
    ) -> Result<Settings, Error> {
        let model = &self.model;
        let recipe = serde_json::to_value(&model.train);
        Ok(Settings {
            format: FORMAT,
            termc: env!("CARGO_PKG_VERSION").into(),
            model: model.name.clone(),
            parameters: model.parameter_count(),
            dataset: dataset.name.clone(),
            data_dir: None,
            data: Some(Identity::of(dataset)),
            start: None,
            fit: dataset.fit,
            test: dataset.drawn.map(|drawn| drawn.fraction),
            seed: dataset.drawn.map_or(0, |drawn| drawn.seed),
            epochs: model.train.epochs,
            batch: model.train.batch,
            limit: None,
            protocol: Protocol::Honest,
            val: 0.1,
            device: compute.choice.clone(),
            device_used: compute.device.to_string(),
            precision: compute.precision,
            kernels: compute.kernels,
            checkpoint_every: Interval::Seconds(600),
            keep: 3,
            log_every: 10,
            recipe: recipe.map_err(|e| Error::Input(e.to_string()))?,
        })
    }

    /// Trains from the beginning in the folder `run`, which must be empty or not there. `watch` is told what happens;
    /// `stop` asks for an end after the current step.
    ///
    /// # Errors
    /// If the model is frozen or has no parameters, the data set does not fit it, or files cannot be read or written;
    /// checkpoints written before stay whole.
    pub fn train(
        &self,
        dataset: &Dataset,
        settings: &Settings,
        compute: &Compute,
        run: &Path,
        stop: &StopRequest,
        mut watch: impl FnMut(Event<'_>),
    ) -> Result<Outcome, Error> {
        self.refuse_frozen("it can no longer be trained")?;
        self.require_parameters()?;
        let folder = RunFolder::create(run, self.model.source(), settings)?;
        let training = Training {
            model: &self.model,
            data: dataset,
            folder: Some(&folder),
            ranks: &Single,
            device: compute.device.device.clone(),
            settings,
            resume: None,
            start: None,
            stop,
            save: &SaveRequest::new(),
            stop_after: None,
            stop_after_epoch: None,
            observer: &mut watch,
        };
        training.run()
    }
}
