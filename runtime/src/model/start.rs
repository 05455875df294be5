//! Weights to begin a training with, of the same model or one of another number of classes: which of them are taken, and
//! which parameters stay fresh. Trains nothing.

use std::path::Path;

use termc_compiler::Options;
use termc_compiler::model::{Mismatch, Param};

use super::checked::weights_at;
use super::{CheckedSource, ModelError, ModelSource};
use crate::Error;
use crate::tensors::{Tensors, digest};
use crate::train::Start;

/// Weights that a training begins with.
#[derive(Clone, Debug)]
pub struct StartWeights {
    /// By path; of parameters that are not here fresh ones are taken.
    pub tensors: Tensors,
    /// Paths of the parameters that stay fresh, because they are made for another number of classes, and that number.
    pub fresh: Option<(Vec<String>, usize)>,
    /// For the record.
    pub start: Start,
    /// What their user should know of them.
    pub warning: Option<String>,
}

impl CheckedSource {
    /// Reads weights to begin a training of this model with, from a weight file or a RUN folder (its best). Parameters that
    /// have one size for each class stay fresh where the weights are made for another number of classes.
    ///
    /// # Errors
    /// If they cannot be read, are frozen, or differ from the model in anything else: every name and shape.
    pub fn start_weights(&self, path: &Path) -> Result<StartWeights, Error> {
        let read = weights_at(path)?;
        if read.frozen.is_some() {
            return Err(ModelError::StartFrozen(path.to_owned()).into());
        }
        let mut tensors = read.tensors;
        // Files of other programs do not say what they are made for; then all their sizes have to say the same.
        let mut theirs = read.source.and_then(|text| {
            let source = ModelSource::from_text("weights", text);
            Some(source.check(&Options::default()).ok()?.model.classes)
        });
        let mut fresh = Vec::new();
        for param in &self.model.params {
            let found = tensors.get(&param.path);
            let found =
                found.and_then(|found| other_classes(param, found.shape(), self.model.classes));
            if let Some(classes) = found
                && theirs.is_none_or(|known| known == classes)
            {
                theirs = Some(classes);
                tensors.remove(&param.path);
                fresh.push(param.path.clone());
            }
        }
        let stays = self
            .model
            .params
            .iter()
            .filter(|param| fresh.contains(&param.path));
        let stays = stays.map(|param| (param.path.as_str(), param.shape.as_slice()));
        let found = tensors
            .iter()
            .map(|(name, data)| (name.as_str(), &data.shape()[..]));
        Mismatch::check(&self.model, found.chain(stays).collect())?;
        let start = Start {
            weights: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            sha256: digest(&tensors),
        };
        Ok(StartWeights {
            tensors,
            fresh: theirs
                .filter(|_| !fresh.is_empty())
                .map(|classes| (fresh, classes)),
            start,
            warning: read.warning,
        })
    }

    /// The same for a training whose record names them.
    ///
    /// # Errors
    /// As [`start_weights`](Self::start_weights), and if they are no longer those of the record.
    pub fn recorded_start(&self, start: &Start) -> Result<StartWeights, Error> {
        let found = self.start_weights(&start.weights)?;
        match found.start.sha256 == start.sha256 {
            true => Ok(found),
            false => Err(ModelError::OtherStart(start.weights.clone()).into()),
        }
    }
}

/// The other number of classes that a tensor is made for: it differs in one size, which the parameter has for each class.
fn other_classes(param: &Param, found: &[usize], classes: usize) -> Option<usize> {
    let sizes = param.shape.iter().zip(found);
    let mut different = sizes.filter(|(own, found)| own != found);
    let (own, theirs) = different.next()?;
    let alone = different.next().is_none() && param.shape.len() == found.len();
    (alone && *own == classes).then_some(*theirs)
}
