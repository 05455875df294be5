//! A trained model as one value: loaded from a RUN folder or file, asked about images, evaluated, frozen. What the command
//! line does with a model it does through here; nothing is printed.

mod checked;
mod compute;
mod data;
mod emit;
mod error;
mod evaluate;
mod freeze;
mod import;
mod predict;
mod report;
mod run;
mod source;
mod start;
mod statistics;
mod train;

use std::path::Path;
use std::sync::OnceLock;

use burn::tensor::{Tensor, TensorData};
use termc_compiler::Options;
use termc_compiler::model::Model as CheckedModel;

pub use checked::CheckedSource;
pub use compute::Compute;
pub use data::{DatasetChoice, Preprocessing};
pub use emit::{EmbeddedFiles, write_embedded};
pub use error::ModelError;
pub use evaluate::{Answered, EvaluateOptions, EvaluatedPart, default_batch};
pub use freeze::{Accuracy, FreezeOptions, FreezeProgress, FrozenModel};
pub use import::{export_checkpoint, import_checkpoint};
pub use predict::{ImageBatch, Prediction, image_shape};
pub use report::require_test_images;
pub use run::{RunInput, RunOptions};
pub use source::ModelSource;
pub use start::StartWeights;
pub use statistics::{MeanDeviation, NodeStatistics};

use crate::Error;
use crate::network::{Network, Pass};
use crate::params::Params;
use crate::tensors::Tensors;

/// A model with its weights on a device.
pub struct Model {
    checked: CheckedSource,
    network: Network,
    params: Params,
    compute: Compute,
    preprocessing: OnceLock<Preprocessing>,
}

impl Model {
    /// Loads a RUN folder (its best weights), a frozen file or a weight file onto the device that `auto` takes: a GPU
    /// where there is one that works, else the CPU.
    ///
    /// # Errors
    /// If the path is none of these, the model does not compile, or the weights are not the model's.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::load_with(path, None, Compute::auto()?)
    }

    /// The same with weights from another file (needed for a `.term` file, which brings none), on a chosen device.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with(
        path: impl AsRef<Path>,
        weights: Option<&Path>,
        compute: Compute,
    ) -> Result<Self, Error> {
        let checked = ModelSource::read(path.as_ref())?.check(&Options::default())?;
        let weights = checked.weights(weights)?;
        Self::new(checked, &weights.tensors, compute)
    }

    /// Puts a checked model's weights on a device.
    ///
    /// # Errors
    /// If the tensors are not the model's parameters: every name and shape that differs.
    pub fn new(checked: CheckedSource, weights: &Tensors, compute: Compute) -> Result<Self, Error> {
        let params = Params::from_tensors(&checked.model, weights, &compute.device.device)?;
        Ok(Self {
            network: Network::new(&checked.model),
            params,
            compute,
            checked,
            preprocessing: OnceLock::new(),
        })
    }

    /// The checked model: its input size, classes, nodes, loss and recipe.
    pub fn checked(&self) -> &CheckedModel {
        &self.checked.model
    }

    /// Where the model came from.
    pub fn source(&self) -> &CheckedSource {
        &self.checked
    }

    /// The device and how it computes.
    pub fn compute(&self) -> &Compute {
        &self.compute
    }

    /// The weights, on the device.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Class names and normalization, as recorded in training.
    ///
    /// # Errors
    /// If nothing recorded them, as for a weight file by itself: see [`with_preprocessing`](Self::with_preprocessing).
    pub fn preprocessing(&self) -> Result<&Preprocessing, Error> {
        if let Some(known) = self.preprocessing.get() {
            return Ok(known);
        }
        let found = self.checked.preprocessing()?;
        Ok(self.preprocessing.get_or_init(|| found))
    }

    /// Takes these class names and this normalization in place of what training recorded.
    pub fn with_preprocessing(mut self, preprocessing: Preprocessing) -> Self {
        self.preprocessing = OnceLock::from(preprocessing);
        self
    }

    /// The logits `[N, classes]` of normalized images `[N, C, H, W]`, on the model's device.
    pub fn logits(&self, images: Tensor<4>) -> Tensor<2> {
        let forward = self.network.forward(&self.params, images, &self.pass());
        forward.logits
    }

    fn pass(&self) -> Pass<'static> {
        Pass {
            kernels: self.compute.kernels,
            precision: self.compute.precision,
            ..Pass::default()
        }
    }
}

/// Waits for a value and fetches it.
fn fetch<const D: usize>(value: Tensor<D>) -> Result<TensorData, Error> {
    let failed = |error| Error::Device(format!("the device failed: {error}"));
    value.try_into_data().map_err(failed)
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            checked, compute, ..
        } = self;
        write!(f, "Model({} on {})", checked.model.name, compute.device)
    }
}
