//! Copies weight files beside emitted source, if they are the model's, and takes the model out of frozen ones. Looks at
//! names, shapes and types, not at numbers.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use termc_compiler::emit::{self, INPUT, LOGITS};
use termc_compiler::freeze::VERSION;
use termc_compiler::model::{Mismatch, Model};

use crate::{Error, Target};

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
    target: Target,
    output: &Path,
) -> Result<Copies, Error> {
    let stem = output.file_stem().unwrap_or_default().to_string_lossy();
    let extension = match target {
        Target::Burn | Target::Pytorch => "safetensors",
        Target::NoStd => "f32",
    };
    let copies = Copies {
        weights: format!("{stem}.{extension}"),
        check: check.map(|_| format!("{stem}.check.{extension}")),
    };
    let place = |file: &File, order: &[&str], name: &str| {
        let to = output.with_file_name(name);
        let bytes = match target {
            Target::Burn | Target::Pytorch => file.bytes.clone(),
            Target::NoStd => file.flat(order),
        };
        std::fs::write(&to, bytes).map_err(Error::file("write", &to))
    };
    let order = match target {
        Target::Burn | Target::Pytorch => vec![],
        Target::NoStd => {
            emit::flat(model).map_err(|why| Error::SlowNets(model.name.clone(), why))?
        }
    };
    let order: Vec<&str> = order.iter().map(|id| model[*id].path.as_str()).collect();
    let file = File::read(weights, |file| {
        fits(model, &file.tensors)?;
        form(model.frozen, &file.metadata)
    })?;
    place(&file, &order, &copies.weights)?;
    if let (Some(check), Some(name)) = (check, &copies.check) {
        let file = File::read(check, |file| answers(model, &file.tensors))?;
        place(&file, &[INPUT, LOGITS], name)?;
    }
    Ok(copies)
}

/// The text of the model that a frozen file carries.
pub(crate) fn frozen_source(path: &Path) -> Result<String, Error> {
    let mut file = File::read(path, |file| form(true, &file.metadata))?;
    let source = file.metadata.remove("termc.source");
    source.ok_or_else(|| Error::Weights {
        path: path.to_owned(),
        problem: "does not say which model it belongs to".into(),
    })
}

/// Whether a file's numbers are those of a frozen model, in this version's form, or of one that is not.
fn form(frozen: bool, metadata: &BTreeMap<String, String>) -> Result<(), String> {
    let Some(card) = metadata.get("termc.frozen") else {
        return match frozen {
            true => Err("is a weight file, but not of a frozen model".into()),
            false => Ok(()),
        };
    };
    if !frozen {
        return Err("holds the weights of a frozen model; say `frozen()`".into());
    }
    let card: serde_json::Value = serde_json::from_str(card).unwrap_or_default();
    match card.get("version") {
        Some(version) if *version == VERSION => Ok(()),
        _ => Err(format!("was frozen in another form than version {VERSION}")),
    }
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

/// A `.safetensors` file.
struct File {
    bytes: Vec<u8>,
    /// Where its numbers begin.
    start: usize,
    metadata: BTreeMap<String, String>,
    tensors: Header,
}

impl File {
    /// Reads a file, if `verify` has nothing to say against it.
    fn read(path: &Path, verify: impl FnOnce(&Self) -> Result<(), String>) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
        let file = Self::parse(bytes).and_then(|file| verify(&file).map(|()| file));
        file.map_err(|problem| Error::Weights {
            path: path.to_owned(),
            problem,
        })
    }

    /// The header is its length in 8 bytes, then JSON; the numbers after it must be all there.
    fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        let broken = |why: &str| format!("is not a readable safetensors file: {why}");
        let (length, rest) = bytes
            .split_first_chunk::<8>()
            .ok_or_else(|| broken("too short"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let text = rest
            .get(..length)
            .ok_or_else(|| broken("its header is cut off"))?;
        let json = |error: serde_json::Error| broken(&error.to_string());
        let mut entries: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(text).map_err(json)?;
        let metadata = entries.remove("__metadata__");
        let metadata = metadata.map(serde_json::from_value).transpose();
        let entries = entries.into_iter().map(|(name, entry)| {
            let entry: Entry = serde_json::from_value(entry).map_err(json)?;
            Ok((name, entry))
        });
        let tensors: Header = entries.collect::<Result<_, String>>()?;
        let end = tensors.values().map(|entry| entry.data_offsets[1]).max();
        match end.unwrap_or(0) == rest.len() - length {
            true => Ok(Self {
                start: 8 + length,
                metadata: metadata.map_err(json)?.unwrap_or_default(),
                tensors,
                bytes,
            }),
            false => Err(broken("its numbers are cut off")),
        }
    }

    /// The bytes of these tensors, one after the other.
    fn flat(&self, order: &[&str]) -> Vec<u8> {
        let numbers = self.bytes.get(self.start..).unwrap_or_default();
        let ranges = order.iter().filter_map(|name| self.tensors.get(*name));
        let parts = ranges.filter_map(|entry| {
            let [start, end] = entry.data_offsets;
            numbers.get(start..end)
        });
        parts.collect::<Vec<_>>().concat()
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
    let fits = |n: usize| input == model.input.dims(n) && logits == [n, model.classes];
    match input {
        [n, ..] if fits(*n) => Ok(()),
        _ => Err(format!(
            "has `{INPUT}` {input:?} and `{LOGITS}` {logits:?}, which are not of model `{}`",
            model.name
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and shapes may be the same: the numbers are not.
    #[test]
    fn frozen_and_other_weights_are_told_apart() {
        let card = |text: String| [("termc.frozen".to_owned(), text)].into();
        let (none, this) = (BTreeMap::new(), card(format!("{{\"version\": {VERSION}}}")));
        assert_eq!((form(false, &none), form(true, &this)), (Ok(()), Ok(())));
        let refused = [
            (true, &none, "not of a frozen model"),
            (false, &this, "of a frozen model; say `frozen()`"),
            (true, &card("{\"version\": 0}".into()), "in another form"),
            (true, &card("no JSON".into()), "in another form"),
        ];
        for (frozen, metadata, said) in refused {
            let problem = form(frozen, metadata).unwrap_err();
            assert!(problem.contains(said), "{problem}");
        }
    }
}
