//! Measures a model on a part of a data set, every image once. The account itself is `train::scores`'s.

use termc_data::{Dataset, DatasetSplit, Subset, split};

use super::{Model, ModelError};
use crate::Error;
use crate::choice::named_values;
pub use crate::train::evaluate::{Answered, default_batch};
use crate::train::evaluate::{EvaluationSettings, evaluate, evaluation_order};
use crate::train::scores::Scores;

/// The images that a model is measured on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EvaluatedPart {
    /// The test part.
    #[default]
    Test,
    /// What the training held out of the training part.
    Val,
    /// What it trained on, without augmentation.
    Train,
}

named_values!(EvaluatedPart, "part", { Test: "test", Val: "val", Train: "train" });

/// How a model is evaluated.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvaluateOptions {
    /// Which images.
    pub part: EvaluatedPart,
    /// Images per batch, on which the answers depend where the model has statistics over the batch; None for as many as
    /// in training, and at least 64.
    pub batch: Option<usize>,
    /// Only so many images of the part.
    pub limit: Option<usize>,
}

impl Model {
    /// Images per batch of an evaluation where nobody says otherwise: as in training, at least 64.
    ///
    /// # Errors
    /// If the settings of the RUN folder cannot be read.
    pub fn evaluation_batch(&self) -> Result<usize, Error> {
        let settings = self.checked.settings()?;
        let trained = settings.map_or(self.checked().train.batch, |s| s.batch);
        Ok(default_batch(trained))
    }

    /// Classifies every image of a part once, in an order that is always the same and mixes the classes. `watch` is told
    /// after each batch how many are done, and of how many.
    ///
    /// # Errors
    /// If images cannot be read, an answer is not finite, or the part is one that only a RUN folder knows.
    pub fn evaluate(
        &self,
        dataset: &Dataset,
        options: EvaluateOptions,
        watch: impl FnMut(usize, usize),
    ) -> Result<Scores, Error> {
        self.evaluate_each(dataset, options, watch, |_| ())
    }

    /// The same; `each` is told of every image.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_each(
        &self,
        dataset: &Dataset,
        options: EvaluateOptions,
        watch: impl FnMut(usize, usize),
        each: impl FnMut(Answered<'_>),
    ) -> Result<Scores, Error> {
        let settings = self.checked.settings()?;
        let normalize = self.checked.normalization(settings.as_ref(), dataset);
        let of_run = || -> Result<DatasetSplit, Error> {
            let recorded = settings.as_ref();
            let recorded = recorded.ok_or(ModelError::PartOfRun(options.part))?;
            Ok(split(dataset, &recorded.split_options())?)
        };
        let mut subset = match options.part {
            EvaluatedPart::Test => evaluation_order(&dataset.test)?,
            EvaluatedPart::Val => of_run()?.validation,
            EvaluatedPart::Train => of_run()?.train,
        };
        if subset.is_empty() {
            return Err(ModelError::EmptyPart(options.part).into());
        }
        if let Some(limit) = options.limit {
            let indices = subset.indices().iter().take(limit).copied().collect();
            subset = Subset::new(subset.part().clone(), indices)?;
        }
        let settings = EvaluationSettings {
            batch: match options.batch {
                Some(batch) => batch,
                None => self.evaluation_batch()?,
            },
            normalize: &normalize,
            kernels: self.compute.kernels,
            precision: self.compute.precision,
        };
        let device = &self.compute.device.device;
        let (network, params) = (&self.network, &self.params);
        let scores = evaluate(network, params, &subset, settings, device, watch, each)?;
        require_finite(&scores)?;
        Ok(scores)
    }
}

/// Refuses an account of which answers are not finite.
pub(super) fn require_finite(scores: &Scores) -> Result<(), Error> {
    match scores.first_not_finite {
        None => Ok(()),
        Some(image) => Err(ModelError::NotFinite {
            image: format!("image {image} of the part"),
            images: scores.not_finite,
        }
        .into()),
    }
}
