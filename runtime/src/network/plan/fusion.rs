//! Which nodes one fused kernel computes together, and how such a group is recognised. Computes no values.

use termc_compiler::model::{Affine, Function, Graph, NodeId, Op, ParamId};
use termc_kernels::Over;

use crate::network::apply::kernel_over;

/// Nodes computed together.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::network) enum Fusion {
    /// `gelu(standardize(x)) + bias`
    StandardizeGelu {
        /// What is standardized.
        x: NodeId,
        /// Axes of the means.
        over: Over,
        /// Scalar or one value per position.
        bias: ParamId,
    },
    /// `gelu(standardize(a * b)) + bias`
    Gated {
        /// One factor.
        a: NodeId,
        /// The other, of the same shape.
        b: NodeId,
        /// Axes of the means.
        over: Over,
        /// Scalar or one value per position.
        bias: ParamId,
    },
    /// `gelu(linear(x)) + bias`
    LinearGelu {
        /// What the linear map reads.
        x: NodeId,
        /// The linear map.
        affine: Affine,
        /// Scalar or one value per position.
        bias: ParamId,
    },
    /// `linear(a) + linear(b)`: each what it reads and its map.
    LinearSum([(NodeId, Affine); 2]),
    /// `gelu(x) + bias`, or `gelu(x * scale + shift) + bias`
    GeluBias {
        /// What goes in.
        x: NodeId,
        /// Scale and shift.
        rescale: Option<[ParamId; 2]>,
        /// Scalar or one value per position.
        bias: ParamId,
    },
    /// `x * sigmoid(x)`
    Silu(NodeId),
    /// `x * sigmoid(a * b)`
    Gate {
        /// What is scaled.
        x: NodeId,
        /// One factor of the score.
        a: NodeId,
        /// The other.
        b: NodeId,
    },
}

impl Fusion {
    /// The values it reads.
    pub fn reads(&self) -> Vec<NodeId> {
        match *self {
            Self::StandardizeGelu { x, .. }
            | Self::LinearGelu { x, .. }
            | Self::GeluBias { x, .. }
            | Self::Silu(x) => vec![x],
            Self::Gated { a, b, .. } => vec![a, b],
            Self::LinearSum([(a, _), (b, _)]) => vec![a, b],
            Self::Gate { x, a, b } => vec![x, a, b],
        }
    }

    /// The linear maps it computes, which read concatenations part by part.
    pub fn affines(&self) -> Vec<Affine> {
        match *self {
            Self::LinearGelu { affine, .. } => vec![affine],
            Self::LinearSum([(_, a), (_, b)]) => vec![a, b],
            _ => vec![],
        }
    }
}

/// Numbers of one image that a sum of linear maps has at least: adding up fewer takes less time than joining the weights.
const LARGE: usize = 1 << 14;

/// The fused form of a node and the nodes inside it, all of which are read only there (`once`).
pub(super) fn fusion(
    model: &Graph,
    id: NodeId,
    once: impl Fn(NodeId) -> bool,
) -> Option<(Fusion, Vec<NodeId>)> {
    match &model[id].op {
        Op::Bias(op) => {
            let (gelu, bias) = (op.x, op.bias);
            let inner = activated(model, gelu, Function::Gelu).filter(|_| once(gelu))?;
            match &model[inner].op {
                Op::Standardize(op) if once(inner) && kernel_over(op.over, op.eps).is_ok() => {
                    let (x, over) = (op.x, kernel_over(op.over, op.eps).ok()?);
                    match &model[x].op {
                        Op::Mul(op) if once(x) && model[op.a].shape == model[op.b].shape => {
                            let (a, b) = (op.a, op.b);
                            Some((Fusion::Gated { a, b, over, bias }, vec![x, inner, gelu]))
                        }
                        _ => Some((Fusion::StandardizeGelu { x, over, bias }, vec![inner, gelu])),
                    }
                }
                Op::Linear(op) if once(inner) => {
                    let (x, affine) = (op.x, op.affine);
                    Some((Fusion::LinearGelu { x, affine, bias }, vec![inner, gelu]))
                }
                Op::Rescale(op) if once(inner) => {
                    let (x, rescale) = (op.x, Some([op.scale, op.shift]));
                    Some((Fusion::GeluBias { x, rescale, bias }, vec![inner, gelu]))
                }
                _ => {
                    let (x, rescale) = (inner, None);
                    Some((Fusion::GeluBias { x, rescale, bias }, vec![gelu]))
                }
            }
        }
        Op::Add(op) if model[id].shape.per_image() >= LARGE => {
            let map = |id: NodeId| match &model[id].op {
                Op::Linear(op) if once(id) => Some((op.x, op.affine)),
                _ => None,
            };
            let alike = op.a != op.b && model[op.a].shape == model[op.b].shape;
            let maps = [map(op.a)?, map(op.b)?];
            alike.then(|| (Fusion::LinearSum(maps), vec![op.a, op.b]))
        }
        Op::Mul(op) => {
            let gate = |sigmoid: NodeId, x: NodeId| {
                let score = activated(model, sigmoid, Function::Sigmoid)?;
                match &model[score].op {
                    _ if !once(sigmoid) || sigmoid == x => None,
                    _ if score == x => Some((Fusion::Silu(x), vec![sigmoid])),
                    Op::Mul(op) if once(score) => {
                        let (a, b) = (op.a, op.b);
                        Some((Fusion::Gate { x, a, b }, vec![score, sigmoid]))
                    }
                    _ => None,
                }
            };
            gate(op.b, op.a).or_else(|| gate(op.a, op.b))
        }
        _ => None,
    }
}

/// What this node is the given function of.
fn activated(model: &Graph, id: NodeId, function: Function) -> Option<NodeId> {
    match &model[id].op {
        Op::Activation(op) if op.function == function => Some(op.x),
        _ => None,
    }
}
