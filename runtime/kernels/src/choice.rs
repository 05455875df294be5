//! Which code computes the operations: the setting, its names, and nothing else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which code computes the operations; both compute the same function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KernelChoice {
    /// The device's own kernels with gradients written by hand, where it has them.
    #[default]
    Fused,
    /// Plain Burn operations, the ones that emitted source uses.
    Composed,
}

impl KernelChoice {
    /// Both, in the order in which they are named to users.
    pub const ALL: [Self; 2] = [Self::Fused, Self::Composed];

    /// `fused` or `composed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fused => "fused",
            Self::Composed => "composed",
        }
    }
}

impl fmt::Display for KernelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is none of [`KernelChoice`]'s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKernels(String);

impl fmt::Display for UnknownKernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not `fused` or `composed`", self.0)
    }
}

impl std::error::Error for UnknownKernels {}

impl FromStr for KernelChoice {
    type Err = UnknownKernels;

    fn from_str(name: &str) -> Result<Self, UnknownKernels> {
        let found = Self::ALL.into_iter().find(|choice| choice.name() == name);
        found.ok_or_else(|| UnknownKernels(name.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_refused() {
        for choice in KernelChoice::ALL {
            assert_eq!(choice.name().parse(), Ok(choice));
        }
        let unknown = "Fused".parse::<KernelChoice>().unwrap_err();
        assert_eq!(unknown.to_string(), "`Fused` is not `fused` or `composed`");
    }
}
