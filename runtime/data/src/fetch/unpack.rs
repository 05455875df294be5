//! Takes a data set's files out of a gzipped tar archive. Trusts nothing in it: writes known names only, of the known
//! sizes, into one folder; refuses archives with paths that lead elsewhere, links or devices.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read};
use std::path::{Component, Path};

use flate2::read::GzDecoder;
use tar::{Entry, EntryType};

use super::error::FetchError;
use super::{Archive, FetchJob, FetchStage};
use crate::published::DatasetSpec;

/// Unpacks the files of `spec` that the archive at `path` holds into `folder`, reading at most `limit` unpacked bytes.
pub(super) fn tar_gz(
    archive: &Archive,
    path: &Path,
    limit: u64,
    spec: &DatasetSpec,
    folder: &Path,
    job: FetchJob<'_>,
) -> Result<(), FetchError> {
    // The readers below put our own errors into I/O errors; this takes them out again.
    let unreadable = |source: io::Error| {
        let archive = path.to_owned();
        source
            .downcast::<FetchError>()
            .unwrap_or_else(|source| FetchError::Unpack { archive, source })
    };
    let packed = ReportingReader {
        inner: File::open(path).map_err(unreadable)?,
        done: 0,
        report: |done| job.report(FetchStage::Unpack, archive, done),
    };
    let unpacked = LimitedReader {
        inner: GzDecoder::new(BufReader::with_capacity(1 << 20, packed)),
        left: limit,
        limit,
        path,
    };
    let mut tar = tar::Archive::new(unpacked);
    for entry in tar.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        let Some(name) = inspect(&entry, path)? else {
            continue;
        };
        let Some(known) = spec.files().find(|file| file.name == name) else {
            continue;
        };
        if entry.size() != known.bytes {
            return Err(FetchError::EntrySize {
                archive: path.to_owned(),
                entry: name,
                expected: known.bytes,
                found: entry.size(),
            });
        }
        let target = folder.join(&known.name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&target)
            .map_err(FetchError::write(&target))?;
        io::copy(&mut entry, &mut file).map_err(unreadable)?;
        file.sync_all().map_err(FetchError::write(&target))?;
    }
    Ok(())
}

/// The file name of a regular file; None for folders and archive metadata. Refuses everything else.
fn inspect(entry: &Entry<'_, impl Read>, archive: &Path) -> Result<Option<String>, FetchError> {
    let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let refuse = |reason| {
        Err(FetchError::Suspicious {
            archive: archive.to_owned(),
            entry: raw.clone(),
            reason,
        })
    };
    let path = Path::new(&raw);
    let inside = |c: Component<'_>| matches!(c, Component::Normal(_) | Component::CurDir);
    if !path.components().all(inside) {
        return refuse("its path leads out of the archive");
    }
    match entry.header().entry_type() {
        EntryType::Directory | EntryType::XGlobalHeader => Ok(None),
        EntryType::Regular | EntryType::Continuous => Ok(path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())),
        EntryType::Symlink | EntryType::Link => refuse("it is a link"),
        _ => refuse("it is neither a file nor a folder"),
    }
}

/// Reports how much has been read.
struct ReportingReader<R, F> {
    inner: R,
    done: u64,
    report: F,
}

impl<R: Read, F: Fn(u64) -> Result<(), FetchError>> Read for ReportingReader<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.done += count as u64;
        (self.report)(self.done).map_err(io::Error::other)?;
        Ok(count)
    }
}

/// Fails instead of reading more than `limit` bytes.
struct LimitedReader<'a, R> {
    inner: R,
    left: u64,
    limit: u64,
    path: &'a Path,
}

impl<R: Read> Read for LimitedReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(count as u64) else {
            let archive = self.path.to_owned();
            let limit = self.limit;
            return Err(io::Error::other(FetchError::TooLarge { archive, limit }));
        };
        self.left = left;
        Ok(count)
    }
}
