//! What can be wrong with data: every error names its file and what was expected and found. Prints nothing itself.

use std::io;
use std::path::{Path, PathBuf};

use super::fetch::FetchError;
use crate::Fault;

/// Why a data set cannot be opened, split or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// No data set has this name.
    #[error("no data set is called `{name}`, expected one of {known}")]
    UnknownName {
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The platform names no folder for caches.
    #[error("the platform names no cache folder, expected --data-dir")]
    NoCacheFolder,
    /// A file or folder could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A data set's files are not there and may not be fetched.
    #[error(
        "data set `{name}` is not there and fetching is off: no `{file}` in {}",
        list(looked)
    )]
    Missing {
        /// The data set.
        name: String,
        /// The first of its files.
        file: String,
        /// The folders looked into.
        looked: Vec<PathBuf>,
    },
    /// A data set's folder lacks some of its files.
    #[error("data set `{name}` is incomplete: `{}` lacks `{file}`", folder.display())]
    Incomplete {
        /// The data set.
        name: String,
        /// Its folder.
        folder: PathBuf,
        /// The file that is not there.
        file: String,
    },
    /// A data set's files could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A file is truncated or is another file.
    #[error("`{}` holds {found} bytes, expected {expected}", file.display())]
    WrongSize {
        /// The file.
        file: PathBuf,
        /// Its size by the format's definition.
        expected: u64,
        /// Its size.
        found: u64,
    },
    /// A file of the right size with contents that cannot be.
    #[error("`{}` is garbled: {what} is {found}, expected {expected}", file.display())]
    Garbled {
        /// The file.
        file: PathBuf,
        /// The field at fault.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An image file that cannot be decoded.
    #[error("cannot decode image `{}`: {source}", file.display())]
    Image {
        /// The file.
        file: PathBuf,
        /// The decoder's reason.
        source: image::ImageError,
    },
    /// Two images of different size in one data set.
    #[error(
        "images differ in size: `{}` is {}x{}, `{}` is {}x{} (width x height)",
        first.display(), first_size.0, first_size.1, second.display(), second_size.0, second_size.1
    )]
    ImageSizes {
        /// The first image of the data set.
        first: PathBuf,
        /// Its width and height.
        first_size: (u32, u32),
        /// The image that differs.
        second: PathBuf,
        /// Its width and height.
        second_size: (u32, u32),
    },
    /// A folder data set without any images where some must be.
    #[error("no image files in `{}`, expected {expected}", folder.display())]
    NoImages {
        /// The folder.
        folder: PathBuf,
        /// What it should hold.
        expected: String,
    },
    /// A class of the test part that the training part does not have.
    #[error("class `{class}` of `{}` is not among the training classes", folder.display())]
    UnknownClass {
        /// The class.
        class: String,
        /// The folder of the test part.
        folder: PathBuf,
    },
    /// Sizes that do not belong together.
    #[error("{what}: expected {expected}, found {found}")]
    Inconsistent {
        /// What does not fit.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A split that leaves nothing to train on or to validate with.
    #[error("cannot split {images} training images: {reason}")]
    Split {
        /// How many there are.
        images: usize,
        /// What would be left.
        reason: String,
    },
    /// A worker thread ended without delivering its batches.
    #[error("the loader's worker threads ended after batch {delivered} of {expected}")]
    Worker {
        /// Batches delivered.
        delivered: usize,
        /// Batches due.
        expected: usize,
    },
    /// The loader's threads could not be started.
    #[error("cannot start the loader's worker threads: {0}")]
    Threads(String),
}

impl DataError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoCacheFolder | Self::Read { .. } | Self::Worker { .. } | Self::Threads(_) => {
                Fault::Machine
            }
            Self::Fetch(error) => error.fault(),
            Self::UnknownName { .. }
            | Self::Missing { .. }
            | Self::Incomplete { .. }
            | Self::WrongSize { .. }
            | Self::Garbled { .. }
            | Self::Image { .. }
            | Self::ImageSizes { .. }
            | Self::NoImages { .. }
            | Self::UnknownClass { .. }
            | Self::Inconsistent { .. }
            | Self::Split { .. } => Fault::Input,
        }
    }

    /// An I/O error at a path.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Read { path, source }
    }

    /// A field of a file with an impossible value.
    pub(crate) fn garbled(
        file: &Path,
        what: impl Into<String>,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        Self::Garbled {
            file: file.to_owned(),
            what: what.into(),
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }
}

/// Paths in backticks, joined by "or".
fn list(paths: &[PathBuf]) -> String {
    let quoted: Vec<String> = paths.iter().map(|p| format!("`{}`", p.display())).collect();
    quoted.join(" or ")
}
