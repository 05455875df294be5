//! A model that the compiler has checked, and the weights that belong to it. Computes nothing.

use std::path::Path;

use termc_compiler::diagnostics::{Style, render};
use termc_compiler::freeze::freeze;
use termc_compiler::model::Model as CheckedModel;
use termc_compiler::{Compiled, Options, compile};

use super::{ModelError, ModelSource};
use crate::Error;
use crate::train::{RunFolder, best};
use crate::weights::{self, Weights};

/// Columns of diagnostics inside an error.
const WIDTH: usize = 100;

/// A checked model and where it came from.
#[derive(Clone, Debug)]
pub struct CheckedSource {
    /// The model; of a frozen file the frozen one.
    pub model: CheckedModel,
    /// What was compiled, for pointing at lines.
    pub compiled: Compiled,
    /// Where it came from.
    pub source: ModelSource,
}

impl ModelSource {
    /// Compiles the text, so that the findings can be shown; [`checked`](Self::checked) takes the model from there.
    ///
    /// # Errors
    /// If changes are asked of a frozen model.
    pub fn compile(&self, changes: &Options) -> Result<Compiled, Error> {
        let changed = changes.model.is_some() || !changes.sets.is_empty();
        if self.frozen.is_some() && changed {
            return Err(ModelError::FrozenChanged(self.name.clone()).into());
        }
        Ok(compile(&self.name, &self.text, changes, &self.files()))
    }

    /// The model that was compiled from this source.
    ///
    /// # Errors
    /// If there is none, because the source is wrong: with the diagnostics as text.
    pub fn checked(self, compiled: Compiled) -> Result<CheckedSource, Error> {
        let Some(model) = compiled.model.clone() else {
            let style = Style {
                color: false,
                width: WIDTH,
            };
            let text = render(&compiled.sources, &compiled.diagnostics, style);
            return Err(ModelError::Diagnostics(text.trim_end().to_owned()).into());
        };
        Ok(CheckedSource {
            model: match self.frozen {
                // The source of a frozen file is that of the model it was made from.
                Some(_) => freeze(&model).model,
                None => model,
            },
            compiled,
            source: self,
        })
    }

    /// Compiles and checks in one go.
    ///
    /// # Errors
    /// As [`compile`](Self::compile) and [`checked`](Self::checked).
    pub fn check(self, changes: &Options) -> Result<CheckedSource, Error> {
        let compiled = self.compile(changes)?;
        self.checked(compiled)
    }
}

/// Reads a weight file, or the best weights of a RUN folder.
pub(super) fn weights_at(path: &Path) -> Result<Weights, Error> {
    match path.is_dir() {
        true => {
            let checked = ModelSource::read(path)?.check(&Options::default())?;
            checked.weights(None)
        }
        false => weights::read(path),
    }
}

fn best_of_run(run: &Path, model: &CheckedModel) -> Result<Weights, Error> {
    let best = best::read(&RunFolder::open(run)?.0, model)?;
    best.ok_or_else(|| ModelError::NoWeights.into())
}

impl CheckedSource {
    /// Reads the weights to use: those of the file or RUN folder that is named, else those the source brought along.
    ///
    /// # Errors
    /// If there are none, they cannot be read, or they are frozen and the model is not, or the other way round.
    pub fn weights(&self, named: Option<&Path>) -> Result<Weights, Error> {
        let path = named.or(self.source.weights.as_deref());
        let path = path.ok_or(ModelError::NoWeights)?;
        let weights = match (&self.source.run, named) {
            (Some(run), None) => best_of_run(run, &self.model)?,
            _ => weights_at(path)?,
        };
        match (&self.source.frozen, &weights.frozen) {
            (None, Some(_)) => Err(ModelError::WeightsOfFrozen(path.to_owned()).into()),
            (Some(_), None) => Err(ModelError::WeightsOfUnfrozen(path.to_owned()).into()),
            _ => Ok(weights),
        }
    }

    /// Refuses what only a model that can still be trained is good for; `problem` ends the sentence "is frozen: ...".
    ///
    /// # Errors
    /// If the model is frozen.
    pub fn refuse_frozen(&self, problem: &'static str) -> Result<(), Error> {
        match self.model.frozen {
            false => Ok(()),
            true => Err(ModelError::Frozen {
                name: self.source.name.clone(),
                problem,
            }
            .into()),
        }
    }

    /// Refuses to train what has nothing to train.
    ///
    /// # Errors
    /// If the model has no parameters, or all of them are fixed.
    pub fn require_parameters(&self) -> Result<(), Error> {
        let (name, params) = (&self.model.name, &self.model.params);
        match params.iter().any(|param| param.trained) {
            true => Ok(()),
            false if params.is_empty() => Err(ModelError::NoParameters(name.clone()).into()),
            false => Err(ModelError::NothingTrained(name.clone()).into()),
        }
    }
}
