//! Brings a published data set into the data folder: download, check, unpack, move into place. Knows no formats beyond
//! the archive's. Whatever goes wrong, the data set's own folder appears whole or not at all.

mod checksum;
mod download;
mod error;
mod lock;
mod transfer;
mod unpack;

use std::fmt;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use checksum::Checksum;
pub use error::FetchError;

use super::published::{DataFile, DatasetSpec};
use super::stop::StopRequest;

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
    pub checksum: Checksum,
    /// What is in it.
    pub packing: Packing,
}

impl Archive {
    /// Where it is downloaded from: its official address, or that under the mirror.
    pub(crate) fn address(&self, options: &FetchOptions) -> String {
        match &options.mirror {
            Some(mirror) => format!("{}/{}", mirror.trim_end_matches('/'), self.name),
            None => self.url.clone(),
        }
    }
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
pub struct FetchOptions {
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
    /// Told in words, before anything is fetched, what, from where, and what is there already; and that another process fetches it.
    pub notice: NoticeCallback,
    /// Called with the progress made.
    pub progress: ProgressCallback,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            mirror: None,
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            retries: 4,
            pause: Duration::from_secs(1),
            notice: NoticeCallback::default(),
            progress: ProgressCallback::default(),
        }
    }
}

/// How far fetching has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchProgress {
    /// What is being done.
    pub stage: FetchStage,
    /// The archive's name.
    pub archive: String,
    /// Bytes of the archive done.
    pub done: u64,
    /// Its size.
    pub total: u64,
}

/// The steps of fetching an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchStage {
    /// Downloading.
    Download,
    /// Comparing checksums.
    Verify,
    /// Unpacking.
    Unpack,
}

/// A function that is called with the progress made and may cancel the fetching; what is downloaded by then is kept for
/// later.
#[derive(Clone)]
pub struct ProgressCallback(Arc<Callback>);

type Callback = dyn Fn(&FetchProgress) -> ControlFlow<()> + Send + Sync;

impl ProgressCallback {
    /// Calls `callback` about every megabyte.
    pub fn new(
        callback: impl Fn(&FetchProgress) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(callback))
    }
}

impl Default for ProgressCallback {
    /// Does nothing.
    fn default() -> Self {
        Self::new(|_| ControlFlow::Continue(()))
    }
}

impl fmt::Debug for ProgressCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressCallback")
    }
}

/// A function that is told in words what is about to happen.
#[derive(Clone)]
pub struct NoticeCallback(Arc<dyn Fn(&str) + Send + Sync>);

impl NoticeCallback {
    /// Calls `callback`.
    pub fn new(callback: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(callback))
    }

    pub(crate) fn call(&self, text: &str) {
        (self.0)(text);
    }
}

impl Default for NoticeCallback {
    /// Does nothing.
    fn default() -> Self {
        Self::new(|_| ())
    }
}

impl fmt::Debug for NoticeCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoticeCallback")
    }
}

/// How to fetch, and whether to go on.
#[derive(Clone, Copy)]
struct FetchJob<'a> {
    options: &'a FetchOptions,
    stop: &'a StopRequest,
}

impl FetchJob<'_> {
    /// Fails once the fetching was cancelled.
    fn check(&self, archive: &Archive) -> Result<(), FetchError> {
        match self.stop.is_requested() {
            true => Err(FetchError::cancelled(archive)),
            false => Ok(()),
        }
    }

    /// Calls the user's callback; fails once the fetching was cancelled.
    fn report(&self, stage: FetchStage, archive: &Archive, done: u64) -> Result<(), FetchError> {
        self.check(archive)?;
        let progress = FetchProgress {
            stage,
            archive: archive.name.clone(),
            done,
            total: archive.bytes,
        };
        match (self.options.progress.0)(&progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(FetchError::cancelled(archive)),
        }
    }
}

/// Fetches a data set into its official subfolder of `data_dir`, which must not hold anything yet.
///
/// Archives and partial downloads stay under `data_dir/.download` until the data set is complete.
/// A request to `stop` cancels it, whatever it waits for. Where another process fetches the same, it waits for that one.
pub fn fetch(
    spec: &DatasetSpec,
    data_dir: &Path,
    options: &FetchOptions,
    stop: &StopRequest,
) -> Result<PathBuf, FetchError> {
    let job = FetchJob { options, stop };
    let work = data_dir.join(".download").join(&spec.name);
    let lock = lock::take(&work, &spec.name, job)?;
    let folder = official_folder(data_dir, spec);
    // Another process may have fetched it between this one's look and its lock.
    if lacking(&folder, spec).is_some() {
        fetch_into(&folder, spec, &work, job)?;
    }
    // The data set is complete whether or not this succeeds. While the lock is held: nobody else's files go.
    let _ = fs::remove_dir_all(&work);
    drop(lock);
    Ok(folder)
}

/// Downloads and unpacks in `work`, which is locked, and moves the whole to `folder`.
fn fetch_into(
    folder: &Path,
    spec: &DatasetSpec,
    work: &Path,
    job: FetchJob<'_>,
) -> Result<(), FetchError> {
    let archives = spec
        .archives
        .iter()
        .map(|archive| Ok((archive, download::download(archive, work, job)?)))
        .collect::<Result<Vec<_>, FetchError>>()?;
    // Nobody else writes here while the lock is held: what is there is left from an interrupted call.
    let staged = work.join("unpacked");
    remove_dir(&staged)?;
    create_dir(&staged)?;
    for (archive, path) in &archives {
        match archive.packing {
            Packing::TarGz { limit } => {
                unpack::tar_gz(archive, path, limit, spec, &staged, job)?;
            }
            Packing::Single => {
                let target = staged.join(&archive.name);
                fs::rename(path, &target).map_err(FetchError::write(&target))?;
            }
        }
    }
    move_into_place(&staged, folder, spec)
}

/// Where a data set belongs.
fn official_folder(data_dir: &Path, spec: &DatasetSpec) -> PathBuf {
    data_dir.join(spec.folders.first().unwrap_or(&spec.name))
}

/// A file of the data set that a folder does not have.
fn lacking<'a>(folder: &Path, spec: &'a DatasetSpec) -> Option<&'a DataFile> {
    spec.files()
        .find(|file| super::files::find(folder, file).is_none())
}

/// Moves a complete staged folder to its place in one step.
fn move_into_place(staged: &Path, folder: &Path, spec: &DatasetSpec) -> Result<(), FetchError> {
    if let Some(file) = lacking(staged, spec) {
        return Err(FetchError::Absent {
            name: spec.name.clone(),
            file: file.name.clone(),
        });
    }
    if let Some(parent) = folder.parent() {
        create_dir(parent)?;
    }
    fs::rename(staged, folder).map_err(FetchError::write(folder))
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
