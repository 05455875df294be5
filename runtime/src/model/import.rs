//! Weights of the published PyTorch code into a weight file and back. Which name becomes which is `crate::import`'s
//! business.

use std::path::Path;

use super::{CheckedSource, ModelError};
use crate::Error;
use crate::import::{Checkpoint, Imported, NameMap, export, import};
use crate::params;
use crate::tensors::TensorFile;
use crate::weights::{self, Weights};

/// Converts a published checkpoint into a weight file of the model; `take` names one of several sets of weights in it.
///
/// # Errors
/// If a file cannot be read or written, or names or shapes do not match: they are listed and nothing is written.
pub fn import_checkpoint(
    model: &CheckedSource,
    checkpoint: &Path,
    names: &NameMap,
    take: Option<&str>,
    output: &Path,
) -> Result<Imported, Error> {
    let model = &model.model;
    let mut checkpoint = Checkpoint::open(checkpoint)?;
    let mut imported = import(model, &mut checkpoint, names, take)?;
    // What it holds of an old file is needed no more.
    drop(checkpoint);
    params::check(model, &imported.tensors)?;
    let file = weights::of_tensors(model, std::mem::take(&mut imported.tensors));
    file.write(output)?;
    imported.tensors = file.tensors;
    Ok(imported)
}

/// Writes weights of the model under the names and in the shapes of the published PyTorch code. Gives the number of tensors.
///
/// # Errors
/// If they are not the model's, or a parameter has no published name: all are listed and nothing is written.
pub fn export_checkpoint(
    model: &CheckedSource,
    weights: &Weights,
    output: &Path,
) -> Result<usize, Error> {
    params::check(&model.model, &weights.tensors)?;
    let tensors = export(&model.model, &weights.tensors).map_err(ModelError::from)?;
    let count = tensors.len();
    // What PyTorch's own tools write there.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    TensorFile { tensors, metadata }.write(output)?;
    Ok(count)
}
