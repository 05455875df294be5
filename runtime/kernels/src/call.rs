//! What can be asked of a kernel, what it keeps for its gradient, and nothing of how it is computed.

use burn::tensor::{DType, Shape};

/// Shape and type of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Sizes of the axes.
    pub shape: Shape,
    /// Type of the numbers.
    pub dtype: DType,
}

impl Kind {
    /// The sizes of a tensor of rank 4; axes that are missing count as 1.
    pub fn dims4(&self) -> [usize; 4] {
        std::array::from_fn(|axis| self.shape.iter().copied().nth(axis).unwrap_or(1))
    }
}

/// Which numbers share a mean and a variance. Maps are `[N, C, H, W]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// Those of one image and channel.
    Instance,
    /// Those of one channel, in all images of the batch.
    Batch,
    /// Of channels in so many groups, even groups as [`Batch`](Self::Batch), odd ones as [`Instance`](Self::Instance).
    Groups(usize),
    /// As [`Groups`](Self::Groups), with even groups left as they are: their statistics are worked in elsewhere.
    OddGroups(usize),
}

/// Elementwise functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `x * (1 + erf(x / sqrt 2)) / 2`
    Gelu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `x * sigmoid(x)`
    Silu,
}

/// Axes that a mean is taken over; they keep size 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Axis {
    /// Channels.
    Channels,
    /// Height and width.
    Positions,
}

/// What a convolution with a kernel of as many positions sees beyond the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edges {
    /// The other side: `y[i] = sum_j x[j] kernel[i - j]` with indices that go round.
    Circular,
    /// Zeros: `y[i] = sum_j x[j] kernel[i - j + (n - 1) / 2]`.
    Zero,
    /// Nothing that comes later, along a line: `y[i] = sum_{j <= i} x[j] kernel[i - j]`.
    Causal,
}

/// What follows a standardization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finish {
    /// Nothing.
    Plain,
    /// GELU and one number, `[1]`, added everywhere.
    Scalar,
    /// GELU and one number per position, `[H, W]`, added to every image and channel.
    Spatial,
}

impl Finish {
    /// Whether there are a GELU and a bias.
    pub fn has_bias(self) -> bool {
        self != Self::Plain
    }
}

/// One operation; its operands are told apart by their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// 1x1 convolutions of the channel concatenation of the same parts: the parts, then weight `[out, in]` and bias `[out]` of
    /// each map, then with `gelu` what is added to the GELU of the only map.
    Pointwise {
        /// How many times in a row the concatenation has each part.
        times: Vec<usize>,
        /// How many maps, each with a result.
        maps: usize,
        /// Whether GELU and a bias follow.
        gelu: bool,
    },
    /// `x`, then scale and shift `[C]` if `affine`, then with `gelu` what is added to the GELU.
    Rescale {
        /// Whether there are a scale and a shift.
        affine: bool,
        /// Whether GELU and a bias follow.
        gelu: bool,
    },
    /// `x` and a kernel `[1, C, height, width]` of odd sides.
    Depthwise,
    /// One map, or two whose product is meant, then the bias unless the finish is plain.
    Standardize {
        /// Which numbers share statistics.
        over: Over,
        /// One or two.
        maps: usize,
        /// What follows.
        finish: Finish,
    },
    /// `x` and a positive factor `[N or 1, C or 1, 1, 1]`.
    StandardizeScaled,
    /// `x`
    Activate(Activation),
    /// Two maps; axes of size 1 are expanded.
    Add,
    /// Two maps; axes of size 1 are expanded.
    Multiply,
    /// `x`, `a`, `b`: `x * sigmoid(a * b)`.
    Gate,
    /// Two maps, multiplied as matrices per image and channel.
    Matmul,
    /// Two maps of the same channels and positions, convolved per image and channel; one of them may hold for all images.
    LongConv(Edges),
    /// `x`
    Mean(Axis),
    /// `x`: its batch mean pooled to a grid, `[C, rows * columns]`.
    PoolContext {
        /// Rows and columns.
        grid: [usize; 2],
    },
    /// The tensors of a slow net in the order that [`operations`](crate) lines them up in.
    SlowNet(SlowNet),
    /// Parameters, gradient and averages, `[P]` each: the stepped parameters and the moved averages.
    Kar {
        /// Decay of each average.
        betas: Vec<f64>,
        /// Learning rate.
        rate: f64,
    },
    /// A vector: the sum of the norms of its pieces times their coefficients, `[1]`, and its gradient.
    Norms {
        /// How long the pieces are.
        sizes: Vec<usize>,
        /// One per piece.
        coefficients: Vec<f64>,
    },
    /// A vector: its pieces.
    Cut {
        /// How long they are.
        sizes: Vec<usize>,
    },
    /// Vectors, one after the other as one.
    Join,
    /// Weight `[hidden, axes]` and bias `[hidden]`: the sines of that linear map of the coordinates of a grid.
    Sines {
        /// Length of a line, or rows and columns of a plane.
        sides: Vec<usize>,
    },
}

/// The structure of a slow net.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowNet {
    /// Length of a line, or rows and columns of a plane.
    pub sides: Vec<usize>,
    /// Layers between the first filter and the output.
    pub layers: usize,
    /// Whether it reads a pooled activation besides coordinates.
    pub context: bool,
    /// Shape of the result.
    pub shape: [usize; 4],
}

/// What a kernel keeps for its gradient, besides the statistics that it returns after its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Numbers of the operands.
    pub operands: Vec<usize>,
    /// Whether the result is kept.
    pub result: bool,
}

impl Call {
    /// For logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pointwise { .. } => "pointwise",
            Self::Rescale { .. } => "rescale",
            Self::Depthwise => "depthwise",
            Self::Standardize { .. } => "standardize",
            Self::StandardizeScaled => "standardize_scaled",
            Self::Activate(Activation::Gelu) => "gelu",
            Self::Activate(Activation::Sigmoid) => "sigmoid",
            Self::Activate(Activation::Silu) => "silu",
            Self::Add => "add",
            Self::Multiply => "multiply",
            Self::Gate => "gate",
            Self::Matmul => "matmul",
            Self::LongConv(_) => "long_conv",
            Self::Mean(Axis::Channels) => "channel_mean",
            Self::Mean(Axis::Positions) => "position_mean",
            Self::PoolContext { .. } => "pool_context",
            Self::SlowNet(_) => "slow_net",
            Self::Kar { .. } => "kar",
            Self::Norms { .. } => "norms",
            Self::Cut { .. } => "cut",
            Self::Join => "join",
            Self::Sines { .. } => "sines",
        }
    }

    /// What is kept for the gradient; none for a call that has no gradient of its own. The backward pass and the prediction of
    /// a training's memory both read it.
    pub fn saved(&self) -> Option<Saved> {
        let operands = |count: usize| Saved {
            operands: (0..count).collect(),
            result: false,
        };
        Some(match self {
            // The parts and the weight; the bias is added.
            Self::Pointwise {
                times,
                maps: 1,
                gelu: false,
            } => operands(times.len() + 1),
            Self::Standardize { maps, .. } => operands(*maps),
            Self::Depthwise
            | Self::StandardizeScaled
            | Self::Multiply
            | Self::Matmul
            | Self::LongConv(_)
            | Self::Sines { .. } => operands(2),
            Self::Activate(Activation::Gelu | Activation::Silu) => operands(1),
            Self::Activate(Activation::Sigmoid) => Saved {
                operands: vec![],
                result: true,
            },
            Self::Add | Self::Mean(_) | Self::PoolContext { .. } => operands(0),
            Self::Gate => operands(3),
            Self::SlowNet(net) => operands(net.tensors()),
            Self::Pointwise { .. }
            | Self::Rescale { .. }
            | Self::Kar { .. }
            | Self::Norms { .. }
            | Self::Cut { .. }
            | Self::Join => {
                return None;
            }
        })
    }
}

impl SlowNet {
    /// How many tensors it is made of.
    pub fn tensors(&self) -> usize {
        let maps = (self.layers + 1) + self.layers + 1;
        // The pooled activation, the maps of the context and its two factors.
        let context = if self.context {
            1 + 2 * (2 + self.layers) + 2
        } else {
            0
        };
        2 * maps + 1 + context
    }
}
