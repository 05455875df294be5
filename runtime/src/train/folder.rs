//! The RUN folder: which file is where, made without overwriting, used by one process at a time. Does not interpret
//! what is in the files.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::settings::{FORMAT, Settings};
use super::{metrics, tensorboard};
use crate::Error;
use crate::tensors::{sweep, write_atomic};

/// A folder that holds a training.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held open for as long as this process may write into the folder.
    _lock: Option<File>,
}

impl RunFolder {
    /// Makes a new one with the model's source and the settings.
    ///
    /// # Errors
    /// If the folder is there already and not empty, or cannot be made.
    pub fn create(path: &Path, source: &str, settings: &Settings) -> Result<Self, Error> {
        std::fs::create_dir_all(path).map_err(Error::file("create", path))?;
        let mut entries = std::fs::read_dir(path).map_err(Error::file("read", path))?;
        if entries.next().is_some() {
            return Err(Error::Content {
                path: path.to_owned(),
                problem: "is not empty".into(),
            });
        }
        Self::fill(path, source, settings)
    }

    /// Makes `PARENT/NAME-N` with the smallest N from 1 that is free.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn create_numbered(
        parent: &Path,
        name: &str,
        source: &str,
        settings: &Settings,
    ) -> Result<Self, Error> {
        std::fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        let mut number = 1u32;
        loop {
            let path = parent.join(format!("{name}-{number}"));
            match std::fs::create_dir(&path) {
                Ok(()) => return Self::fill(&path, source, settings),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
                Err(e) => return Err(Error::file("create", &path)(e)),
            }
        }
    }

    fn fill(path: &Path, source: &str, settings: &Settings) -> Result<Self, Error> {
        let folder = Self {
            path: path.to_owned(),
            _lock: Some(lock(path)?.0),
        };
        let checkpoints = folder.checkpoints();
        std::fs::create_dir_all(&checkpoints).map_err(Error::file("create", &checkpoints))?;
        write_atomic(&folder.model(), source.as_bytes())?;
        write_json(&folder.config(), settings)?;
        Ok(folder)
    }

    /// Clears away what a process left that was killed before its training began: a folder without settings. Whatever else is in
    /// the folder stays, so that it cannot be taken for a new one.
    ///
    /// # Errors
    /// If another process is in it, or the disk refuses it.
    pub fn clear_unbegun(path: &Path) -> Result<(), Error> {
        if !path.is_dir() || path.join("config.json").exists() {
            return Ok(());
        }
        let (_lock, _) = lock(path)?;
        sweep(path)?;
        let remove = |path: &Path, removed: std::io::Result<()>| match removed {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file("remove", path)(e))
            }
            _ => Ok(()),
        };
        let checkpoints = path.join("checkpoints");
        remove(&checkpoints, std::fs::remove_dir(&checkpoints))?;
        for name in ["model.term", ".lock"] {
            let file = path.join(name);
            remove(&file, std::fs::remove_file(&file))?;
        }
        Ok(())
    }

    /// Opens one to go on with its training.
    ///
    /// # Errors
    /// If it is none, or another process is training in it.
    pub fn resume(path: &Path) -> Result<(Self, Settings), Error> {
        let (folder, settings) = Self::open(path)?;
        let (lock, locked) = lock(path)?;
        if locked {
            // Nobody else writes here: what is unfinished stays so.
            sweep(path)?;
            sweep(&folder.checkpoints())?;
        }
        Ok((
            Self {
                _lock: Some(lock),
                ..folder
            },
            settings,
        ))
    }

    /// Changes the settings of a training that goes on otherwise than it began: for more epochs, or with its data set in
    /// another place. The account of its end goes, if there is one.
    ///
    /// # Errors
    /// If the disk refuses it.
    pub fn go_on_with(&self, settings: &Settings) -> Result<(), Error> {
        // In this order: killed in between, it is a training that lacks its test.
        let test = self.test();
        match std::fs::remove_file(&test) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                return Err(Error::file("remove", &test)(e));
            }
            _ => {}
        }
        write_json(&self.config(), settings)
    }

    /// Whether it records steps of a training. A checkpoint is there before the first of them.
    pub fn has_record(&self) -> bool {
        let rows = self.metrics().metadata();
        self.test().is_file() || rows.is_ok_and(|rows| rows.len() > 0)
    }

    /// Whether a file is a part of what the RUN folder at `run` records of its training.
    pub fn holds(run: &Path, file: &Path) -> bool {
        let (Ok(run), Ok(file)) = (run.canonicalize(), file.canonicalize()) else {
            return false;
        };
        let folder = Self {
            path: run,
            _lock: None,
        };
        let parts = [
            folder.model(),
            folder.config(),
            folder.checkpoints(),
            folder.best(),
            folder.last(),
            folder.test(),
            folder.metrics(),
            folder.path.join(metrics::TABLE),
            folder.path.join(tensorboard::FILE),
        ];
        parts.iter().any(|part| file.starts_with(part))
    }

    /// Opens one to look at it.
    ///
    /// # Errors
    /// If it is none.
    pub fn open(path: &Path) -> Result<(Self, Settings), Error> {
        let folder = Self {
            path: path.to_owned(),
            _lock: None,
        };
        path.metadata().map_err(Error::file("read", path))?;
        if !folder.config().is_file() || !folder.model().is_file() {
            return Err(Error::Content {
                path: path.to_owned(),
                problem: "is not a RUN folder: it lacks `config.json` or `model.term`".into(),
            });
        }
        refuse_other_format(path, &read_json(&folder.config())?)?;
        let settings = read_json(&folder.config())?;
        Ok((folder, settings))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model's canonical source.
    pub fn model(&self) -> PathBuf {
        self.path.join("model.term")
    }

    /// The settings.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.json")
    }

    /// A row for each step that was recorded.
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// Where checkpoints are.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// Weights of the epoch that did best on the validation part.
    pub fn best(&self) -> PathBuf {
        self.path.join("best.safetensors")
    }

    /// Weights after the last epoch or the last step before a stop.
    pub fn last(&self) -> PathBuf {
        self.path.join("last.safetensors")
    }

    /// The account of the test part, once the training is over.
    pub fn test(&self) -> PathBuf {
        self.path.join("test.json")
    }
}

/// Looks at the format alone, before the settings are read: those of another format need not be readable.
fn refuse_other_format(path: &Path, config: &serde_json::Value) -> Result<(), Error> {
    let field = |name: &str| config.get(name).map(|value| value.to_string());
    let problem = match field("format") {
        Some(format) if format == FORMAT.to_string() => return Ok(()),
        Some(format) => format!(
            "has format {format}, written by termc {}; this version reads format {FORMAT}",
            field("termc").unwrap_or_default()
        ),
        None => "has a `config.json` that names no format".into(),
    };
    Err(Error::Content {
        path: path.to_owned(),
        problem,
    })
}

/// Takes the folder for this process, and says whether it has it alone; the system gives it back however the process ends.
pub(crate) fn lock(path: &Path) -> Result<(File, bool), Error> {
    let file = path.join(".lock");
    let handle = File::create(&file).map_err(Error::file("write", &file))?;
    match handle.try_lock() {
        Ok(()) => Ok((handle, true)),
        Err(TryLockError::WouldBlock) => Err(Error::Content {
            path: path.to_owned(),
            problem: "is in use: another process is training in it".into(),
        }),
        // Some network file systems cannot lock; training there is better than refusing.
        Err(TryLockError::Error(_)) => Ok((handle, false)),
    }
}

/// Writes a value as JSON for programs and people, atomically.
///
/// # Errors
/// If the disk refuses it.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Error::Input(e.to_string()))?;
    write_atomic(path, format!("{text}\n").as_bytes())
}

/// Reads a JSON file.
///
/// # Errors
/// If it cannot be read or holds something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read(path).map_err(Error::file("read", path))?;
    serde_json::from_slice(&text).map_err(|e| Error::Content {
        path: path.to_owned(),
        problem: format!("is not what this version of termc writes: {e}"),
    })
}
