//! What can go wrong.

use std::fmt;
use std::io;

/// What a call yields.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed.
#[derive(Debug)]
pub enum Error {
    /// Another process held the file's lock for too long.
    Busy(String),
    /// Never made here; matched by callers.
    BusySnapshot(String),
    /// Anything that has no case of its own.
    Error(String),
    /// A statement that is not known, or parameters that do not suit it.
    Misuse(String),
    /// A value of another type than asked for.
    ConversionFailure(String),
    /// A write to what was opened read-only.
    Readonly(String),
    /// A file that is not one of these tables.
    NotAdb(String),
    /// The file system failed, doing what the text says.
    IoError(io::ErrorKind, &'static str),
}

impl Error {
    /// The file system's failure while doing `what`.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::IoError(error.kind(), what)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(text)
            | Self::BusySnapshot(text)
            | Self::Error(text)
            | Self::Misuse(text)
            | Self::ConversionFailure(text)
            | Self::Readonly(text)
            | Self::NotAdb(text) => f.write_str(text),
            Self::IoError(kind, what) => write!(f, "{what}: {kind}"),
        }
    }
}

impl std::error::Error for Error {}
