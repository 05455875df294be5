//! What primitives refuse: shapes that do not fit, sizes that exceed a limit.

use super::Wording;
use crate::diagnostics::Code;
use crate::parts::{Shape, Sizes};

/// Shapes and sizes that are wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ShapeKind {
    /// The operands of `+`, `-` or `*` cannot be paired.
    Elementwise {
        /// The operator.
        operator: &'static str,
        /// Left operand.
        a: Shape,
        /// Right operand.
        b: Shape,
    },
    /// The operands of `@` cannot be multiplied.
    MatMul {
        /// Left operand.
        a: Shape,
        /// Right operand.
        b: Shape,
    },
    /// A concatenation of nothing.
    NoBranches,
    /// Branches of different positions.
    Branches {
        /// The first branch.
        first: Shape,
        /// The first that differs from it.
        other: Shape,
        /// Which one that is, counted from 1.
        number: usize,
        /// How many branches there are.
        of: usize,
    },
    /// A kernel of other channels or axes than what it is applied to.
    Kernel {
        /// What it is applied to.
        x: Shape,
        /// The kernel.
        kernel: Shape,
    },
    /// A kernel that has not the channels and positions of what it is applied to.
    LongKernel {
        /// What it is applied to.
        x: Shape,
        /// The kernel.
        kernel: Shape,
    },
    /// Causal over a plane.
    CausalPlane {
        /// The plane.
        x: Shape,
    },
    /// A kernel that depends on images.
    KernelOfImages {
        /// The kernel.
        kernel: Shape,
    },
    /// A kernel with a side of an even size.
    EvenKernel {
        /// The kernel.
        kernel: Shape,
    },
    /// A kernel larger than what it is applied to.
    OversizedKernel {
        /// What it is applied to.
        x: Shape,
        /// The kernel.
        kernel: Shape,
    },
    /// More positions than there are to pool.
    OversizedPool {
        /// What is pooled.
        x: Shape,
        /// The positions there are to be.
        sizes: Sizes,
    },
    /// A window larger than the positions that it moves over.
    OversizedWindow {
        /// What it moves over.
        x: Shape,
        /// The window.
        sizes: Sizes,
    },
    /// Windows over what has no positions.
    NoPositions {
        /// What has none.
        x: Shape,
    },
    /// Channels that do not divide into equal parts.
    Groups {
        /// The channels there are.
        channels: usize,
        /// The parts there are to be.
        parts: usize,
    },
    /// Parts whose channels do not add up.
    Parts {
        /// The channels there are.
        channels: usize,
        /// The channels of the parts together.
        sum: usize,
    },
    /// A list of sizes of the wrong length.
    Rank {
        /// What the list is: "`sizes`".
        what: String,
        /// How many there are.
        found: usize,
        /// How many there must be: "one or two".
        wanted: String,
    },
    /// No axis to take a mean or a norm over.
    NoAxes,
    /// `none` for a tensor that cannot be left out.
    Needed {
        /// The tensor: "weight".
        what: &'static str,
    },
    /// More channels than are allowed.
    TooManyChannels {
        /// How many; None if no `usize` holds them.
        channels: Option<usize>,
        /// The limit.
        most: usize,
    },
    /// More scalars in one value than are allowed.
    TooManyScalars {
        /// Its shape.
        shape: Shape,
        /// The limit.
        most: usize,
    },
    /// More parameters in the model than are allowed.
    TooManyParameters {
        /// The tensor that goes over the limit.
        shape: Vec<usize>,
        /// The limit.
        most: usize,
    },
}

impl Wording for ShapeKind {
    fn code(&self) -> Code {
        match self {
            Self::Elementwise { .. } => Code::Elementwise,
            Self::MatMul { .. } => Code::MatMul,
            Self::NoBranches | Self::Branches { .. } => Code::Concat,
            Self::Kernel { .. } | Self::LongKernel { .. } | Self::KernelOfImages { .. } => {
                Code::Kernel
            }
            Self::EvenKernel { .. } => Code::EvenKernel,
            Self::OversizedKernel { .. }
            | Self::OversizedPool { .. }
            | Self::OversizedWindow { .. } => Code::OversizedKernel,
            Self::Groups { .. } | Self::Parts { .. } => Code::Groups,
            Self::Rank { .. }
            | Self::NoAxes
            | Self::NoPositions { .. }
            | Self::CausalPlane { .. } => Code::Rank,
            Self::Needed { .. } => Code::Type,
            Self::TooManyChannels { .. }
            | Self::TooManyScalars { .. }
            | Self::TooManyParameters { .. } => Code::TooLarge,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Elementwise { operator, a, b } => {
                format!("`{operator}` cannot pair the elements of {a} and {b}")
            }
            Self::MatMul { a, b } => format!("`@` cannot multiply {a} and {b}"),
            Self::NoBranches => "a concatenation needs at least one branch".into(),
            Self::Branches {
                first,
                other,
                number,
                of,
            } => format!(
                "branches need the same positions, found {first} and, as number {number} of {of}, {other}"
            ),
            Self::Kernel { x, kernel } => {
                format!("a kernel of shape {kernel} does not fit {x}")
            }
            Self::LongKernel { x, kernel } => {
                format!("a kernel of shape {kernel} is not as long as {x}")
            }
            Self::CausalPlane { x } => {
                format!("`causal` needs an order of the positions, {x} are a plane")
            }
            Self::KernelOfImages { kernel } => {
                format!("a kernel must be the same for every image, this one is {kernel}")
            }
            Self::EvenKernel { kernel } => {
                format!("a kernel of {} has no centre", kernel.sizes)
            }
            Self::OversizedKernel { x, kernel } => format!(
                "a kernel of {} is larger than the {} positions that it is applied to",
                kernel.sizes, x.sizes
            ),
            Self::OversizedPool { x, sizes } => {
                format!("{} positions cannot be pooled to {sizes}", x.sizes)
            }
            Self::OversizedWindow { x, sizes } => format!(
                "a window of {sizes} is larger than the {} positions that it moves over",
                x.sizes
            ),
            Self::NoPositions { x } => format!("{x} has no positions for a window to move over"),
            Self::Groups { channels, parts } => {
                format!("{channels} channels do not divide into {parts} equal parts")
            }
            Self::Parts { channels, sum } => {
                format!("the parts have {sum} channels together, there are {channels}")
            }
            Self::Rank {
                what,
                found,
                wanted,
            } => format!("{what} must hold {wanted}, found {found}"),
            Self::NoAxes => "at least one axis is needed".into(),
            Self::Needed { what } => format!("a {what} cannot be left out"),
            Self::TooManyChannels { channels, most } => match channels {
                Some(channels) => {
                    format!("too large: {channels} channels, at most {most} are allowed")
                }
                None => format!("too large: more than {most} channels"),
            },
            Self::TooManyScalars { shape, most } => {
                format!("too large: a value of shape {shape}, at most {most} scalars are allowed")
            }
            Self::TooManyParameters { shape, most } => format!(
                "too large: a tensor of shape {shape:?} brings the model over the limit of {most} parameters"
            ),
        }
    }

    fn label(&self) -> String {
        match self {
            Self::Elementwise { .. } | Self::MatMul { .. } => "these do not fit".into(),
            Self::NoBranches => "nothing to join".into(),
            Self::Branches { other, .. } => format!("one branch is {other}"),
            Self::Kernel { .. } | Self::LongKernel { .. } => "does not fit".into(),
            Self::CausalPlane { .. } => "for sequences".into(),
            Self::KernelOfImages { .. } => "depends on the images".into(),
            Self::EvenKernel { .. } => "must be odd".into(),
            Self::OversizedKernel { .. }
            | Self::OversizedPool { .. }
            | Self::OversizedWindow { .. } => "too large".into(),
            Self::NoPositions { .. } => "no positions".into(),
            Self::Groups { channels, parts } => match channels.checked_rem(*parts) {
                Some(over) => format!("leaves {over} over"),
                None => "no parts".into(),
            },
            Self::Parts { channels, sum } if sum < channels => {
                format!("{} too few", channels - sum)
            }
            Self::Parts { channels, sum } => format!("{} too many", sum.saturating_sub(*channels)),
            Self::Rank { found, .. } => format!("{found} here"),
            Self::NoAxes => "no axis".into(),
            Self::Needed { .. } => "`none` is for biases".into(),
            Self::TooManyChannels { .. }
            | Self::TooManyScalars { .. }
            | Self::TooManyParameters { .. } => "made here".into(),
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Elementwise { .. } => {
                "channels and each size must be equal, or 1 on one side; a value without \
                 positions fits any"
                    .into()
            }
            Self::MatMul { a, b } if a.sizes.rank() == 2 && b.sizes.rank() == 2 => {
                "planes of the same channels are multiplied, `[.., C, H, K]` and `[.., C, K, W]`; \
                 for planes that are not square use an elementwise product"
                    .into()
            }
            Self::MatMul { .. } => "`@` multiplies planes; both sides need height and width".into(),
            Self::NoBranches => "name at least one tensor between the brackets".into(),
            Self::Branches { .. } => {
                "branches are joined along channels only; bring this one to the positions of \
                 the others or leave it out"
                    .into()
            }
            Self::Kernel { x, .. } => format!(
                "a kernel needs {} channels and {} axes of positions here, as `net(grid([size] * x.rank), \
                 x.channels)` makes it",
                x.channels,
                x.sizes.rank()
            ),
            Self::LongKernel { .. } => {
                "both need the same channels and positions, as `net(grid(x.sizes), x.channels)` makes them"
                    .into()
            }
            Self::CausalPlane { .. } => "use `circular` or `zero`".into(),
            Self::KernelOfImages { .. } => {
                "average it over the batch first: `mean(kernel, batch)`".into()
            }
            Self::EvenKernel { .. } => "use odd sizes".into(),
            Self::OversizedKernel { x, .. } => {
                let odd: Vec<String> = (x.sizes.as_slice().iter())
                    .map(|n| (n - (n + 1) % 2).to_string())
                    .collect();
                format!("use at most {}", odd.join(" x "))
            }
            Self::OversizedPool { x, .. } => format!("use at most {}", x.sizes),
            Self::OversizedWindow { .. } => "use a smaller `size`, or a larger `padding`".into(),
            Self::NoPositions { .. } => {
                "apply it before the mean over the positions, or use `linear`".into()
            }
            Self::Groups { channels, .. } => {
                let near: Vec<String> = (1..=(*channels).min(64))
                    .filter(|n| channels.is_multiple_of(*n))
                    .map(|n| n.to_string())
                    .collect();
                format!("use one of {}", near.join(", "))
            }
            Self::Parts { .. } => "give each channel to one part".into(),
            Self::Rank { .. } => {
                "images have two sizes, `[height, width]`, sequences one, `[length]`".into()
            }
            Self::NoAxes => {
                "name one of `batch`, `channels`, `positions`, or a list of them".into()
            }
            Self::Needed { .. } => "say how it starts, for example `kaiming_normal`".into(),
            Self::TooManyChannels { .. }
            | Self::TooManyScalars { .. }
            | Self::TooManyParameters { .. } => "use smaller sizes".into(),
        })
    }
}
