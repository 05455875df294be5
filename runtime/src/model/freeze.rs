//! Freezes a loaded model over the training images of its data set, measures it before and after, and writes the file.
//! How statistics are taken and folded is `crate::freeze`'s business.

use std::path::Path;

use burn::tensor::TensorData;
use termc_compiler::freeze::Account;
use termc_compiler::model::Normalize;
use termc_data::random::Key;
use termc_data::{Arrangement, Dataset, DatasetSplit, Loader, SplitOptions, Subset, split};

use super::evaluate::require_finite;
use super::{CheckedSource, Compute, Model, ModelError, ModelSource, Preprocessing};
use crate::Error;
use crate::freeze::{Batches, Calibrated, Calibration, CalibrationOptions, Card, freeze};
use crate::network::Precision;
use crate::train::Settings;
use crate::train::evaluate::{Answered, EvaluationSettings, evaluate, evaluation_order};
use crate::weights;

/// How a model is frozen.
#[derive(Clone, Debug, Default)]
pub struct FreezeOptions {
    /// How the statistics of the population are found.
    pub calibration: Calibration,
    /// Images per batch of the calibration; None for as many as in training, and at least 64.
    pub batch: Option<usize>,
    /// Calibrate with only so many images of the training part.
    pub limit: Option<usize>,
    /// Decides which images make a batch.
    pub seed: u64,
    /// The data set as `--dataset` takes it, to be recorded; None for the data set's own name.
    pub dataset: Option<String>,
}

/// Where a calibration stands.
#[derive(Clone, Copy, Debug)]
pub struct FreezeProgress {
    /// The pass over the images, from 1.
    pub pass: usize,
    /// Images seen in this pass.
    pub images: usize,
    /// Of so many.
    pub total: usize,
    /// Images seen in all passes.
    pub seen: usize,
}

/// Fractions of right answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// On the images that the training held out, where there are any.
    pub validation: Option<f64>,
    /// On the test part.
    pub test: f64,
}

/// A frozen model: its answer for an image depends on that image alone.
#[derive(Debug)]
pub struct FrozenModel {
    /// The model, ready to be asked.
    pub model: Model,
    /// What its file says of itself.
    pub card: Card,
    /// What was folded.
    pub account: Account,
    /// Before freezing, asked in batches of [`batch`](Self::batch).
    pub before: Accuracy,
    /// After it.
    pub after: Accuracy,
    /// Images per batch when asked.
    pub batch: usize,
}

impl FrozenModel {
    /// Writes the frozen file, which [`Model::load`] and the command line read.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let mut file = weights::file(self.model.checked(), self.model.params());
        self.card.write(&mut file.metadata)?;
        file.write(path.as_ref())
    }
}

impl CheckedSource {
    /// Refuses what cannot be frozen, before anything is opened; `weights` is the file that is named.
    ///
    /// # Errors
    /// If the model is frozen already or there are no weights.
    pub fn require_freezable(&self, weights: Option<&Path>) -> Result<(), Error> {
        self.refuse_frozen("there is nothing left to freeze")?;
        match (&self.source.run, &self.source.weights, weights) {
            (_, Some(_), _) | (_, _, Some(_)) => Ok(()),
            (Some(run), None, None) => Err(ModelError::NoWeightsYet(run.clone()).into()),
            (None, None, None) => Err(ModelError::NothingToFreeze(self.source.name.clone()).into()),
        }
    }
}

impl Model {
    /// Freezes the model over the images of the data set that the training trained on. `watch` is told after each batch of
    /// the calibration.
    ///
    /// # Errors
    /// If the model is frozen already, images cannot be read, or there are none.
    pub fn freeze(
        &self,
        dataset: &Dataset,
        options: &FreezeOptions,
        mut watch: impl FnMut(FreezeProgress),
    ) -> Result<FrozenModel, Error> {
        self.checked
            .refuse_frozen("there is nothing left to freeze")?;
        let settings = self.checked.settings()?;
        let normalize = self.checked.normalization(settings.as_ref(), dataset);
        let parts = split(dataset, &split_options(settings.as_ref()))?;
        let batch = self.evaluation_batch()?;
        let images = shuffled(&parts.train, options.seed, options.limit)?;
        let calibrated = Calibrated {
            method: options.calibration,
            images: images.len(),
            batch: options.batch.unwrap_or(batch),
            seed: options.seed,
        };
        let before = self.accuracy(&parts, batch, &normalize)?;

        let total = images.len();
        let loader = Loader::evaluation(images, calibrated.batch, &normalize)?;
        let batches = || -> Result<Batches<'_>, Error> {
            let images = loader.epoch(0, 0)?.map(|batch| {
                let batch = batch?;
                Ok(TensorData::new(batch.images, batch.shape))
            });
            Ok(Box::new(images))
        };
        let (mut seen, mut last) = (0, (1, 0));
        let how = CalibrationOptions {
            calibration: options.calibration,
            kernels: self.compute.kernels,
        };
        let device = &self.compute.device.device;
        let frozen = freeze(&self.params, how, device, batches, |at| {
            seen += at.images - if last.0 == at.pass { last.1 } else { 0 };
            last = (at.pass, at.images);
            watch(FreezeProgress {
                pass: at.pass,
                images: at.images,
                total,
                seen,
            });
        })?;

        let name = options.dataset.clone().unwrap_or(dataset.name.clone());
        let card = Card::new(name, dataset, &normalize, calibrated);
        let ModelSource { name, text, .. } = self.checked.source.clone();
        let checked = CheckedSource {
            model: frozen.model,
            compiled: self.checked.compiled.clone(),
            source: ModelSource {
                frozen: Some(card.clone()),
                ..ModelSource::from_text(name, text)
            },
        };
        let model = Self {
            network: crate::network::Network::new(&checked.model),
            params: frozen.params,
            compute: Compute {
                precision: Precision::F32,
                ..self.compute.clone()
            },
            checked,
            preprocessing: Preprocessing {
                arrangement: Arrangement::split(&card.dataset).0,
                classes: dataset.classes.clone(),
                normalize: normalize.clone(),
                fit: dataset.fit,
            }
            .into(),
        };
        Ok(FrozenModel {
            after: model.accuracy(&parts, batch, &normalize)?,
            model,
            card,
            account: frozen.account,
            before,
            batch,
        })
    }

    /// Of the held-out images and the test part, asked in 32-bit floats.
    fn accuracy(
        &self,
        parts: &DatasetSplit,
        batch: usize,
        normalize: &Normalize,
    ) -> Result<Accuracy, Error> {
        let of = |subset: &Subset| -> Result<f64, Error> {
            let settings = EvaluationSettings {
                batch,
                normalize,
                kernels: self.compute.kernels,
                precision: Precision::F32,
            };
            let device = &self.compute.device.device;
            let (network, params) = (&self.network, &self.params);
            let (watch, each) = (|_, _| (), |_: Answered<'_>| ());
            let scores = evaluate(network, params, subset, settings, device, watch, each)?;
            require_finite(&scores)?;
            Ok(scores.accuracy())
        };
        Ok(Accuracy {
            validation: match parts.validation.is_empty() {
                true => None,
                false => Some(of(&parts.validation)?),
            },
            test: of(&evaluation_order(parts.test.part())?)?,
        })
    }
}

/// The split of the training; without a RUN folder the whole training part.
fn split_options(settings: Option<&Settings>) -> SplitOptions {
    let whole = SplitOptions {
        val: 0.0,
        limit: None,
        seed: 0,
    };
    settings.map_or(whole, Settings::split_options)
}

/// The training images in an order of their own, so that batches mix the classes.
fn shuffled(train: &Subset, seed: u64, limit: Option<usize>) -> Result<Subset, Error> {
    let order = Key::new(seed).named("calibration").permutation(train.len());
    let indices = order.into_iter().filter_map(|i| train.indices().get(i));
    let indices = indices.take(limit.unwrap_or(usize::MAX)).copied().collect();
    Ok(Subset::new(train.part().clone(), indices)?)
}
