//! Paths: names and numbers with dots between them.

use super::{Name, Span};

/// `b[2].fast.rgu[0].k`
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Path {
    /// What stands between the dots, at least one.
    pub steps: Vec<Step>,
    /// The whole path.
    pub span: Span,
}

/// `rgu` or `rgu[0]` in a path.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Step {
    /// The word.
    pub name: Name,
    /// The number in brackets.
    pub index: Option<(i64, Span)>,
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, step) in self.steps.iter().enumerate() {
            if i > 0 {
                write!(f, ".")?;
            }
            write!(f, "{step}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.name.text)?;
        match self.index {
            Some((index, _)) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}
