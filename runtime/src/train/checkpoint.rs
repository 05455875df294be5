//! Checkpoints on the disk: written so that a crash at any moment leaves the earlier ones whole, verified by hash when
//! read, the newest good one found, old ones dropped. Does not know what the tensors in them mean.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::scores::Sums;
use crate::Error;
use crate::tensors::{TensorFile, Tensors, read_header, write_atomic};
use crate::weights::key::CHECKPOINT;

/// Where a training stands: everything besides tensors that the next step depends on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Epochs done.
    pub epoch: usize,
    /// Batches done in the epoch that is under way.
    pub batch: usize,
    /// Optimizer steps done.
    pub step: usize,
    /// Rows of the record at this moment.
    pub rows: usize,
    /// What the epoch under way has added up.
    pub epoch_sums: Sums,
    /// What the steps since the last logged one have added up.
    pub step_sums: Sums,
    /// The best epoch so far.
    pub best: Option<Best>,
    /// SHA-256 of the file of its weights, in hexadecimal; None before the first, and in checkpoints of earlier versions.
    #[serde(default)]
    pub best_sha256: Option<String>,
    /// Seconds of training so far.
    pub seconds: f64,
}

/// The epoch that did best on the validation part.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Counted from 1.
    pub epoch: usize,
    /// Its optimizer step.
    pub step: usize,
    /// Its accuracy.
    pub top1: f64,
    /// Its cross entropy, which decides between equal accuracies.
    #[serde(deserialize_with = "crate::train::scores::or_infinite")]
    pub loss: f64,
}

/// A checkpoint that was read and found whole.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Where it lies.
    pub path: PathBuf,
    /// Weights, optimizer, averages.
    pub tensors: Tensors,
    /// Where the training stood.
    pub state: State,
}

/// Writes a checkpoint: first its file, then the file with its SHA-256, each atomically; it counts once both are there. In
/// place of one of the same step, both hashes are there while it is unknown which of them is right.
///
/// # Errors
/// If the disk refuses it; earlier checkpoints are then untouched.
pub fn save(folder: &Path, tensors: Tensors, state: &State) -> Result<PathBuf, Error> {
    let text = serde_json::to_string(state).map_err(|e| Error::Input(e.to_string()))?;
    let file = TensorFile {
        tensors,
        metadata: [(CHECKPOINT.to_owned(), text)].into(),
    };
    let bytes = file.to_bytes()?;
    let path = folder.join(file_name(state.step));
    let line = format!("{}  {}\n", hash(&bytes), file_name(state.step));
    let hash_path = hash_path(&path);
    match std::fs::read(&hash_path) {
        Ok(earlier) => write_atomic(&hash_path, &[line.as_bytes(), &earlier].concat())?,
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(Error::file("read", &hash_path)(e)),
    }
    write_atomic(&path, &bytes)?;
    write_atomic(&hash_path, line.as_bytes())?;
    Ok(path)
}

/// The newest checkpoint that is whole, None where there is none at all. Each newer one that is damaged is passed over and
/// told to `skipped` with the reason.
///
/// # Errors
/// If the folder or a checkpoint cannot be read, which says nothing of whether it is whole, or checkpoints are there but
/// none is whole.
pub fn latest(
    folder: &Path,
    mut skipped: impl FnMut(&Path, &str),
) -> Result<Option<Checkpoint>, Error> {
    let steps = steps(folder)?;
    for step in steps.iter().rev() {
        let path = folder.join(file_name(*step));
        match read(&path) {
            Ok(checkpoint) => return Ok(Some(checkpoint)),
            Err(Unusable::Damaged(reason)) => skipped(&path, &reason),
            Err(Unusable::Unreadable(error)) => return Err(error),
        }
    }
    if steps.is_empty() {
        return Ok(None);
    }
    Err(Error::Content {
        path: folder.to_owned(),
        problem: "holds no checkpoint that is whole".into(),
    })
}

/// The checkpoint of a step, if it is there and whole.
///
/// # Errors
/// If the system does not let it be read.
pub fn at_step(folder: &Path, step: usize) -> Result<Option<Checkpoint>, Error> {
    let path = folder.join(file_name(step));
    match path.exists().then(|| read(&path)) {
        Some(Ok(checkpoint)) => Ok(Some(checkpoint)),
        Some(Err(Unusable::Unreadable(error))) => Err(error),
        Some(Err(Unusable::Damaged(_))) | None => Ok(None),
    }
}

/// Where the training stood at the newest checkpoint of which at least the beginning is whole; None where there is none.
///
/// # Errors
/// If the folder cannot be read.
pub fn newest_state(folder: &Path) -> Result<Option<State>, Error> {
    let newest = steps(folder)?.into_iter().rev().find_map(|step| {
        let path = folder.join(file_name(step));
        if !hash_path(&path).is_file() {
            return None;
        }
        let (header, _) = read_header(&path).ok()?;
        let state = header.metadata().as_ref()?.get(CHECKPOINT)?;
        serde_json::from_str(state).ok()
    });
    Ok(newest)
}

/// Drops all but the `keep` checkpoints up to that of the step `newest`, which was just written, and that of the step `best`.
/// Later ones were passed over when the training was resumed: they are not whole.
///
/// # Errors
/// If the folder does not allow it.
pub fn prune(folder: &Path, keep: usize, newest: usize, best: Option<usize>) -> Result<(), Error> {
    let steps = steps(folder)?;
    let (known, later): (Vec<usize>, Vec<usize>) = steps.iter().partition(|s| **s <= newest);
    let old = known.len().saturating_sub(keep.max(1));
    let old = known.iter().take(old).filter(|step| Some(**step) != best);
    for step in old.chain(&later) {
        let path = folder.join(file_name(*step));
        // The hash first: a file without one does not count as a checkpoint.
        for path in [hash_path(&path), path] {
            match std::fs::remove_file(&path) {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    return Err(Error::file("remove", &path)(e));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn file_name(step: usize) -> String {
    format!("step-{step:09}.safetensors")
}

fn hash_path(path: &Path) -> PathBuf {
    path.with_extension("safetensors.sha256")
}

/// SHA-256 in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The steps there are checkpoint files of, in order.
fn steps(folder: &Path) -> Result<Vec<usize>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(e) => return Err(Error::file("read", folder)(e)),
    };
    let mut steps = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::file("read", folder))?.file_name();
        let step = name
            .to_str()
            .and_then(|name| name.strip_prefix("step-")?.strip_suffix(".safetensors"))
            .and_then(|digits| digits.parse::<usize>().ok());
        steps.extend(step);
    }
    steps.sort_unstable();
    Ok(steps)
}

/// Why a checkpoint cannot be gone on from.
enum Unusable {
    /// It is not whole, and never will be; the reason begins with "it".
    Damaged(String),
    /// The system does not let it be read, now.
    Unreadable(Error),
}

/// Reads and verifies one checkpoint.
fn read(path: &Path) -> Result<Checkpoint, Unusable> {
    let damaged = |reason: &str| Unusable::Damaged(reason.to_owned());
    let hash_path = hash_path(path);
    let recorded = match std::fs::read(&hash_path) {
        Ok(recorded) => recorded,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            return Err(damaged("it was not finished: its hash is missing"));
        }
        Err(e) => return Err(Unusable::Unreadable(Error::file("read", &hash_path)(e))),
    };
    let bytes = std::fs::read(path)
        .map_err(Error::file("read", path))
        .map_err(Unusable::Unreadable)?;
    let recorded = String::from_utf8_lossy(&recorded);
    let hash = hash(&bytes);
    let mut hashes = recorded
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    if !hashes.any(|recorded| recorded == hash) {
        return Err(damaged(
            "it is damaged: its SHA-256 is not the recorded one",
        ));
    }
    let file =
        TensorFile::parse(&bytes).map_err(|problem| Unusable::Damaged(format!("it {problem}")))?;
    let state = file
        .metadata
        .get(CHECKPOINT)
        .ok_or_else(|| damaged("it holds no training state"))?;
    let state = serde_json::from_str(state).map_err(|e| {
        Unusable::Damaged(format!("its training state is not of this version: {e}"))
    })?;
    Ok(Checkpoint {
        path: path.to_owned(),
        tensors: file.tensors,
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    fn tensors(value: f32) -> Tensors {
        [("w".to_owned(), TensorData::new(vec![value; 100], [100]))].into()
    }

    fn save_steps(folder: &Path, steps: &[usize]) {
        for step in steps {
            let state = State {
                step: *step,
                seconds: 0.1 + *step as f64 / 3.0,
                ..State::default()
            };
            save(folder, tensors(*step as f32), &state).unwrap();
        }
    }

    fn newest(folder: &Path) -> (usize, Vec<String>) {
        let mut reasons = vec![];
        let found = latest(folder, |_, reason| reasons.push(reason.to_owned()));
        let checkpoint = found.unwrap().unwrap();
        assert_eq!(checkpoint.tensors, tensors(checkpoint.state.step as f32));
        assert_eq!(
            checkpoint.state.seconds,
            0.1 + checkpoint.state.step as f64 / 3.0
        );
        (checkpoint.state.step, reasons)
    }

    #[test]
    fn the_newest_whole_one_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert!(latest(folder, |_, _| ()).unwrap().is_none());
        assert!(latest(&folder.join("none"), |_, _| ()).unwrap().is_none());
        save_steps(folder, &[2, 10, 9, 30]);
        assert_eq!(newest(folder), (30, vec![]));

        // One bit flipped.
        let path = folder.join(file_name(30));
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let (step, reasons) = newest(folder);
        assert_eq!((step, reasons.len()), (10, 1));
        assert!(reasons[0].contains("SHA-256"));

        // Truncated, and killed before the hash was written.
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        std::fs::remove_file(hash_path(&folder.join(file_name(10)))).unwrap();
        let (step, reasons) = newest(folder);
        assert_eq!((step, reasons.len()), (9, 2));
    }

    #[test]
    fn one_of_the_same_step_is_replaced_and_never_lost() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let state = State {
            step: 7,
            ..State::default()
        };
        let whole = || {
            latest(folder, |_, reason| panic!("{reason}"))
                .unwrap()
                .unwrap()
        };
        save(folder, tensors(1.0), &state).unwrap();
        let path = folder.join(file_name(7));
        let [first, first_hash] =
            [&path, &hash_path(&path)].map(|path| std::fs::read(path).unwrap());
        save(folder, tensors(2.0), &state).unwrap();
        assert_eq!(whole().tensors, tensors(2.0));
        // As a crash leaves them: both hashes, and the one file or the other.
        let last_hash = std::fs::read(hash_path(&path)).unwrap();
        assert_eq!(last_hash.len(), first_hash.len());
        std::fs::write(hash_path(&path), [last_hash, first_hash].concat()).unwrap();
        assert_eq!(whole().tensors, tensors(2.0));
        std::fs::write(&path, first).unwrap();
        assert_eq!(whole().tensors, tensors(1.0));
    }

    /// A folder in its place cannot be read as a file, as with EIO or EACCES, whoever asks.
    #[test]
    fn what_cannot_be_read_is_an_error_and_not_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        save_steps(folder, &[9, 10]);
        let path = folder.join(file_name(10));
        for part in [path.clone(), hash_path(&path)] {
            let aside = folder.join("aside");
            std::fs::rename(&part, &aside).unwrap();
            std::fs::create_dir(&part).unwrap();
            let found = latest(folder, |path, reason| {
                panic!("{}: {reason}", path.display())
            });
            assert_eq!(found.unwrap_err().fault(), crate::Fault::Machine);
            std::fs::remove_dir(&part).unwrap();
            std::fs::rename(&aside, &part).unwrap();
            assert_eq!(newest(folder).0, 10);
        }
    }

    #[test]
    fn nothing_whole_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        save_steps(folder.path(), &[1]);
        std::fs::write(folder.path().join(file_name(1)), "").unwrap();
        assert!(latest(folder.path(), |_, _| ()).is_err());
    }

    #[test]
    fn old_ones_are_dropped_and_the_best_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        save_steps(folder.path(), &[1, 2, 3, 4, 5]);
        prune(folder.path(), 2, 5, Some(2)).unwrap();
        assert_eq!(steps(folder.path()).unwrap(), [2, 4, 5]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 6);
        // Later than what was just written: passed over, so not whole.
        prune(folder.path(), 2, 4, Some(2)).unwrap();
        assert_eq!(steps(folder.path()).unwrap(), [2, 4]);
        prune(folder.path(), 0, 4, Some(4)).unwrap();
        assert_eq!(steps(folder.path()).unwrap(), [4]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = save(&folder.path().join("none"), tensors(1.0), &State::default());
        assert_eq!(error.unwrap_err().fault(), crate::Fault::Machine);
    }
}
