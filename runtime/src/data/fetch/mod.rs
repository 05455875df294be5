//! Brings a published data set into the data folder: download, check, unpack, move into place. Knows no formats beyond
//! the archive's. Whatever goes wrong, the data set's own folder appears whole or not at all.

mod digest;
mod download;
mod error;
mod unpack;

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use digest::Digest;
pub use error::FetchError;

use super::named::Spec;

/// A file to download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its file name, also under a mirror's address.
    pub name: String,
    /// Its official address.
    pub url: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What its contents hash to.
    pub digest: Digest,
    /// What is in it.
    pub packing: Packing,
}

/// What an [`Archive`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// A gzipped tar file; its data files are taken out, everything else is left.
    TarGz {
        /// Most bytes it may unpack to.
        limit: u64,
    },
    /// A file of the data set, kept as it is.
    Single,
}

/// How to download.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address of a folder with the archives, instead of the official addresses.
    pub mirror: Option<String>,
    /// Longest time to wait for a connection and for the answer to begin.
    pub connect: Duration,
    /// Longest time without a single byte.
    pub stall: Duration,
    /// How often to try again after a connection that failed or broke off; each resumes where the last one ended.
    pub retries: u32,
    /// Pause before the first retry; doubles each time.
    pub pause: Duration,
    /// Told about progress.
    pub reporter: Reporter,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mirror: None,
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            retries: 4,
            pause: Duration::from_secs(1),
            reporter: Reporter::default(),
        }
    }
}

/// How far fetching has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// The archive's name.
    pub archive: String,
    /// Bytes of the archive done.
    pub done: u64,
    /// Its size.
    pub total: u64,
}

/// The steps of fetching an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Downloading.
    Download,
    /// Comparing checksums.
    Verify,
    /// Unpacking.
    Unpack,
}

/// A function that hears of progress and may break the fetching off; what is downloaded by then is kept for later.
#[derive(Clone)]
pub struct Reporter(Arc<Report>);

type Report = dyn Fn(&Progress) -> ControlFlow<()> + Send + Sync;

impl Reporter {
    /// Calls `report` now and then, about every megabyte.
    pub fn new(report: impl Fn(&Progress) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    fn tell(&self, stage: Stage, archive: &Archive, done: u64) -> Result<(), FetchError> {
        let progress = Progress {
            stage,
            archive: archive.name.clone(),
            done,
            total: archive.bytes,
        };
        match (self.0)(&progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(FetchError::Cancelled {
                archive: archive.name.clone(),
            }),
        }
    }
}

impl Default for Reporter {
    /// Tells nobody.
    fn default() -> Self {
        Self::new(|_| ControlFlow::Continue(()))
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reporter")
    }
}

/// Fetches a data set into its official subfolder of `data_dir`, which must not hold anything yet.
///
/// Archives and partial downloads stay under `data_dir/.download` until the data set is complete.
pub fn fetch(spec: &Spec, data_dir: &Path, settings: &Settings) -> Result<PathBuf, FetchError> {
    let work = data_dir.join(".download").join(&spec.name);
    create_dir(&work)?;
    let lock = lock(&work.join("lock"))?;
    let archives = spec
        .archives
        .iter()
        .map(|archive| Ok((archive, download::download(archive, &work, settings)?)))
        .collect::<Result<Vec<_>, FetchError>>()?;
    // The lock makes it ours; what an interrupted call left there goes.
    let staged = work.join("unpacked");
    remove_dir(&staged)?;
    create_dir(&staged)?;
    for (archive, path) in &archives {
        match archive.packing {
            Packing::TarGz { limit } => {
                unpack::tar_gz(archive, path, limit, spec, &staged, &settings.reporter)?;
            }
            Packing::Single => {
                let target = staged.join(&archive.name);
                fs::rename(path, &target).map_err(FetchError::write(&target))?;
            }
        }
    }
    let folder = publish(&staged, data_dir, spec)?;
    drop(lock);
    // Housekeeping: the data set is complete whether or not this succeeds.
    let _ = fs::remove_dir_all(&work);
    Ok(folder)
}

/// Moves a complete staged folder to its place in one step.
fn publish(staged: &Path, data_dir: &Path, spec: &Spec) -> Result<PathBuf, FetchError> {
    for file in spec.files() {
        if super::files::find(staged, file).is_none() {
            return Err(FetchError::Absent {
                name: spec.name.clone(),
                file: file.name.clone(),
            });
        }
    }
    let folder = match spec.folders.first() {
        Some(subfolder) => data_dir.join(subfolder),
        None => data_dir.join(&spec.name),
    };
    if let Some(parent) = folder.parent() {
        create_dir(parent)?;
    }
    fs::rename(staged, &folder).map_err(FetchError::write(&folder))?;
    Ok(folder)
}

fn create_dir(path: &Path) -> Result<(), FetchError> {
    fs::create_dir_all(path).map_err(FetchError::write(path))
}

fn remove_dir(path: &Path) -> Result<(), FetchError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(FetchError::write(path)(e)),
        _ => Ok(()),
    }
}

/// Held as long as the file lives, so that two processes do not fetch the same data set at once.
fn lock(path: &Path) -> Result<File, FetchError> {
    let file = File::create(path).map_err(FetchError::write(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FetchError::Busy {
            lock: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(FetchError::write(path)(source)),
    }
}
