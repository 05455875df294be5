//! What can be asked of the kernels, and the shapes and types of the answers. Touches no device.

use burn::tensor::{DType, Shape};
use termc_compiler::model::Over;

/// Shape and type of a tensor.
pub type Kind = (Shape, DType);

/// What follows a standardization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finish {
    /// Nothing.
    Plain,
    /// GELU and one number added everywhere.
    Scalar,
    /// GELU and one number added per position.
    Spatial,
}

impl Finish {
    /// Whether there is a GELU and a bias.
    pub fn gelu(self) -> bool {
        self != Self::Plain
    }
}

/// Where the statistics of a channel come from. Channels come in groups of `group`; even groups have statistics of the
/// whole batch, or none if those are worked in elsewhere, odd ones of each image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Statistics {
    /// Channels of a group; 0 if every image has its own statistics.
    pub group: usize,
    /// Whether even groups are left as they are.
    pub known: bool,
}

impl Statistics {
    /// Of `channels` channels.
    pub fn new(over: Over, channels: usize) -> Self {
        let group = |groups: usize| (channels / groups.max(1)).max(1);
        match over {
            Over::Instance => Self {
                group: 0,
                known: false,
            },
            Over::Batch => Self {
                group: channels.max(1),
                known: false,
            },
            Over::Groups(groups) => Self {
                group: group(groups),
                known: false,
            },
            Over::OddGroups(groups) => Self {
                group: group(groups),
                known: true,
            },
        }
    }

    /// Whether every image has its own statistics, so that one kernel does all.
    pub fn by_image(self) -> bool {
        self.group == 0
    }
}

/// One question to the device. Maps are `[N, C, H, W]`; statistics are `[N, C, 2]` in float32, mean and inverse standard
/// deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// From the maps (two whose product is meant if `product`) and the bias unless the finish is plain: the result and
    /// its statistics.
    Standardize {
        /// Whose statistics.
        statistics: Statistics,
        /// Two maps, multiplied.
        product: bool,
        /// What follows.
        finish: Finish,
    },
    /// From the gradient, the maps and the statistics: the gradient of each of the maps.
    StandardizeBack {
        /// Whose statistics.
        statistics: Statistics,
        /// Two maps, multiplied.
        product: bool,
        /// Whether a GELU followed.
        gelu: bool,
    },
    /// From maps and a kernel `[1, C, k, k]`: the depthwise convolution.
    Depthwise {
        /// With the kernel turned by half a turn, as in the gradient of the maps.
        flipped: bool,
    },
    /// From the gradient and the maps: partial sums of the kernel's gradient, `[parts, C, k, k]` in float32.
    DepthwiseKernel {
        /// Rows and columns of the kernel.
        k: usize,
        /// How many partial sums.
        parts: usize,
    },
}

impl Call {
    /// For logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Standardize { .. } => "termc_standardize",
            Self::StandardizeBack { .. } => "termc_standardize_back",
            Self::Depthwise { .. } => "termc_depthwise",
            Self::DepthwiseKernel { .. } => "termc_depthwise_kernel",
        }
    }

    /// What the answers are, given what the inputs are.
    pub fn answers(&self, inputs: &[Kind]) -> Vec<Kind> {
        let Some((shape, dtype)) = inputs.first().cloned() else {
            return vec![];
        };
        let size = |axis: usize| shape.iter().copied().nth(axis).unwrap_or(1);
        match *self {
            Self::Standardize { .. } => {
                let kept = Shape::new([size(0), size(1), 2]);
                vec![(shape, dtype), (kept, DType::F32)]
            }
            Self::StandardizeBack { product, .. } => {
                let maps = 1 + usize::from(product);
                inputs.iter().skip(1).take(maps).cloned().collect()
            }
            Self::Depthwise { .. } => vec![(shape, dtype)],
            Self::DepthwiseKernel { k, parts } => {
                vec![(Shape::new([parts, size(1), k, k]), DType::F32)]
            }
        }
    }
}
