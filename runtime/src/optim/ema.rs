//! Exponential moving average of the weights.

use burn::tensor::Device;

use crate::Error;
use crate::params::{Params, flatten, unflatten};
use crate::tensors::Tensors;

/// `a = decay * a + (1 - decay) * p` after every step; starts at the parameters' initial values.
#[derive(Clone, Debug)]
pub struct Ema {
    decay: f64,
    average: Params,
}

/// Prefix of the averages' names.
pub(crate) const PREFIX: &str = "ema.";

impl Ema {
    /// Starts at these parameters.
    pub fn new(decay: f64, params: &Params) -> Self {
        Self {
            decay,
            average: params.clone(),
        }
    }

    /// Takes the parameters after a step into account.
    pub fn update(&mut self, params: &Params) {
        let old = self.average.flat().mul_scalar(self.decay);
        let new = old + params.flat().mul_scalar(1.0 - self.decay);
        self.average = params.trained_to(new);
    }

    /// The averaged parameters.
    pub fn params(&self) -> &Params {
        &self.average
    }

    /// The averages as tensors named `ema.{path}`.
    pub fn to_tensors(&self) -> Tensors {
        unflatten(self.average.model(), PREFIX, &self.average.flat())
    }

    /// Takes up earlier averages; other names are ignored.
    ///
    /// # Errors
    /// If some are missing or have other shapes.
    pub fn load(&mut self, tensors: &Tensors, device: &Device) -> Result<(), Error> {
        let flat = flatten(self.average.model(), PREFIX, tensors, device)?;
        self.average = self.average.with_values(flat);
        Ok(())
    }
}
