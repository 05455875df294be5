//! The primitive operations every surface operation is lowered to. Their Burn form is `support/`, one function each.

use super::{NodeId, ParamId};

/// What a node computes. Activations are `[N, C, H, W]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The model's input.
    Input,
    /// A slow net on coordinates alone: `[1, outputs, H, W]` over a plane, `[1, positions, 1, 1]` over a line.
    Kernel(SlowNet),
    /// A slow net that also reads an activation: `[1, outputs, k, k]`, the context averaged over the batch.
    ContextKernel {
        /// The coordinate net.
        net: SlowNet,
        /// The part that reads the activation.
        context: Context,
        /// The activation.
        source: NodeId,
    },
    /// A stored value, `[1, C, H, W]`; only in frozen models.
    Constant(ParamId),
    /// Elementwise sum; axes of size 1 are stretched.
    Add(NodeId, NodeId),
    /// Elementwise product; axes of size 1 are stretched (HyperZZW, first product).
    Mul(NodeId, NodeId),
    /// Per-channel matrix product over the last two axes (HyperZZW, second product).
    MatMul(NodeId, NodeId),
    /// 1x1 convolution with bias: weight `[out, in]`, bias `[out]`.
    Pointwise {
        /// The activation.
        x: NodeId,
        /// Weight and bias.
        affine: Affine,
    },
    /// Depthwise convolution of stride 1 with zero padding (k-1)/2; kernel `[1, C, k, k]`.
    Depthwise {
        /// The activation.
        x: NodeId,
        /// The kernel.
        kernel: NodeId,
    },
    /// Zero mean and unit biased variance, eps 1e-5, no affine parameters.
    Standardize {
        /// The activation.
        x: NodeId,
        /// Which axes a mean is taken over.
        over: Over,
    },
    /// The instance standardization of `x * scale` for positive `scale` of one value per image and channel, without the
    /// product: `(x - mean) / sqrt(var + 1e-5 / scale^2)`.
    StandardizeScaled {
        /// The activation.
        x: NodeId,
        /// The factors, `[N, C, 1, 1]`.
        scale: NodeId,
    },
    /// `x * scale + shift` per channel, each `[C]`: a standardization with known statistics; only in frozen models.
    Rescale {
        /// The activation.
        x: NodeId,
        /// Factor of each channel.
        scale: ParamId,
        /// What is added to each channel.
        shift: ParamId,
    },
    /// GELU, the exact form with erf.
    Gelu(NodeId),
    /// Logistic function.
    Sigmoid(NodeId),
    /// Adds a parameter: `[1]` (one scalar) or `[H, W]` (one value per position).
    Bias {
        /// The activation.
        x: NodeId,
        /// The parameter.
        bias: ParamId,
    },
    /// Joins along channels.
    Concat(Vec<NodeId>),
    /// Repeats all channels `times` times, in order.
    Tile {
        /// The activation.
        x: NodeId,
        /// How often.
        times: usize,
    },
    /// Mean over channels: `[N, 1, H, W]`.
    ChannelMean(NodeId),
    /// Mean over positions: `[N, C, 1, 1]`.
    SpatialMean(NodeId),
    /// In training, zeroes whole channels of single images with this probability and scales the rest by 1/(1-rate).
    Dropout {
        /// The activation.
        x: NodeId,
        /// The probability, `0 <= rate < 1`; zero means no dropout.
        rate: f64,
    },
}

/// Over what a standardization takes its mean and variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// `(H, W)`: each image and channel by itself.
    Instance,
    /// `(N, H, W)`: couples the images of a batch.
    Batch,
    /// G-IBS: this many equal channel groups, even ones (0, 2, ...) over the batch, odd ones per instance.
    Groups(usize),
    /// The same with the even groups left as they are; only in frozen models.
    OddGroups(usize),
}

/// Weight `[out, in]` and bias `[out]` of a linear map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    /// `[out, in]`
    pub weight: ParamId,
    /// `[out]`
    pub bias: ParamId,
}

/// The positions a slow net is evaluated on: a regular grid over `[-1, 1]`, both ends included, row index first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// `height x width`, two coordinates.
    Plane {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// `length` positions, one coordinate.
    Line {
        /// Positions.
        length: usize,
    },
}

impl Grid {
    /// Number of positions.
    pub fn positions(self) -> usize {
        match self {
            Self::Plane { height, width } => height * width,
            Self::Line { length } => length,
        }
    }

    /// Number of coordinates.
    pub fn dims(self) -> usize {
        match self {
            Self::Plane { .. } => 2,
            Self::Line { .. } => 1,
        }
    }
}

/// A multiplicative filter network on coordinates ("MAGNet"):
/// `h0 = sin(filter0(g))`, `h' = sin(filter(g)) * linear(h) + bias`, `kernel = output(h)`.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowNet {
    /// Where it is evaluated.
    pub grid: Grid,
    /// Hidden width.
    pub hidden: usize,
    /// Output channels (1 over a line).
    pub outputs: usize,
    /// `layers + 1` maps `[hidden, dims]`.
    pub filters: Vec<Affine>,
    /// `layers` maps `[hidden, hidden]`.
    pub linears: Vec<Affine>,
    /// `[outputs, hidden]`.
    pub output: Affine,
    /// Spatial bias shared by all hidden channels and layers: `[H, W]` or `[length]`.
    pub bias: ParamId,
}

/// The context path of a slow net: `ctx = gelu(fc1(mean_batch(reduce(adaptive_avg_pool(z)))))`; after each layer
/// `h = (alpha * stop_gradient(h) + beta * h / max(||h||, 1e-12)) * layer(ctx)`, the norm per hidden channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// `[hidden, C]`.
    pub reduce: Affine,
    /// `[hidden, hidden]`.
    pub fc1: Affine,
    /// One `[hidden, hidden]` per layer.
    pub layers: Vec<Affine>,
    /// Weight of the detached value.
    pub alpha: Scale,
    /// Weight of the normalised value.
    pub beta: Scale,
}

/// A factor: fixed, or a trained parameter of shape `[1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Never changes.
    Constant(f64),
    /// Trained.
    Trained(ParamId),
}

impl Op {
    /// The nodes it reads, in order.
    pub fn operands(&self) -> Vec<NodeId> {
        match self {
            Self::Input | Self::Kernel(_) | Self::Constant(_) => vec![],
            Self::ContextKernel { source, .. } => vec![*source],
            Self::Add(a, b) | Self::Mul(a, b) | Self::MatMul(a, b) => vec![*a, *b],
            Self::Depthwise { x, kernel } => vec![*x, *kernel],
            Self::StandardizeScaled { x, scale } => vec![*x, *scale],
            Self::Concat(parts) => parts.clone(),
            Self::Pointwise { x, .. }
            | Self::Standardize { x, .. }
            | Self::Rescale { x, .. }
            | Self::Gelu(x)
            | Self::Sigmoid(x)
            | Self::Bias { x, .. }
            | Self::Tile { x, .. }
            | Self::ChannelMean(x)
            | Self::SpatialMean(x)
            | Self::Dropout { x, .. } => vec![*x],
        }
    }

    /// The parameters it reads, in order.
    pub fn params(&self) -> Vec<ParamId> {
        match self {
            Self::Kernel(net) => net.params(),
            Self::ContextKernel { net, context, .. } => [net.params(), context.params()].concat(),
            Self::Pointwise { affine, .. } => vec![affine.weight, affine.bias],
            Self::Bias { bias, .. } => vec![*bias],
            Self::Constant(value) => vec![*value],
            Self::Rescale { scale, shift, .. } => vec![*scale, *shift],
            _ => vec![],
        }
    }
}

impl SlowNet {
    /// Number of hidden layers.
    pub fn layers(&self) -> usize {
        self.linears.len()
    }

    /// Its parameters in order.
    pub fn params(&self) -> Vec<ParamId> {
        let affines = self
            .filters
            .iter()
            .chain(&self.linears)
            .chain([&self.output]);
        affines
            .flat_map(|a| [a.weight, a.bias])
            .chain([self.bias])
            .collect()
    }
}

impl Context {
    /// Its parameters in order.
    pub fn params(&self) -> Vec<ParamId> {
        let affines = [&self.reduce, &self.fc1].into_iter().chain(&self.layers);
        let scales = [self.alpha, self.beta].into_iter().filter_map(|s| match s {
            Scale::Trained(id) => Some(id),
            Scale::Constant(_) => None,
        });
        affines
            .flat_map(|a| [a.weight, a.bias])
            .chain(scales)
            .collect()
    }
}
