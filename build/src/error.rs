//! Why a model was not compiled, in words for the user of a build script.

use std::fmt;
use std::path::{Path, PathBuf};

use termc_compiler::diagnostics::{Diagnostic, Style, render};
use termc_compiler::emit::SlowNets;
use termc_compiler::source::Sources;

/// Why there is no source.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The model has errors.
    Model {
        /// One per error, `file:line:column: message [code]`.
        lines: Vec<String>,
        /// All findings with the lines they are about.
        text: String,
    },
    /// A weight file is not this model's, or not a weight file.
    Weights {
        /// Which file.
        path: PathBuf,
        /// What is wrong, as the end of a sentence that starts with the file's name.
        problem: String,
    },
    /// A file could not be read or written.
    File {
        /// `read` or `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The model, here by its name, is not emitted for `no_std`.
    SlowNets(String, SlowNets),
    /// A check without weights.
    CheckAlone,
    /// There is no variable `OUT_DIR`: this is no build script, and no folder was given.
    NoFolder,
}

impl Error {
    pub(crate) fn model(sources: &Sources, diagnostics: &[Diagnostic]) -> Self {
        let errors = diagnostics.iter().filter(|d| d.is_error());
        Self::Model {
            lines: errors.map(|d| line(sources, d)).collect(),
            text: render(sources, diagnostics, Style::default()),
        }
    }

    pub(crate) fn file<'a>(
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

/// A finding on one line: "model.term:3:5: even kernel size [E204]".
pub(crate) fn line(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let (line, column) = sources.line_column(diagnostic.span);
    let file = sources.locate(diagnostic.span);
    let file = file.map_or("", |at| at.source.name.as_str());
    let (message, code) = (&diagnostic.message, diagnostic.code.name());
    format!("{file}:{line}:{column}: {message} [{code}]")
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model { text, .. } => f.write_str(text.trim_end()),
            Self::Weights { path, problem } => write!(f, "`{}` {problem}", path.display()),
            Self::File {
                action,
                path,
                source,
            } => write!(f, "cannot {action} `{}`: {source}", path.display()),
            Self::SlowNets(model, why) => write!(
                f,
                "`{model}` {why}: give the file that `termc freeze` wrote"
            ),
            Self::CheckAlone => {
                f.write_str("a check is given, but no weights it could be made with")
            }
            Self::NoFolder => {
                f.write_str("there is no variable `OUT_DIR`: this is not a build script")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
