//! The two files beside emitted source: its parameters, and a case with known logits by which it checks itself. Emits no
//! source.

use std::path::PathBuf;

use burn::tensor::TensorData;
use termc_compiler::emit::{self, INPUT, LOGITS};

use super::{CheckedSource, ModelError};
use crate::Error;
use crate::device::DeviceChoice;
use crate::params::Params;
use crate::selfcheck;
use crate::tensors::write_atomic;
use crate::weights::{self, Weights};

/// Where they are written, and how.
#[derive(Clone, Debug)]
pub struct EmbeddedFiles {
    /// The parameters.
    pub weights: PathBuf,
    /// Images and their logits.
    pub check: PathBuf,
    /// All numbers as 32-bit floats, little-endian, in the order of the source's fields, in place of `.safetensors`: for
    /// source without the standard library.
    pub flat: bool,
}

/// Writes both files, each whole or not at all.
///
/// # Errors
/// If the weights are not the model's, a file cannot be written, or flat files are asked of a model with slow nets.
pub fn write_embedded(
    checked: &CheckedSource,
    weights: &Weights,
    files: &EmbeddedFiles,
) -> Result<(), Error> {
    let model = &checked.model;
    let cpu = DeviceChoice::Cpu.select()?.device;
    let params = Params::from_tensors(model, &weights.tensors, &cpu)?;
    let mut case = selfcheck::case(model, &params, &cpu);
    if !files.flat {
        let mut file = weights::file(model, &params);
        if let Some(card) = &checked.source.frozen {
            card.write(&mut file.metadata)?;
        }
        file.write(&files.weights)?;
        return case.write(&files.check);
    }
    let order = emit::flat(model).map_err(|problem| ModelError::Emit {
        name: checked.source.name.clone(),
        problem: problem.to_string(),
    })?;
    let numbers = order.into_iter().map(|id| params.get(id).into_data());
    write_atomic(&files.weights, &bytes(numbers))?;
    let numbers = [INPUT, LOGITS].map(|name| case.tensors.remove(name));
    write_atomic(&files.check, &bytes(numbers.into_iter().flatten()))
}

/// All numbers as 32-bit floats, little-endian.
fn bytes(data: impl IntoIterator<Item = TensorData>) -> Vec<u8> {
    let numbers = data
        .into_iter()
        .flat_map(|data| data.iter().collect::<Vec<f32>>());
    numbers.flat_map(f32::to_le_bytes).collect()
}
