//! What can be wrong with data: every error names its file and what was expected and found. Prints nothing itself.

use std::io;
use std::path::{Path, PathBuf};

use super::fetch::FetchError;

/// Whose fault an error is; a program may turn it into its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What the user gave: names, files, settings, the model, its weights.
    Input,
    /// The machine: files that cannot be read, the network, devices, memory.
    Machine,
}

/// Why a data set cannot be opened, split or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
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
        "data set `{name}` is not there and fetching is off: no `{file}` in {}{}",
        list(searched),
        lines(found)
    )]
    Missing {
        /// The data set.
        name: String,
        /// The first of its files.
        file: String,
        /// The folders searched.
        searched: Vec<PathBuf>,
        /// What is there and does not serve, a sentence each.
        found: Vec<String>,
    },
    /// Files in a format that this build does not read.
    #[error("`{}` is a Parquet file, and this build reads none", .0.display())]
    NoParquet(PathBuf),
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
    #[error("`{}` is malformed: {what} is {found}, expected {expected}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// The field at fault.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A file of another data set that has files of the same names and sizes.
    #[error("`{}` is not of data set `{name}`: {found}", file.display())]
    OtherDataset {
        /// The file with the labels.
        file: PathBuf,
        /// The data set asked for.
        name: String,
        /// What its labels are.
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
    /// Image files that cannot be read, all of them.
    #[error("{} of {count} image files cannot be read:{}", files.len(), lines(files))]
    Unreadable {
        /// Why, for each of them.
        files: Vec<Error>,
        /// How many image files there are.
        count: usize,
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
    /// A test part is to be drawn, and there is one.
    #[error("a test part is to be drawn, and `{}` is one", folder.display())]
    TestGiven {
        /// The folder of the test part.
        folder: PathBuf,
    },
    /// Two folders that are the same part of a data set by their names.
    #[error("`{}` and `{}` in `{}` have names of the same part", first.display(), second.display(), folder.display())]
    Ambiguous {
        /// Where they are.
        folder: PathBuf,
        /// One of them.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// A class of another part that the training part does not have.
    #[error("class `{class}` of `{}` is not among the training classes", folder.display())]
    UnknownClass {
        /// The class.
        class: String,
        /// The folder of that part.
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
    DatasetSplit {
        /// How many there are.
        images: usize,
        /// What would be left.
        reason: String,
    },
    /// The loader's thread ended without delivering its batches.
    #[error("the loader's thread ended after batch {delivered} of {expected}")]
    LoaderEnded {
        /// Batches delivered.
        delivered: usize,
        /// Batches due.
        expected: usize,
    },
    /// Making a batch panicked: a defect of this program, of a decoder or of the caller's own function.
    #[error(
        "batch {batch} of epoch {epoch} could not be made, a thread of the loader panicked: {message}"
    )]
    LoaderPanic {
        /// The batch's number, from 0.
        batch: usize,
        /// The epoch's number, from 0.
        epoch: usize,
        /// The panic's message.
        message: String,
    },
    /// The loader made no batch for too long.
    #[error(
        "batch {batch} was not ready after {seconds} s; the disk or the network behind it does not answer"
    )]
    Stalled {
        /// The batch's number, from 0.
        batch: usize,
        /// How long it was waited for.
        seconds: f64,
    },
    /// Ended early because a [`StopRequest`](super::StopRequest) was made.
    #[error("loading was stopped on request")]
    Stopped,
    /// The loader's threads could not be started.
    #[error("cannot start the loader's worker threads: {0}")]
    Threads(String),
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoCacheFolder
            | Self::Read { .. }
            | Self::LoaderEnded { .. }
            | Self::LoaderPanic { .. }
            | Self::Stalled { .. }
            | Self::Stopped
            | Self::Threads(_) => Fault::Machine,
            Self::Fetch(error) => error.fault(),
            Self::UnknownName { .. }
            | Self::Missing { .. }
            | Self::NoParquet(_)
            | Self::Incomplete { .. }
            | Self::WrongSize { .. }
            | Self::Malformed { .. }
            | Self::OtherDataset { .. }
            | Self::Image { .. }
            | Self::Unreadable { .. }
            | Self::ImageSizes { .. }
            | Self::NoImages { .. }
            | Self::TestGiven { .. }
            | Self::Ambiguous { .. }
            | Self::UnknownClass { .. }
            | Self::Inconsistent { .. }
            | Self::DatasetSplit { .. } => Fault::Input,
        }
    }

    /// Whether it is no failure but the answer to a stop request.
    pub fn is_stop(&self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::Fetch(FetchError::Cancelled { .. })
        )
    }

    /// What to do about it, where there is something: for a program's help.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable { .. } => {
                Some("repair or remove these files, or leave them out with --skip-damaged")
            }
            Self::OtherDataset { .. } => Some(
                "MNIST, FashionMNIST and others give their files the same names: give the folder of the right one",
            ),
            Self::ImageSizes { .. } => {
                Some("images of any size are taken with `--fit crop`, `stretch` or `pad`")
            }
            Self::NoParquet(_) => Some("build termc with the feature `parquet`"),
            Self::TestGiven { .. } => Some("leave out `--test`, or rename that folder"),
            Self::Ambiguous { .. } => Some("leave one of them"),
            Self::UnknownClass { .. } => Some(
                "classes are the folders of the training part: check the spelling, or move that folder away",
            ),
            _ => None,
        }
    }

    /// Image files that cannot be read.
    pub(crate) fn unreadable(files: Vec<Self>, count: usize) -> Self {
        Self::Unreadable { files, count }
    }

    /// An I/O error at a path.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        |source| Self::Read { path, source }
    }

    /// The label of image `number`, which none of the classes has.
    pub(crate) fn label(file: &Path, number: usize, classes: usize, found: impl ToString) -> Self {
        let expected = format!("less than {classes}");
        Self::malformed(file, format!("label {number}"), expected, found)
    }

    /// A field of a file with an impossible value.
    pub(crate) fn malformed(
        file: &Path,
        what: impl Into<String>,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        Self::Malformed {
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

/// Errors or sentences, each on a line of its own.
fn lines(errors: &[impl std::fmt::Display]) -> String {
    errors.iter().map(|error| format!("\n  {error}")).collect()
}
