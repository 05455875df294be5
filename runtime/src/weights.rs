//! Weight files: a model's parameters under their paths, with the model's source in the metadata. Does not decide
//! which model a file is meant for.

use std::path::Path;

use termc_compiler::model::Model;

use crate::Error;
use crate::freeze::Card;
use crate::optim::ema;
use crate::params::Params;
use crate::tensors::{TensorFile, Tensors};

/// Version of the layout of weight files; others are refused.
pub const FORMAT: u32 = 2;

/// The format of before language 2, whose parameters have other paths.
const OF_LANGUAGE_1: &str = "1";

/// Metadata keys.
pub mod key {
    /// [`super::FORMAT`] in decimal.
    pub const FORMAT: &str = "termc.format";
    /// The model's canonical source.
    pub const SOURCE: &str = "termc.source";
    /// The model's name.
    pub const MODEL: &str = "termc.model";
    /// Where a training stands, in checkpoints alone.
    pub const CHECKPOINT: &str = "termc.checkpoint";
}

/// Prefix of the weights' names in checkpoints.
pub const IN_CHECKPOINTS: &str = "weights.";

/// The weights that are validated and kept, out of a checkpoint's tensors: the averaged ones, if there are any.
pub fn of_checkpoint(tensors: &Tensors) -> Tensors {
    let averaged = tensors.keys().any(|name| name.starts_with(ema::PREFIX));
    let prefix = if averaged {
        ema::PREFIX
    } else {
        IN_CHECKPOINTS
    };
    let named = tensors.iter();
    let named = named.filter_map(|(name, data)| Some((name.strip_prefix(prefix)?, data)));
    named
        .map(|(name, data)| (name.to_owned(), data.clone()))
        .collect()
}

/// What a weight file holds.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Parameters by path, and whatever else the writer put beside them.
    pub tensors: Tensors,
    /// The source of the model they belong to; None in files of other programs.
    pub source: Option<String>,
    /// That model's name.
    pub model: Option<String>,
    /// What a frozen file says of itself; None in other weight files.
    pub frozen: Option<Card>,
    /// What their user should know of them: a sentence, such as that they come from a checkpoint.
    pub warning: Option<String>,
}

/// Lays out parameters as a weight file; callers may add tensors and metadata before writing it.
pub fn file(model: &Model, params: &Params) -> TensorFile {
    of_tensors(model, params.to_tensors())
}

/// The same of parameters that are on no device, by path.
pub fn of_tensors(model: &Model, tensors: Tensors) -> TensorFile {
    let metadata = [
        (key::FORMAT, FORMAT.to_string()),
        (key::SOURCE, model.source().to_owned()),
        (key::MODEL, model.name.clone()),
    ];
    TensorFile {
        tensors,
        metadata: metadata.map(|(k, v)| (k.to_owned(), v)).into(),
    }
}

/// Writes parameters atomically.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, model: &Model, params: &Params) -> Result<(), Error> {
    file(model, params).write(path)
}

/// Reads any `.safetensors` file as weights; of a training's checkpoint, the weights that it validates.
///
/// # Errors
/// If it cannot be read, is damaged, or was written in another format.
pub fn read(path: &Path) -> Result<Weights, Error> {
    let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
    parse(path, &bytes)
}

/// Reads the bytes of a file that was read from `path`.
///
/// # Errors
/// As [`read`].
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Weights, Error> {
    let file = TensorFile::parse_file(path, bytes)?;
    if let Some(version) = file.metadata.get(key::FORMAT) {
        let problem = match version.as_str() {
            version if version == FORMAT.to_string() => None,
            OF_LANGUAGE_1 => Some(
                "was written for language 1, whose weights have other names; train the model again"
                    .to_owned(),
            ),
            version => Some(format!(
                "has weight format `{version}`; this version reads `{FORMAT}`"
            )),
        };
        if let Some(problem) = problem {
            return Err(Error::Content {
                path: path.to_owned(),
                problem,
            });
        }
    }
    Ok(Weights {
        frozen: Card::read(path, &file.metadata)?,
        source: file.metadata.get(key::SOURCE).cloned(),
        model: file.metadata.get(key::MODEL).cloned(),
        tensors: match file.metadata.contains_key(key::CHECKPOINT) {
            true => of_checkpoint(&file.tensors),
            false => file.tensors,
        },
        warning: None,
    })
}
