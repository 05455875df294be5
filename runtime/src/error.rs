//! What can go wrong while running a model, and whose fault it is. Prints nothing.

use std::path::{Path, PathBuf};

pub use termc_data::Fault;

use crate::model::ModelError;

/// Any error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// `read`, `write`, ...
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file's content is not what its name promises.
    #[error("`{}` {problem}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong, as the end of a sentence that starts with the file's name.
        problem: String,
    },
    /// The chosen device cannot be used.
    #[error("{0}")]
    Device(String),
    /// Named tensors do not fit the model.
    #[error(transparent)]
    Mismatch(#[from] termc_compiler::model::Mismatch),
    /// A data set cannot be found, read or split.
    #[error(transparent)]
    Data(#[from] termc_data::Error),
    /// A model cannot be loaded or asked for this.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The ranks of a training cannot work together: one was lost, or differs from the others.
    #[error("{0}")]
    Rank(String),
    /// Anything else wrong with the given model or data.
    #[error("{0}")]
    Input(String),
}

impl Error {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::File { .. } | Self::Device(_) | Self::Rank(_) => Fault::Machine,
            Self::Data(error) => error.fault(),
            Self::Content { .. } | Self::Mismatch(_) | Self::Model(_) | Self::Input(_) => {
                Fault::Input
            }
        }
    }

    /// For `map_err` on file operations: `.map_err(Error::file("read", path))`.
    pub fn file<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(std::io::Error) -> Self + 'a {
        move |source| Self::File {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
