//! The report of a training, from its RUN folder. The page is `crate::report`'s business.

use termc_data::Dataset;

use super::{Model, ModelError, default_batch};
use crate::Error;
use crate::report::{Inspection, Report, page};
use crate::train::folder::read_json;
use crate::train::scores::Scores;
use crate::train::{RunFolder, Settings, metrics};

impl Model {
    /// The HTML page of the training in `folder`; `images` are positions in the test part whose kernels are shown, None for
    /// the first four; `written` says by what.
    ///
    /// # Errors
    /// If there is no such image, or the record or an image cannot be read.
    pub fn report(
        &self,
        folder: &RunFolder,
        settings: &Settings,
        dataset: &Dataset,
        images: Option<&[usize]>,
        written: &str,
    ) -> Result<String, Error> {
        let first: Vec<usize> = (0..dataset.test.len().min(4)).collect();
        let images = images.unwrap_or(&first);
        require_test_images(dataset, images)?;
        let normalize = self.checked.normalization(Some(settings), dataset);
        let inspection = Inspection {
            model: self.checked(),
            normalize: &normalize,
            weights: &self.params.to_tensors(),
            data: dataset,
            batch: default_batch(settings.batch),
            images,
            kernels: self.compute.kernels,
        };
        let statistics = inspection.run(&self.compute.device.device)?;
        let test: Option<Scores> = match folder.test().is_file() {
            true => Some(read_json(&folder.test())?),
            false => None,
        };
        page(&Report {
            model: self.checked(),
            settings,
            rows: &metrics::read(folder.path())?,
            test: test.as_ref(),
            data: dataset,
            statistics: &statistics,
            written,
        })
    }
}

/// Refuses positions that the test part does not have.
///
/// # Errors
/// The first of them.
pub fn require_test_images(dataset: &Dataset, images: &[usize]) -> Result<(), Error> {
    let count = dataset.test.len();
    match images.iter().find(|image| **image >= count) {
        None => Ok(()),
        Some(index) => Err(ModelError::NoTestImage {
            index: *index,
            images: count,
        }
        .into()),
    }
}
