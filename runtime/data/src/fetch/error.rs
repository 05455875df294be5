//! What can go wrong while fetching a data set: every error names its address or file. Prints nothing itself.

use std::io;
use std::path::{Path, PathBuf};

use super::Archive;
use crate::Fault;

/// Why a data set could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server answered, but not with the file.
    #[error("`{url}` answered with status {status}, expected 200 or 206")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// No usable answer.
    #[error("cannot reach `{url}`: {reason}")]
    Unreachable {
        /// The address.
        url: String,
        /// What the network said.
        reason: String,
    },
    /// The server stopped sending.
    #[error("`{url}` sent nothing for {seconds} s, {found} of {expected} bytes are there")]
    Stalled {
        /// The address.
        url: String,
        /// The longest silence accepted.
        seconds: f64,
        /// Size of the file.
        expected: u64,
        /// Bytes that came, earlier attempts included.
        found: u64,
    },
    /// The connection ended too early.
    #[error("`{url}` broke off after {found} of {expected} bytes: {reason}")]
    Truncated {
        /// The address.
        url: String,
        /// Size of the file.
        expected: u64,
        /// Bytes that came, earlier attempts included.
        found: u64,
        /// What ended it.
        reason: String,
    },
    /// The file at the address has another size.
    #[error("`{url}` offers {found} bytes or more, expected {expected}")]
    WrongSize {
        /// The address.
        url: String,
        /// Size of the file.
        expected: u64,
        /// What the server announced or sent.
        found: u64,
    },
    /// The file at the address has other contents.
    #[error("`{url}` has {algorithm} {found}, expected {expected}")]
    Checksum {
        /// The address.
        url: String,
        /// SHA-256 or MD5.
        algorithm: &'static str,
        /// The published checksum.
        expected: String,
        /// The checksum of what came.
        found: String,
    },
    /// An archive that cannot be read.
    #[error("cannot unpack `{}`: {source}", archive.display())]
    Unpack {
        /// The archive.
        archive: PathBuf,
        /// The reader's reason.
        source: io::Error,
    },
    /// An archive with an entry that no data set needs.
    #[error("`{}` holds a suspicious entry `{entry}`: {reason}", archive.display())]
    Suspicious {
        /// The archive.
        archive: PathBuf,
        /// The entry's path.
        entry: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An archive that unpacks to more than it should.
    #[error("`{}` unpacks to more than {limit} bytes", archive.display())]
    TooLarge {
        /// The archive.
        archive: PathBuf,
        /// The most bytes accepted.
        limit: u64,
    },
    /// A data file of the wrong size in an archive.
    #[error("`{entry}` in `{}` holds {found} bytes, expected {expected}", archive.display())]
    EntrySize {
        /// The archive.
        archive: PathBuf,
        /// The entry's path.
        entry: String,
        /// Its size by the data set's definition.
        expected: u64,
        /// Its size.
        found: u64,
    },
    /// Archives that lack a file of the data set.
    #[error("the archives of data set `{name}` lack `{file}`")]
    Absent {
        /// The data set.
        name: String,
        /// The file.
        file: String,
    },
    /// A file could not be written or moved.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Ended early on request; what was downloaded is kept.
    #[error("fetching `{archive}` was cancelled")]
    Cancelled {
        /// The archive's name, or the data set's where none was asked for yet.
        archive: String,
    },
}

impl FetchError {
    /// The fetching of an archive was cancelled.
    pub(super) fn cancelled(archive: &Archive) -> Self {
        let archive = archive.name.clone();
        Self::Cancelled { archive }
    }

    /// An I/O error at a path.
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Write { path, source }
    }

    /// Whose fault it is: the network and the disk are the machine's, contents are the data's.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Status { .. }
            | Self::Unreachable { .. }
            | Self::Stalled { .. }
            | Self::Truncated { .. }
            | Self::Write { .. }
            | Self::Cancelled { .. } => Fault::Machine,
            Self::WrongSize { .. }
            | Self::Checksum { .. }
            | Self::Unpack { .. }
            | Self::Suspicious { .. }
            | Self::TooLarge { .. }
            | Self::EntrySize { .. }
            | Self::Absent { .. } => Fault::Input,
        }
    }

    /// Whether the same request may succeed a little later.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Stalled { .. } | Self::Truncated { .. } => true,
            Self::Status { status, .. } => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}
