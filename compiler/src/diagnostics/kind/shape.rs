//! What primitives refuse: shapes that do not fit and sizes out of range.

use super::Wording;
use crate::diagnostics::Code;

/// Shapes and sizes that are wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ShapeKind {
    /// A product of sizes exceeds a limit.
    TooLarge {
        /// What is too large, with its size and the limit.
        what: String,
    },
}

impl Wording for ShapeKind {
    fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::TooLarge,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::TooLarge { what } => format!("too large: {what}"),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::TooLarge { .. } => "made here".into(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::TooLarge { .. } => Some("use smaller sizes".into()),
        }
    }
}
