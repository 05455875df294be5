//! What loss terms and training settings refuse.

use super::Wording;
use crate::diagnostics::Code;
use crate::parts::Shape;

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
    /// The cross entropy of something else than the output.
    NotTheOutput,
    /// The cross entropy of something that is not one score per class.
    NotScores {
        /// What it is.
        shape: Shape,
        /// Most classes.
        most: usize,
    },
    /// Fewer than two values to compare.
    NothingToCompare {
        /// How many there are.
        found: usize,
    },
    /// A value that is compared depends on images.
    ComparedImages {
        /// The value.
        shape: Shape,
    },
    /// Values that are compared have different positions.
    ComparedSizes {
        /// The value.
        shape: Shape,
        /// The one before it.
        other: Shape,
    },
    /// The channels of a value do not tile into those of the next.
    ComparedTile {
        /// The channels of the one.
        earlier: usize,
        /// The channels of the next.
        later: usize,
    },
}

impl Wording for SettingKind {
    fn code(&self) -> Code {
        match self {
            Self::Count { .. } => Code::Arity,
            Self::NesterovWithoutMomentum => Code::Range,
            Self::NotTheOutput | Self::NotScores { .. } | Self::ComparedImages { .. } => Code::Type,
            Self::NothingToCompare { .. } => Code::Missing,
            Self::ComparedSizes { .. } => Code::Elementwise,
            Self::ComparedTile { .. } => Code::Tile,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Count { wanted, found, .. } => format!("expected {wanted}, found {found}"),
            Self::NesterovWithoutMomentum => "nesterov's form needs a momentum".into(),
            Self::NotTheOutput => "the cross entropy is that of the model's output".into(),
            Self::NotScores { shape, .. } => {
                format!("the cross entropy needs one score per class and image, found {shape}")
            }
            Self::NothingToCompare { found } => {
                format!("the slow neural loss compares two values or more, found {found}")
            }
            Self::ComparedImages { shape } => {
                format!(
                    "values that are compared must be the same for every image, this one is {shape}"
                )
            }
            Self::ComparedSizes { shape, other } => {
                format!(
                    "values that are compared need the same positions, found {other} and {shape}"
                )
            }
            Self::ComparedTile { earlier, later } => {
                format!("a kernel of {earlier} channels does not tile into {later}")
            }
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Count { found, .. } => format!("{found} here"),
            Self::NesterovWithoutMomentum => String::new(),
            Self::NotTheOutput => "not the output".into(),
            Self::NotScores { shape, .. } => format!("this is {shape}"),
            Self::NothingToCompare { .. } => "too few".into(),
            Self::ComparedImages { .. } => "depends on the images".into(),
            Self::ComparedSizes { shape, .. } => format!("one is {shape}"),
            Self::ComparedTile { later, .. } => format!("one has {later} channels"),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Count { help, .. } => Some(help.clone()),
            Self::NesterovWithoutMomentum => Some("add `momentum=0.9`".into()),
            Self::NotTheOutput => Some("name what stands after `output`".into()),
            Self::NotScores { most, .. } => Some(format!(
                "end with `head(x, classes)`, for 2 to {most} classes"
            )),
            Self::NothingToCompare { .. } => {
                Some("name several, for example `b.K` for every `b[i]`".into())
            }
            Self::ComparedImages { .. } => {
                Some("name kernels, which slow nets make of coordinates alone".into())
            }
            Self::ComparedSizes { .. } => Some("name only values of the same positions".into()),
            Self::ComparedTile { .. } => Some("use `compare=channel_sum`".into()),
        }
    }
}
