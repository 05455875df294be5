//! What is launched on a device, and the shapes and types of the results. Touches no device.

use burn::tensor::{DType, Shape};

use crate::call::{Finish, Kind, Over};

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

/// One piece of work for a device. Maps are `[N, C, H, W]`; statistics are `[N, C, 2]` in float32, mean and inverse standard
/// deviation.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
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
    StandardizeBackward {
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
    /// From two stacks of matrices `[.., M, K]` and `[.., K, N]`, each transposed before if so said: their products,
    /// `[.., M, N]`. Axes of size 1 before the last two are expanded.
    Product {
        /// Whether each of the two is given transposed.
        transposed: [bool; 2],
    },
    /// From the weight `[hidden, axes]` and the bias `[hidden]`, in float32: the sines of that linear map of the coordinates of
    /// a grid, `[hidden, positions]`.
    Sines {
        /// Length of a line, or rows and columns of a plane.
        sides: Vec<usize>,
    },
    /// From the gradient, the weight and the bias: the gradients of weight and bias.
    SinesBackward {
        /// As before.
        sides: Vec<usize>,
    },
    /// From a vector in float32: its pieces, one after the other.
    Cut {
        /// How long they are.
        sizes: Vec<usize>,
    },
    /// From tensors in float32: their numbers as one vector.
    Join,
    /// From a vector in float32: the L2 norm of each of its pieces times its coefficient, and the gradient of their sum.
    Norms {
        /// How long the pieces are.
        sizes: Vec<usize>,
        /// One per piece.
        coefficients: Vec<f64>,
    },
    /// From the gradient and the maps: partial sums of the kernel's gradient, `[parts, C, k, k]` in float32.
    DepthwiseKernel {
        /// Rows and columns of the kernel.
        k: usize,
        /// How many partial sums.
        parts: usize,
    },
}

impl Work {
    /// For logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Standardize { .. } => "termc_standardize",
            Self::StandardizeBackward { .. } => "termc_standardize_back",
            Self::Depthwise { .. } => "termc_depthwise",
            Self::DepthwiseKernel { .. } => "termc_depthwise_kernel",
            Self::Product { .. } => "termc_product",
            Self::Sines { .. } => "termc_sines",
            Self::SinesBackward { .. } => "termc_sines_back",
            Self::Cut { .. } => "termc_cut",
            Self::Join => "termc_join",
            Self::Norms { .. } => "termc_norms",
        }
    }

    /// Shapes and types of the results, given those of the inputs.
    pub fn results(&self, inputs: &[Kind]) -> Vec<Kind> {
        let Some(Kind { shape, dtype }) = inputs.first().cloned() else {
            return vec![];
        };
        let float32 = |shape: Shape| Kind {
            shape,
            dtype: DType::F32,
        };
        let size = |axis: usize| shape.iter().copied().nth(axis).unwrap_or(1);
        match self {
            Self::Standardize { .. } => {
                let statistics = float32(Shape::new([size(0), size(1), 2]));
                vec![Kind { shape, dtype }, statistics]
            }
            Self::StandardizeBackward { product, .. } => {
                let maps = 1 + usize::from(*product);
                inputs.iter().skip(1).take(maps).cloned().collect()
            }
            Self::Depthwise { .. } => vec![Kind { shape, dtype }],
            Self::Sines { sides } => {
                vec![float32(Shape::new([size(0), sides.iter().product()]))]
            }
            Self::SinesBackward { .. } => inputs.iter().skip(1).cloned().collect(),
            Self::Cut { sizes } => {
                let pieces = sizes.iter().map(|size| float32(Shape::new([*size])));
                pieces.collect()
            }
            Self::Join => {
                let count = inputs.iter().map(|part| part.shape.num_elements()).sum();
                vec![float32(Shape::new([count]))]
            }
            Self::Norms { sizes, .. } => vec![float32(Shape::new([sizes.len()])), float32(shape)],
            Self::Product { transposed } => {
                let other = inputs.get(1).map_or(&shape, |b| &b.shape);
                vec![Kind {
                    shape: product_shape(&shape, other, *transposed),
                    dtype,
                }]
            }
            Self::DepthwiseKernel { k, parts } => {
                vec![float32(Shape::new([*parts, size(1), *k, *k]))]
            }
        }
    }
}

/// `[.., M, N]` of matrices of the same rank.
fn product_shape(a: &Shape, b: &Shape, transposed: [bool; 2]) -> Shape {
    let stack = a.num_dims() - 2;
    let both = a.iter().zip(b.iter()).take(stack);
    let mut sizes: Vec<usize> = both.map(|(a, b)| if *a == 1 { *b } else { *a }).collect();
    sizes.push(a[stack + usize::from(transposed[0])]);
    sizes.push(b[stack + usize::from(!transposed[1])]);
    Shape::from(sizes)
}
