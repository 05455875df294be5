//! Asks a network about every image of a subset once. Changes nothing and trains nothing.

use std::sync::Arc;

use burn::tensor::Tensor;
use burn::tensor::TensorData;
use burn::tensor::backend::Backend;
use termc_compiler::model::Normalize;

use super::scores::{Scores, Sums};
use crate::Error;
use crate::data::{Batch, Loader, Part, Subset};
use crate::kernels::Kernels;
use crate::network::{KernelChoice, Network, Pass, Precision};
use crate::objective;
use crate::params::Params;
use crate::random::Key;

/// Images per batch of an evaluation, where nobody says otherwise: as many as in training, and at least 64, because
/// statistics over fewer images make answers noisier than they need be.
pub fn default_batch(training: usize) -> usize {
    training.max(64)
}

/// How images are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Images per batch; the answers depend on it where the model has statistics over the batch.
    pub batch: usize,
    /// What pixels are normalized with.
    pub normalize: &'a Normalize,
    /// Which code computes.
    pub kernels: KernelChoice,
    /// Type of the activations.
    pub precision: Precision,
}

/// All images of a part, in an order that is always the same and has nothing to do with their classes: data sets sorted
/// by class would otherwise make batches of one class, whose statistics are none.
pub fn mixed(part: &Arc<Part>) -> Result<Subset, Error> {
    let order = Key::new(0).named("evaluation").permutation(part.len());
    Ok(Subset::new(part.clone(), order)?)
}

/// Asks about every image once. `watch` is told how many are done after each batch; when it answers false, the rest is
/// left out and None returned.
///
/// # Errors
/// If images cannot be read.
pub fn evaluate<B: Kernels>(
    network: &Network,
    params: &Params<B>,
    subset: Subset,
    asking: Asking<'_>,
    device: &B::Device,
    mut watch: impl FnMut(usize, usize) -> bool,
) -> Result<Option<Scores>, Error> {
    let total = subset.len();
    let loader = Loader::evaluation(subset, asking.batch, asking.normalize)?;
    let mut scores = Scores::new(network.model().classes);
    let mut sums = Sums::default();
    let pass = Pass {
        kernels: asking.kernels,
        precision: asking.precision,
        ..Pass::default()
    };
    for batch in loader.epoch(0, 0)? {
        let batch = batch?;
        let size = batch.len();
        let (labels, indices) = (batch.labels.clone(), batch.indices.clone());
        let (input, targets) = upload::<B>(batch, device);
        let forward = network.forward(params, input, &pass);
        let terms = objective::terms(network, params, &forward, targets).values();
        let logits: Vec<f32> = forward.logits.into_data().iter::<f32>().collect();
        scores.add(&logits, &labels, &indices);
        sums.add(&terms, size, 0);
        if !watch(scores.images as usize, total) {
            return Ok(None);
        }
    }
    scores.terms = sums.terms();
    Ok(Some(scores))
}

/// Moves a batch to a device: images `[N, C, H, W]` and targets `[N, classes]`.
pub fn upload<B: Backend>(batch: Batch, device: &B::Device) -> (Tensor<B, 4>, Tensor<B, 2>) {
    let size = batch.labels.len();
    let classes = batch.targets.len() / size.max(1);
    let images = TensorData::new(batch.images, batch.shape);
    let targets = TensorData::new(batch.targets, [size, classes]);
    (
        Tensor::from_data(images, device),
        Tensor::from_data(targets, device),
    )
}
