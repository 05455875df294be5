//! Update rules over all parameters as one vector. Learning rates come from outside; gradients too.

pub(crate) mod ema;
mod rules;

use burn::tensor::{Device, Tensor};
use termc_compiler::model::{Clip, Model, Optimizer as Rule};

use crate::Error;
use crate::params::{Params, flatten, unflatten};
use crate::tensors::Tensors;

pub use ema::Ema;
pub(crate) use rules::state_names;

/// An update rule and its state. All vectors are laid out like [`Params::flat`].
#[derive(Clone, Debug)]
pub struct Optimizer {
    model: Model,
    rule: Rule,
    /// Names and values; zero before the first step.
    state: Vec<(&'static str, Tensor<1>)>,
    steps: usize,
}

impl Optimizer {
    /// The model's own rule, before its first step.
    pub fn new(model: &Model, device: &Device) -> Self {
        Self::with_rule(model, model.train.optimizer.clone(), device)
    }

    /// Another rule than the model's.
    pub fn with_rule(model: &Model, rule: Rule, device: &Device) -> Self {
        let count = model.params.iter().map(|p| p.count()).sum::<usize>();
        let state = rules::state_names(&rule)
            .iter()
            .map(|name| (*name, Tensor::zeros([count], device)))
            .collect();
        Self {
            model: model.clone(),
            rule,
            state,
            steps: 0,
        }
    }

    /// Number of steps done.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// One update of what is trained with learning rate `lr` (the base rate times the schedule's factor).
    pub fn step(&mut self, params: &Params, gradient: Tensor<1>, lr: f64) -> Params {
        self.steps += 1;
        let mut state = self.state.iter_mut().map(|(_, value)| value);
        let flat = rules::step(
            &self.rule,
            self.steps,
            params.flat(),
            gradient,
            lr,
            &mut state,
        );
        params.trained_to(flat)
    }

    /// The state as tensors named `optim.{state}.{path}`.
    pub fn to_tensors(&self) -> Tensors {
        self.state
            .iter()
            .flat_map(|(name, value)| unflatten(&self.model, &format!("optim.{name}."), value))
            .collect()
    }

    /// Takes up the state of an earlier optimizer of the same model and rule after `steps` steps; other names are ignored.
    ///
    /// # Errors
    /// If parts are missing or have other shapes.
    pub fn load(&mut self, tensors: &Tensors, steps: usize) -> Result<(), Error> {
        for (name, value) in &mut self.state {
            *value = flatten(
                &self.model,
                &format!("optim.{name}."),
                tensors,
                &value.device(),
            )?;
        }
        self.steps = steps;
        Ok(())
    }
}

/// Clips a gradient laid out like [`Params::flat`].
pub fn clip(clip: Clip, gradient: Tensor<1>) -> Tensor<1> {
    match clip {
        Clip::Value(limit) => gradient.clamp(-limit, limit),
        Clip::Norm(limit) => {
            let norm = (gradient.clone() * gradient.clone()).sum().sqrt();
            // limit / max(norm, limit): 1 for a gradient that is short enough.
            let factor = norm.clamp_min(limit).recip().mul_scalar(limit);
            gradient * factor
        }
    }
}
