//! Measures a model on the test part of a data set, every image once. The account itself is `train::scores`'s.

use termc_data::{Dataset, Subset};

use super::Model;
use crate::Error;
pub use crate::train::evaluate::default_batch;
use crate::train::evaluate::{EvaluationSettings, evaluate, evaluation_order};
use crate::train::scores::Scores;

/// How a model is evaluated.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvaluateOptions {
    /// Images per batch, on which the answers depend where the model has statistics over the batch; None for as many as
    /// in training, and at least 64.
    pub batch: Option<usize>,
    /// Only so many images of the test part.
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

    /// Classifies every image of the test part once, in an order that is always the same and mixes the classes. `watch` is
    /// told after each batch how many are done, and of how many.
    ///
    /// # Errors
    /// If images cannot be read.
    pub fn evaluate(
        &self,
        dataset: &Dataset,
        options: EvaluateOptions,
        watch: impl FnMut(usize, usize),
    ) -> Result<Scores, Error> {
        let settings = self.checked.settings()?;
        let normalize = self.checked.normalization(settings.as_ref(), dataset);
        let mut subset = evaluation_order(&dataset.test)?;
        if let Some(limit) = options.limit {
            let indices = subset.indices().iter().take(limit).copied().collect();
            subset = Subset::new(dataset.test.clone(), indices)?;
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
        evaluate(
            &self.network,
            &self.params,
            &subset,
            settings,
            device,
            watch,
        )
    }
}
