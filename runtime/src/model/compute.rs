//! On which device and how a model computes. Finds no devices itself.

use super::ModelError;
use crate::Error;
use crate::device::{DeviceChoice, Selected};
use crate::network::{KernelChoice, Precision};

/// A device, the code that computes on it, and the type of the activations.
#[derive(Clone, Debug)]
pub struct Compute {
    /// What was asked for.
    pub choice: DeviceChoice,
    /// The device that was found.
    pub device: Selected,
    /// Own kernels or plain Burn operations; the same function.
    pub kernels: KernelChoice,
    /// Type of the activations.
    pub precision: Precision,
}

impl Compute {
    /// The device that is there, own kernels, 32-bit floats.
    ///
    /// # Errors
    /// Never for want of a GPU: the CPU is taken then, and [`Selected::note`] says why.
    pub fn auto() -> Result<Self, Error> {
        Self::on(&DeviceChoice::Auto)
    }

    /// The chosen device, own kernels, 32-bit floats.
    ///
    /// # Errors
    /// If the device is not there.
    pub fn on(choice: &DeviceChoice) -> Result<Self, Error> {
        Ok(Self {
            choice: choice.clone(),
            device: choice.select()?,
            kernels: KernelChoice::default(),
            precision: Precision::default(),
        })
    }

    /// Refuses a type of activations that the device does not compute with.
    ///
    /// # Errors
    /// If it is not 32-bit floats and the device has no others.
    pub fn require_precision(device: &Selected, precision: Precision) -> Result<(), Error> {
        match precision == Precision::F32 || device.has_bf16() {
            true => Ok(()),
            false => Err(ModelError::Precision {
                precision: precision.to_string(),
                device: device.to_string(),
            }
            .into()),
        }
    }
}
