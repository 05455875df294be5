//! How far a training has come and what came of it, read from its folder.

use std::path::Path;

use super::checkpoint;
use super::folder::RunFolder;
use super::metrics::{self, Row, Span, Split};
use crate::Error;

/// The end of a training.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Of the epoch that the training chose; None where nothing was held out.
    pub val_accuracy: Option<f64>,
    /// Of the same epoch.
    pub val_loss: Option<f64>,
    /// Accuracy on the test part.
    pub test_accuracy: f64,
    /// Of training, pauses left out.
    pub seconds: f64,
}

/// What came of the training in a RUN folder; None while it is not over, or where there is none.
///
/// # Errors
/// If its record cannot be read.
pub fn ended(run: &Path) -> Result<Option<Ended>, Error> {
    if !run.join("config.json").is_file() {
        return Ok(None);
    }
    let (folder, _) = RunFolder::open(run)?;
    if !folder.test().is_file() {
        return Ok(None);
    }
    let rows = metrics::read(run)?;
    let of = |split| whole(&rows, split);
    let state = checkpoint::newest_state(&folder.checkpoints())?;
    let best = state.and_then(|state| state.best);
    let best = best.and_then(|best| of(Split::Val).find(|row| row.epoch == best.epoch));
    let test = of(Split::Test).next_back();
    Ok(test.map(|test| Ended {
        val_accuracy: best.and_then(|row| row.top1),
        val_loss: best.and_then(|row| row.loss),
        test_accuracy: test.top1.unwrap_or(0.0),
        seconds: test.seconds,
    }))
}

/// How many epochs of the training in a RUN folder are done and saved; 0 where there is none.
///
/// # Errors
/// If the folder cannot be read.
pub fn epochs_done(run: &Path) -> Result<usize, Error> {
    if !run.join("config.json").is_file() {
        return Ok(0);
    }
    let (folder, _) = RunFolder::open(run)?;
    let state = checkpoint::newest_state(&folder.checkpoints())?;
    Ok(state.map_or(0, |state| state.epoch))
}

/// The last validation of a training up to an epoch, counted from 1; None where nothing is held out.
///
/// # Errors
/// If its record cannot be read.
pub fn validation(run: &Path, epoch: usize) -> Result<Option<Row>, Error> {
    let rows = metrics::read(run)?;
    let last = whole(&rows, Split::Val).rfind(|row| row.epoch <= epoch);
    Ok(last.cloned())
}

/// The rows of whole epochs of a part.
fn whole(rows: &[Row], split: Split) -> impl DoubleEndedIterator<Item = &Row> {
    rows.iter()
        .filter(move |row| row.span == Span::Epoch && row.split == split)
}
