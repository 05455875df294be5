//! Numbers that are out of range, wherever a number is taken.

use super::Wording;
use crate::diagnostics::Code;

/// A number that is out of range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OutOfRange {
    /// What the number is: "the learning rate", "`smoothing`".
    pub what: String,
    /// The number, as short as it can be written.
    pub found: String,
    /// What it must be: "from 1 to 7", "greater than 0".
    pub allowed: String,
}

impl Wording for OutOfRange {
    fn code(&self) -> Code {
        Code::Range
    }

    fn message(&self) -> String {
        format!(
            "{} is {}, it must be {}",
            self.what, self.found, self.allowed
        )
    }

    fn label(&self) -> String {
        "out of range".into()
    }

    fn help(&self) -> Option<String> {
        Some(format!("choose a value {}", self.allowed))
    }
}
