//! What a frozen file says of itself besides its model and parameters: classes, normalization, how it was calibrated.
//! Reads and writes metadata; which images calibrate is decided by the caller.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use termc_compiler::freeze::VERSION;
use termc_compiler::model::Normalize;
use termc_data::{Dataset, Fit};

use super::Calibration;
use crate::Error;

/// The metadata key of a card; its presence tells a frozen file from a weight file.
const KEY: &str = "termc.frozen";

/// The metadata of a frozen file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of the compiler's freezing pass; another one makes other parameters.
    pub version: u32,
    /// The data set it was calibrated on, as `--dataset` takes it.
    pub dataset: String,
    /// Class names by label.
    pub classes: Vec<String>,
    /// Subtracted from pixel values in `[0, 1]`, one per channel.
    pub mean: Vec<f64>,
    /// Divided by, one per channel.
    pub std: Vec<f64>,
    /// How pictures of other sizes than the model's are fitted to it.
    #[serde(default)]
    pub fit: Fit,
    /// The part of each class that was drawn to test, and the seed, where the data set has no test part of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<(f64, u64)>,
    /// How the statistics were found.
    pub calibration: Calibrated,
}

/// How the statistics of a frozen model were found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibrated {
    /// The way.
    pub method: Calibration,
    /// Over so many images of the training part.
    pub images: usize,
    /// In batches of so many.
    pub batch: usize,
    /// In an order drawn from this.
    pub seed: u64,
}

impl Card {
    /// A card of this version; `name` is the data set's as `--dataset` takes it.
    pub fn new(
        name: String,
        dataset: &Dataset,
        normalize: &Normalize,
        calibration: Calibrated,
    ) -> Self {
        Self {
            version: VERSION,
            dataset: name,
            classes: dataset.classes.clone(),
            fit: dataset.fit,
            drawn: dataset.drawn.map(|drawn| (drawn.fraction, drawn.seed)),
            mean: normalize.mean.clone(),
            std: normalize.std.clone(),
            calibration,
        }
    }

    /// What pixels are normalized with.
    pub fn normalize(&self) -> Normalize {
        Normalize {
            mean: self.mean.clone(),
            std: self.std.clone(),
        }
    }

    /// Puts the card among a file's metadata.
    ///
    /// # Errors
    /// If a number of it is not finite.
    pub fn write(&self, metadata: &mut BTreeMap<String, String>) -> Result<(), Error> {
        let text = serde_json::to_string(self).map_err(|e| Error::Input(e.to_string()))?;
        metadata.insert(KEY.to_owned(), text);
        Ok(())
    }

    /// The card among a file's metadata; None if it is not a frozen file.
    ///
    /// # Errors
    /// If it was frozen by another version of the pass, or is damaged.
    pub(crate) fn read(
        path: &Path,
        metadata: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, Error> {
        let Some(text) = metadata.get(KEY) else {
            return Ok(None);
        };
        let problem = |problem: String| Error::Content {
            path: path.to_owned(),
            problem,
        };
        let damaged = |e: serde_json::Error| problem(format!("has a damaged `{KEY}`: {e}"));
        let value: serde_json::Value = serde_json::from_str(text).map_err(damaged)?;
        let version = value.get("version").cloned().unwrap_or_default();
        if version != serde_json::json!(VERSION) {
            return Err(problem(format!(
                "was frozen in version {version} of that form; this version of termc reads {VERSION}"
            )));
        }
        serde_json::from_value(value).map(Some).map_err(damaged)
    }
}
