//! Weights of the published PyTorch code into a weight file and back. Which name becomes which is `crate::import`'s
//! business.

use std::path::Path;

use super::{CheckedSource, ModelError};
use crate::Error;
use crate::device::DeviceChoice;
use crate::import::{Imported, NameMap, export, import, read};
use crate::params::{self, Params};
use crate::tensors::TensorFile;
use crate::weights;

/// Converts a published checkpoint into a weight file of the model.
///
/// # Errors
/// If a file cannot be read or written, or names or shapes do not match: all of them are listed and nothing is written.
pub fn import_checkpoint(
    model: &CheckedSource,
    checkpoint: &Path,
    names: &NameMap,
    output: &Path,
) -> Result<Imported, Error> {
    let model = &model.model;
    let imported = import(model, read(checkpoint)?, names).map_err(ModelError::from)?;
    let cpu = DeviceChoice::Cpu.select()?;
    let params = Params::from_tensors(model, &imported.tensors, &cpu.device)?;
    weights::write(output, model, &params)?;
    Ok(imported)
}

/// Writes the model's weights under the names and in the shapes of the published PyTorch code; `weights` is the file that
/// is named. Gives the number of tensors.
///
/// # Errors
/// If there are no weights, they are not the model's, or a parameter has no published name: all are listed and nothing is
/// written.
pub fn export_checkpoint(
    model: &CheckedSource,
    weights: Option<&Path>,
    output: &Path,
) -> Result<usize, Error> {
    let tensors = weights::read(&model.weights_path(weights)?)?.tensors;
    params::check(&model.model, &tensors)?;
    let tensors = export(&model.model, &tensors).map_err(ModelError::from)?;
    let count = tensors.len();
    // What PyTorch's own tools write there.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    TensorFile { tensors, metadata }.write(output)?;
    Ok(count)
}
