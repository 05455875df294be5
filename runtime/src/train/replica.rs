//! One device's copy of everything a step changes: the gradient of a share of the step's images, checked, and the
//! update by the whole step's gradient. Knows no other copy.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use termc_compiler::model::Clip;

use super::evaluate::upload;
use super::finite::{self, Culprit};
use super::settings::Settings;
use crate::Error;
use crate::data::Batch;
use crate::device::TrainBackend;
use crate::loss::hits;
use crate::network::{Dropout, KernelChoice, Network, Pass, Precision};
use crate::objective::{self, TermValues};
use crate::optim::{Ema, Optimizer, clip};
use crate::params::{Params, flatten, unflatten};
use crate::random::Key;
use crate::tensors::Tensors;

/// Prefix of the weights' names in checkpoints.
const WEIGHTS: &str = "weights.";

/// Weights, optimizer and averages on one device.
pub struct Replica<B: TrainBackend> {
    network: Arc<Network>,
    params: Params<B::InnerBackend>,
    optimizer: Optimizer<B::InnerBackend>,
    ema: Option<Ema<B::InnerBackend>>,
    clip: Option<Clip>,
    kernels: KernelChoice,
    precision: Precision,
    dropout: Key,
    device: B::Device,
}

/// Images of a step that are computed in one piece.
#[derive(Debug)]
pub struct Share {
    /// The images.
    pub batch: Batch,
    /// Position of the first one in the step, which its random streams are keyed by.
    pub first_image: usize,
    /// Their fraction of the step's images.
    pub weight: f64,
}

/// What was seen of a share.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Mean loss terms.
    pub terms: TermValues,
    /// Images.
    pub images: usize,
    /// Of them, answered right.
    pub correct: usize,
}

impl<B: TrainBackend> Replica<B> {
    /// Fresh weights; the same on every device.
    pub fn new(network: Arc<Network>, settings: &Settings, device: B::Device) -> Self {
        let model = network.model();
        let params = Params::init(model, settings.seed, &device);
        Self {
            optimizer: Optimizer::new(model, &device),
            ema: model.train.ema.map(|decay| Ema::new(decay, &params)),
            clip: model.train.clip,
            kernels: settings.kernel_choice(),
            precision: settings.precision(),
            dropout: Key::new(settings.seed).named("dropout"),
            params,
            device,
            network,
        }
    }

    /// Weights, optimizer state and averages, for a checkpoint.
    pub fn to_tensors(&self) -> Tensors {
        let mut tensors = unflatten(self.params.model(), WEIGHTS, &self.params.flat());
        tensors.extend(self.optimizer.to_tensors());
        if let Some(ema) = &self.ema {
            tensors.extend(ema.to_tensors());
        }
        tensors
    }

    /// SHA-256 of everything a checkpoint would hold; equal replicas have equal ones.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (name, data) in self.to_tensors() {
            hash.update(name);
            hash.update(data.as_bytes());
        }
        hash.finalize().into()
    }

    /// Takes up a checkpoint's tensors after `steps` steps.
    ///
    /// # Errors
    /// If they are not of this model and recipe.
    pub fn load(&mut self, tensors: &Tensors, steps: usize) -> Result<(), Error> {
        let flat = flatten(self.params.model(), WEIGHTS, tensors, &self.device)?;
        self.params = self.params.with_values(flat);
        self.optimizer.load(tensors, steps)?;
        if let Some(ema) = &mut self.ema {
            ema.load(tensors, &self.device)?;
        }
        Ok(())
    }

    /// The weights as the optimizer has them.
    pub fn params(&self) -> &Params<B::InnerBackend> {
        &self.params
    }

    /// The weights that are validated and kept: the averaged ones, if the recipe averages.
    pub fn evaluated(&self) -> Params<B::InnerBackend> {
        self.ema
            .as_ref()
            .map_or_else(|| self.params.clone(), |ema| ema.params().clone())
    }

    /// The weighted sum of the shares' gradients in step number `step` (from 0), laid out like [`Params::flat`]; 0 without
    /// images. Shares without images are left out.
    ///
    /// # Errors
    /// What was not finite.
    pub fn gradient(
        &self,
        shares: Vec<Share>,
        step: usize,
    ) -> Result<(Tensor<B::InnerBackend, 1>, Vec<Seen>), Culprit> {
        let mut all_seen = Vec::new();
        let mut sum: Option<Tensor<B::InnerBackend, 1>> = None;
        for share in shares.into_iter().filter(|share| !share.batch.is_empty()) {
            let pass = Pass {
                dropout: Some(Dropout {
                    key: self.dropout.at(step as u64),
                    first_image: share.first_image,
                }),
                kernels: self.kernels,
                precision: self.precision,
                ..Pass::default()
            };
            let (gradient, seen) = self.of_batch(share.batch, &pass)?;
            all_seen.push(seen);
            let weighted = match share.weight {
                1.0 => gradient,
                weight => gradient.mul_scalar(weight),
            };
            sum = Some(match sum {
                None => weighted,
                Some(sum) => sum + weighted,
            });
        }
        let sum = sum.unwrap_or_else(|| self.params.flat().zeros_like());
        Ok((sum, all_seen))
    }

    fn of_batch(
        &self,
        batch: Batch,
        pass: &Pass,
    ) -> Result<(Tensor<B::InnerBackend, 1>, Seen), Culprit> {
        let images = batch.len();
        let labels: Vec<i64> = batch.labels.iter().map(|label| *label as i64).collect();
        let labels = TensorData::new(labels, [images]);
        let labels = Tensor::<B::InnerBackend, 1, Int>::from_data(labels, &self.device);
        let (input, targets) = upload::<B::InnerBackend>(batch, &self.device);
        let (network, params) = (&self.network, &self.params);
        let found = objective::evaluate::<B>(network, params, input.clone(), targets, pass);
        let terms = found.terms.values();
        let numbers = Tensor::cat(
            vec![
                finite::all_finite(found.gradient.clone()),
                hits(found.logits, labels).float().sum(),
            ],
            0,
        );
        let numbers: Vec<f64> = numbers.into_data().iter::<f64>().collect();
        let (finite, correct) = match numbers.as_slice() {
            [finite, correct] => (*finite == 1.0, *correct as usize),
            _ => (false, 0),
        };
        if !finite || !terms.total.is_finite() {
            let gradient = &found.gradient;
            return Err(finite::find(network, params, input, pass, &terms, gradient));
        }
        let seen = Seen {
            terms,
            images,
            correct,
        };
        Ok((found.gradient, seen))
    }

    /// Updates the weights by the gradient of a whole step with learning rate `lr`.
    pub fn update(&mut self, gradient: Tensor<B::InnerBackend, 1>, lr: f64) {
        let gradient = match self.clip {
            Some(limit) => clip(limit, gradient),
            None => gradient,
        };
        self.params = self.optimizer.step(&self.params, gradient, lr);
        if let Some(ema) = &mut self.ema {
            ema.update(&self.params);
        }
    }
}
