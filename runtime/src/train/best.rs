//! The weights of the best epoch of a RUN folder: the file beside the checkpoints if it is the one that the newest checkpoint
//! records, else the same weights out of the checkpoint of that step. Writes nothing unless it is told to.

use std::io::ErrorKind;

use termc_compiler::model::Model;

use super::checkpoint::{self, State};
use super::folder::RunFolder;
use crate::Error;
use crate::tensors::write_atomic;
use crate::weights::{self, Weights};

/// Reads the best weights, or the last ones where no epoch is over; None where none are saved yet.
///
/// # Errors
/// If the file is not the one that was recorded and there is no whole checkpoint of its step either.
pub fn read(folder: &RunFolder, model: &Model) -> Result<Option<Weights>, Error> {
    let state = checkpoint::newest_state(&folder.checkpoints())?;
    let recorded = state
        .as_ref()
        .and_then(|state| state.best_sha256.as_deref());
    let Some(recorded) = recorded else {
        // Of an earlier version, or before the first validation.
        let there = [folder.best(), folder.last()]
            .into_iter()
            .find(|path| path.is_file());
        return there.map(|path| weights::read(&path)).transpose();
    };
    if let Some(bytes) = as_recorded(folder, recorded)? {
        return weights::parse(&folder.best(), &bytes).map(Some);
    }
    let step = state
        .and_then(|state| state.best)
        .map_or(0, |best| best.step);
    let found = checkpoint::at_step(&folder.checkpoints(), step)?;
    let Some(found) = found else {
        return Err(Error::Content {
            path: folder.best(),
            problem: format!(
                "is not the file that the training recorded, and there is no whole checkpoint of step {step}, which has the \
                 same weights"
            ),
        });
    };
    Ok(Some(Weights {
        tensors: weights::of_checkpoint(&found.tensors),
        source: Some(model.source().to_owned()),
        model: Some(model.name.clone()),
        frozen: None,
        warning: Some(format!(
            "`{}` is not the file that the training recorded; taking the same weights from `{}`",
            folder.best().display(),
            found.path.display()
        )),
    }))
}

/// Makes the file of the best weights the one that `state` records, if it is not. The folder must be locked.
///
/// # Errors
/// If files cannot be read or written.
pub fn restore(folder: &RunFolder, model: &Model, state: &State) -> Result<(), Error> {
    let (Some(recorded), Some(best)) = (&state.best_sha256, state.best) else {
        return Ok(());
    };
    if as_recorded(folder, recorded)?.is_some() {
        return Ok(());
    }
    match checkpoint::at_step(&folder.checkpoints(), best.step)? {
        Some(found) => {
            let file = weights::of_tensors(model, weights::of_checkpoint(&found.tensors));
            write_atomic(&folder.best(), &file.to_bytes()?)
        }
        // A later epoch may still be better; if none is, reading it at the end says what is missing.
        None => Ok(()),
    }
}

/// The bytes of the file of the best weights if they are the recorded ones.
fn as_recorded(folder: &RunFolder, recorded: &str) -> Result<Option<Vec<u8>>, Error> {
    let path = folder.best();
    match std::fs::read(&path) {
        Ok(bytes) => Ok((checkpoint::hash(&bytes) == recorded).then_some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::file("read", &path)(e)),
    }
}
