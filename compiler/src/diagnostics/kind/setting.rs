//! What loss terms and training settings refuse.

use super::Wording;
use crate::diagnostics::Code;

/// Loss terms and training settings that are wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SettingKind {
    /// A number is out of range.
    OutOfRange {
        /// What is out of which range.
        what: String,
    },
}

impl Wording for SettingKind {
    fn code(&self) -> Code {
        match self {
            Self::OutOfRange { .. } => Code::Range,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::OutOfRange { what } => format!("out of range: {what}"),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::OutOfRange { .. } => "written here".into(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::OutOfRange { .. } => Some("use a value in the range".into()),
        }
    }
}
