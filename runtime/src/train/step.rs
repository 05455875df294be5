//! One optimizer step: gradients of one or several batches, checked, clipped, applied. Knows no epochs and no files.

use burn::tensor::{Int, Tensor, TensorData};
use termc_compiler::model::{Clip, Model};

use super::evaluate::upload;
use super::finite::{self, Culprit};
use super::settings::Settings;
use crate::Error;
use crate::data::Batch;
use crate::device::{Devices, TrainBackend};
use crate::loss::hits;
use crate::network::{Dropout, KernelChoice, Network, Pass};
use crate::objective::{self, TermValues};
use crate::optim::{Ema, Optimizer, clip};
use crate::params::{Params, flatten, unflatten};
use crate::random::Key;
use crate::tensors::Tensors;

/// Prefix of the weights' names in checkpoints.
const WEIGHTS: &str = "weights.";

/// Everything a step changes.
pub struct Learner<B: TrainBackend> {
    params: Params<B::InnerBackend>,
    optimizer: Optimizer<B::InnerBackend>,
    ema: Option<Ema<B::InnerBackend>>,
    clip: Option<Clip>,
    kernels: KernelChoice,
    dropout: Key,
    device: B::Device,
}

/// What a step did.
#[derive(Clone, Copy, Debug)]
pub struct StepResult {
    /// Mean loss terms over its images.
    pub terms: TermValues,
    /// Images.
    pub images: usize,
    /// Images answered right.
    pub correct: usize,
}

impl<B: TrainBackend> Learner<B> {
    /// Fresh weights.
    pub fn new(model: &Model, settings: &Settings, devices: &Devices<B>) -> Self {
        let device = devices.main.clone();
        let params = Params::init(model, settings.seed, &device);
        let ema = model.train.ema.map(|decay| Ema::new(decay, &params));
        Self {
            optimizer: Optimizer::new(model, &device),
            ema,
            clip: model.train.clip,
            kernels: settings.kernel_choice(),
            dropout: Key::new(settings.seed).named("dropout"),
            params,
            device,
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

    /// Takes them up again after `steps` steps.
    ///
    /// # Errors
    /// If they are not of this model and recipe.
    pub fn load(&mut self, tensors: &Tensors, steps: usize) -> Result<(), Error> {
        let model = self.params.model().clone();
        let flat = flatten(&model, WEIGHTS, tensors, &self.device)?;
        self.params = Params::from_flat(&model, flat);
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

    /// Makes step number `step` (from 0) of learning rate `lr` on the images of all `batches` together.
    ///
    /// # Errors
    /// What was not finite; the weights are then as before.
    pub fn step(
        &mut self,
        network: &Network,
        batches: Vec<Batch>,
        step: usize,
        lr: f64,
    ) -> Result<StepResult, Culprit> {
        let total: usize = batches.iter().map(Batch::len).sum();
        let alone = batches.len() == 1;
        let mut result = StepSums::default();
        let mut gradient: Option<Tensor<B::InnerBackend, 1>> = None;
        for batch in batches {
            let pass = Pass {
                dropout: Some(Dropout {
                    key: self.dropout.at(step as u64),
                    first_image: result.images,
                }),
                kernels: self.kernels,
                ..Pass::default()
            };
            let share = batch.len() as f64 / total.max(1) as f64;
            let part = self.gradient(network, batch, &pass, &mut result)?;
            let part = if alone { part } else { part.mul_scalar(share) };
            gradient = Some(match gradient {
                None => part,
                Some(sum) => sum + part,
            });
        }
        if let Some(gradient) = gradient {
            let gradient = match self.clip {
                Some(limit) => clip(limit, gradient),
                None => gradient,
            };
            self.params = self.optimizer.step(&self.params, gradient, lr);
            if let Some(ema) = &mut self.ema {
                ema.update(&self.params);
            }
        }
        Ok(result.finish())
    }

    /// The gradient of one batch's loss; its terms and right answers are added to `sums`.
    fn gradient(
        &self,
        network: &Network,
        batch: Batch,
        pass: &Pass,
        sums: &mut StepSums,
    ) -> Result<Tensor<B::InnerBackend, 1>, Culprit> {
        let images = batch.len();
        let labels: Vec<i64> = batch.labels.iter().map(|label| *label as i64).collect();
        let labels = TensorData::new(labels, [images]);
        let labels = Tensor::<B::InnerBackend, 1, Int>::from_data(labels, &self.device);
        let (input, targets) = upload::<B::InnerBackend>(batch, &self.device);
        let found = objective::evaluate::<B>(network, &self.params, input.clone(), targets, pass);
        let terms = found.terms.values();
        let seen = Tensor::cat(
            vec![
                finite::all_finite(found.gradient.clone()),
                hits(found.logits, labels).float().sum(),
            ],
            0,
        );
        let seen: Vec<f64> = seen.into_data().iter::<f64>().collect();
        let (finite, correct) = match seen.as_slice() {
            [finite, correct] => (*finite == 1.0, *correct as usize),
            _ => (false, 0),
        };
        if !finite || !terms.total.is_finite() {
            let (params, gradient) = (&self.params, &found.gradient);
            return Err(finite::find(network, params, input, pass, &terms, gradient));
        }
        sums.add(&terms, images, correct);
        Ok(found.gradient)
    }
}

/// What the batches of a step add up to.
#[derive(Default)]
struct StepSums {
    sums: super::scores::Sums,
    images: usize,
    correct: usize,
}

impl StepSums {
    fn add(&mut self, terms: &TermValues, images: usize, correct: usize) {
        self.sums.add(terms, images, correct);
        self.images += images;
        self.correct += correct;
    }

    fn finish(self) -> StepResult {
        StepResult {
            terms: self.sums.terms(),
            images: self.images,
            correct: self.correct,
        }
    }
}
