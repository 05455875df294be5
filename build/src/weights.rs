//! Copies weight files beside emitted source, if they are the model's. Looks at names, shapes and types, not at numbers.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use termc_compiler::emit::{INPUT, LOGITS};
use termc_compiler::model::{Mismatch, Model};

use crate::Error;

/// File names beside the source.
pub(crate) struct Copies {
    /// The parameters.
    pub weights: String,
    /// Input and logits.
    pub check: Option<String>,
}

/// Copies the files to where `output` will be, named after it.
pub(crate) fn copy(
    model: &Model,
    weights: &Path,
    check: Option<&Path>,
    output: &Path,
) -> Result<Copies, Error> {
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    let copies = Copies {
        weights: format!("{stem}.safetensors"),
        check: check.map(|_| format!("{stem}.check.safetensors")),
    };
    let place = |bytes: &[u8], name: &str| {
        let to = output.with_file_name(name);
        std::fs::write(&to, bytes).map_err(Error::file("write", &to))
    };
    let bytes = read(weights, |tensors| fits(model, tensors))?;
    place(&bytes, &copies.weights)?;
    if let (Some(check), Some(name)) = (check, &copies.check) {
        let bytes = read(check, |tensors| answers(model, tensors))?;
        place(&bytes, name)?;
    }
    Ok(copies)
}

/// What a file says about one tensor.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// The tensors of a file, by name.
type Header = BTreeMap<String, Entry>;

/// A file's bytes, if `verify` has nothing to say against its tensors.
fn read(path: &Path, verify: impl FnOnce(&Header) -> Result<(), String>) -> Result<Vec<u8>, Error> {
    let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
    match header(&bytes).and_then(|header| verify(&header)) {
        Ok(()) => Ok(bytes),
        Err(problem) => Err(Error::Weights {
            path: path.to_owned(),
            problem,
        }),
    }
}

/// The header of a `.safetensors` file: its length in 8 bytes, then JSON; the numbers after it must be all there.
fn header(bytes: &[u8]) -> Result<Header, String> {
    let broken = |why: &str| format!("is not a readable safetensors file: {why}");
    let (length, rest) = bytes
        .split_first_chunk::<8>()
        .ok_or_else(|| broken("too short"))?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let text = rest
        .get(..length)
        .ok_or_else(|| broken("its header is cut off"))?;
    let mut entries: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(text).map_err(|error| broken(&error.to_string()))?;
    entries.remove("__metadata__");
    let entries = entries.into_iter().map(|(name, entry)| {
        let entry: Entry = serde_json::from_value(entry).map_err(|e| broken(&e.to_string()))?;
        Ok((name, entry))
    });
    let header: Header = entries.collect::<Result<_, String>>()?;
    let end = header.values().map(|entry| entry.data_offsets[1]).max();
    match end.unwrap_or(0) == rest.len() - length {
        true => Ok(header),
        false => Err(broken("its numbers are cut off")),
    }
}

/// Every parameter and nothing else, in 32-bit floats.
fn fits(model: &Model, tensors: &Header) -> Result<(), String> {
    let shapes = tensors.iter();
    let shapes = shapes.map(|(name, entry)| (name.as_str(), entry.shape.as_slice()));
    let found = Mismatch::check(model, shapes.collect());
    found.map_err(|found| format!("cannot be embedded: {found}"))?;
    match tensors.iter().find(|(_, entry)| entry.dtype != "F32") {
        Some((name, entry)) => Err(format!(
            "holds `{name}` as {}, but embedded parameters are F32",
            entry.dtype
        )),
        None => Ok(()),
    }
}

/// Images of the model and as many rows of logits.
fn answers(model: &Model, tensors: &Header) -> Result<(), String> {
    let shape = |name| {
        let entry = tensors.get(name);
        entry
            .map(|entry| entry.shape.as_slice())
            .ok_or_else(|| format!("has no tensor `{name}`"))
    };
    let (input, logits) = (shape(INPUT)?, shape(LOGITS)?);
    match input {
        [n, image @ ..] if image == model.input && logits == [*n, model.classes] => Ok(()),
        _ => Err(format!(
            "has `{INPUT}` {input:?} and `{LOGITS}` {logits:?}, which are not of model `{}`",
            model.name
        )),
    }
}
