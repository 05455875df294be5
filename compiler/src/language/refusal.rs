//! Why something built in refuses its arguments: what is wrong, and which value is to blame.

use super::{Given, Places};
use crate::diagnostics::Kind;

/// Why a call is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What is wrong.
    pub kind: Box<Kind>,
    /// The value that is blamed; empty for the call itself.
    pub places: Places,
}

impl Refusal {
    /// Blames the call.
    pub fn call(kind: impl Into<Kind>) -> Self {
        Self {
            kind: Box::new(kind.into()),
            places: Places::default(),
        }
    }

    /// Blames an argument.
    pub fn argument<T>(kind: impl Into<Kind>, argument: &Given<T>) -> Self {
        Self {
            kind: Box::new(kind.into()),
            places: argument.places.clone(),
        }
    }

    /// Blames an element of a list, or the list if nobody wrote the element.
    pub fn element<T, L>(kind: impl Into<Kind>, element: &Given<T>, list: &Given<L>) -> Self {
        if element.places.is_empty() {
            Self::argument(kind, list)
        } else {
            Self::argument(kind, element)
        }
    }
}
