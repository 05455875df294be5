//! What loss terms and training settings refuse.

use super::Wording;
use crate::diagnostics::Code;

/// Loss terms and training settings that are wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SettingKind {
    /// A list of the wrong length.
    Count {
        /// What the list holds: "two decays".
        wanted: String,
        /// How many there are.
        found: usize,
        /// How to write it.
        help: String,
    },
    /// Nesterov's form without a momentum.
    NesterovWithoutMomentum,
}

impl Wording for SettingKind {
    fn code(&self) -> Code {
        match self {
            Self::Count { .. } => Code::Arity,
            Self::NesterovWithoutMomentum => Code::Range,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Count { wanted, found, .. } => format!("expected {wanted}, found {found}"),
            Self::NesterovWithoutMomentum => "nesterov's form needs a momentum".into(),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Count { found, .. } => format!("{found} here"),
            Self::NesterovWithoutMomentum => String::new(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Count { help, .. } => Some(help.clone()),
            Self::NesterovWithoutMomentum => Some("add `momentum=0.9`".into()),
        }
    }
}
