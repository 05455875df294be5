//! One rank's copy of everything a step changes: the gradient of its shards of the step's images, checked, and the update
//! by the whole step's gradient. Knows no other rank.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use termc_compiler::model::Clip;
use termc_data::Batch;
use termc_data::random::Key;
use termc_kernels::KernelChoice;

use super::evaluate::upload;
use super::finite::{self, NonFinite};
use super::running::Running;
use super::settings::Settings;
use crate::Error;
use crate::loss::hits;
use crate::network::{Dropout, Network, Pass, Precision};
use crate::objective::{self, TermValues};
use crate::optim::{Ema, Optimizer, clip};
use crate::params::{Params, flatten, unflatten};
use crate::tensors::{Tensors, digest};
use crate::weights::IN_CHECKPOINTS;

/// Weights, optimizer and averages on one device.
pub struct Replica {
    network: Arc<Network>,
    params: Params,
    optimizer: Optimizer,
    ema: Option<Ema>,
    running: Option<Running>,
    clip: Option<Clip>,
    kernels: KernelChoice,
    precision: Precision,
    dropout: Key,
    device: Device,
}

/// Images of a step that one rank computes in one piece.
#[derive(Debug)]
pub struct Shard {
    /// The images.
    pub batch: Batch,
    /// Position of the first one in the step, which its random streams are keyed by.
    pub first_image: usize,
    /// Their fraction of the step's images.
    pub weight: f64,
}

/// The loss and the right answers of a shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardResult {
    /// Mean loss terms, finite.
    pub terms: TermValues,
    /// Images.
    pub images: usize,
    /// Of them, classified right.
    pub correct: usize,
}

impl Replica {
    /// Fresh weights, but those of `start`; the same on every rank.
    ///
    /// # Errors
    /// If a tensor of `start` is none of the model's parameters.
    pub fn new(
        network: Arc<Network>,
        settings: &Settings,
        start: Option<&Tensors>,
        device: Device,
    ) -> Result<Self, Error> {
        let model = network.model();
        let mut params = Params::init(model, settings.seed, &device);
        if let Some(start) = start {
            let mut tensors = params.to_tensors();
            tensors.extend(
                start
                    .iter()
                    .map(|(path, data)| (path.clone(), data.clone())),
            );
            params = Params::from_tensors(model, &tensors, &device)?;
        }
        Ok(Self {
            optimizer: Optimizer::new(model, &device),
            ema: model.train.ema.map(|decay| Ema::new(decay, &params)),
            running: Running::of(model, &device),
            clip: model.train.clip,
            kernels: settings.kernels,
            precision: settings.precision,
            dropout: Key::new(settings.seed).named("dropout"),
            params,
            device,
            network,
        })
    }

    /// Weights, optimizer state and averages, for a checkpoint.
    pub fn to_tensors(&self) -> Tensors {
        let mut tensors = unflatten(self.params.model(), IN_CHECKPOINTS, &self.params.flat());
        tensors.extend(self.optimizer.to_tensors());
        if let Some(ema) = &self.ema {
            tensors.extend(ema.to_tensors());
        }
        tensors
    }

    /// SHA-256 of everything a checkpoint would hold, in hexadecimal; equal replicas have equal ones.
    pub fn digest(&self) -> String {
        digest(&self.to_tensors())
    }

    /// Takes up a checkpoint's tensors after `steps` steps.
    ///
    /// # Errors
    /// If they are not of this model and recipe.
    pub fn load(&mut self, tensors: &Tensors, steps: usize) -> Result<(), Error> {
        let flat = flatten(self.params.model(), IN_CHECKPOINTS, tensors, &self.device)?;
        self.params = self.params.with_values(flat);
        self.optimizer.load(tensors, steps)?;
        if let Some(ema) = &mut self.ema {
            ema.load(tensors, &self.device)?;
        }
        Ok(())
    }

    /// The weights as the optimizer has them.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The weights that are validated and kept: the averaged ones, if the recipe averages.
    pub fn evaluated(&self) -> Params {
        self.ema
            .as_ref()
            .map_or_else(|| self.params.clone(), |ema| ema.params().clone())
    }

    /// The weighted sum of the shards' gradients in step number `step` (from 0), laid out like [`Params::flat`]; 0 without
    /// images. At the places of running statistics, which have no gradient, stand those of the shards. Shards without images
    /// are left out.
    ///
    /// # Errors
    /// What was not finite.
    pub fn gradient(
        &self,
        shards: Vec<Shard>,
        step: usize,
    ) -> Result<(Tensor<1>, Vec<ShardResult>), NonFinite> {
        let mut results = Vec::new();
        let mut sum: Option<Tensor<1>> = None;
        for shard in shards.into_iter().filter(|shard| !shard.batch.is_empty()) {
            let pass = Pass {
                dropout: Some(Dropout {
                    key: self.dropout.at(step as u64),
                    first_image: shard.first_image,
                }),
                kernels: self.kernels,
                precision: self.precision,
                ..Pass::default()
            };
            let (gradient, result) = self.differentiate(shard.batch, &pass)?;
            results.push(result);
            let weighted = match shard.weight {
                1.0 => gradient,
                weight => gradient.mul_scalar(weight),
            };
            sum = Some(match sum {
                None => weighted,
                Some(sum) => sum + weighted,
            });
        }
        let sum = sum.unwrap_or_else(|| self.params.flat().zeros_like());
        Ok((sum, results))
    }

    fn differentiate(
        &self,
        batch: Batch,
        pass: &Pass,
    ) -> Result<(Tensor<1>, ShardResult), NonFinite> {
        let images = batch.len();
        let labels: Vec<i64> = batch.labels.iter().map(|label| *label as i64).collect();
        let labels = TensorData::new(labels, [images]);
        let labels = Tensor::<1, Int>::from_data(labels, &self.device);
        let (input, targets) = upload(batch, &self.device);
        let (network, params) = (&self.network, &self.params);
        let found = objective::evaluate(network, params, input.clone(), targets, pass);
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
            return Err(finite::locate(
                network, params, input, pass, &terms, gradient,
            ));
        }
        let result = ShardResult {
            terms,
            images,
            correct,
        };
        let moved = match found.statistics {
            Some(statistics) => found.gradient + statistics,
            None => found.gradient,
        };
        Ok((moved, result))
    }

    /// Updates the weights by what [`gradient`](Self::gradient) gives for a whole step, with learning rate `lr`.
    pub fn update(&mut self, gradient: Tensor<1>, lr: f64) {
        let gradient = match &self.running {
            Some(running) => {
                self.params = running.moved(&self.params, &gradient);
                running.without(gradient)
            }
            None => gradient,
        };
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
