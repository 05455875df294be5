//! Which calls of kernels compute a step of a plan in training, so that what they declare to keep for the gradient can be
//! read. Calls nothing.

use termc_compiler::model::{Model, NodeId, Op, ParamId};
use termc_kernels::{Activation, Axis, Call, Finish};

use super::super::apply::axes;
use super::super::plan::{Fusion, Step};

/// Where an operand of a call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    /// The value of a node; a concatenation that is not made stands for its parts, one after the other.
    Node(NodeId),
    /// The result of the call before this one, of the shape of the step's own value.
    Previous,
    /// A parameter or another tensor that stays anyway or is small.
    Other,
}

/// The calls of a step in order, each with its operands; none for what Burn computes and keeps nothing of.
///
/// `parts` gives the values that are made where a node is read. Calls without a gradient of their own stand here as the ones
/// that replace them in training.
pub(super) fn calls(
    model: &Model,
    step: &Step,
    id: NodeId,
    parts: impl Fn(NodeId) -> Vec<NodeId>,
) -> Vec<(Call, Vec<Operand>)> {
    use Operand::{Node, Other, Previous};
    let nodes = |ids: &[NodeId]| ids.iter().copied().map(Node).collect::<Vec<_>>();
    let pointwise = |x: NodeId| {
        let parts = parts(x);
        let call = Call::Pointwise {
            parts: parts.len(),
            maps: 1,
            gelu: false,
        };
        (call, [nodes(&parts), vec![Other, Other]].concat())
    };
    let gelu = |x: Operand| (Call::Activate(Activation::Gelu), vec![x]);
    let bias = || (Call::Add, vec![Previous, Other]);
    let finish = |bias: ParamId| match model[bias].shape.len() {
        1 => Finish::Scalar,
        _ => Finish::Spatial,
    };
    match step {
        Step::Fused(Fusion::StandardizeGelu { x, over, bias }) => {
            let (over, finish) = (axes(*over), finish(*bias));
            let maps = 1;
            vec![(
                Call::Standardize { over, maps, finish },
                vec![Node(*x), Other],
            )]
        }
        Step::Fused(Fusion::Gated { a, b, over, bias }) => {
            let (over, finish) = (axes(*over), finish(*bias));
            let maps = 2;
            let operands = vec![Node(*a), Node(*b), Other];
            vec![(Call::Standardize { over, maps, finish }, operands)]
        }
        Step::Fused(Fusion::PointwiseGelu { x, .. }) => {
            vec![pointwise(*x), gelu(Previous), bias()]
        }
        Step::Fused(Fusion::GeluBias { x, rescale, .. }) => match rescale {
            Some(_) => vec![
                (Call::Multiply, vec![Node(*x), Other]),
                bias(),
                gelu(Previous),
                bias(),
            ],
            None => vec![gelu(Node(*x)), bias()],
        },
        Step::Fused(Fusion::Silu(x)) => vec![(Call::Activate(Activation::Silu), nodes(&[*x]))],
        Step::Fused(Fusion::Gate { x, a, b }) => vec![(Call::Gate, nodes(&[*x, *a, *b]))],
        _ => match &model[id].op {
            Op::Pointwise { x, .. } => vec![pointwise(*x)],
            Op::Depthwise { x, kernel } => vec![(Call::Depthwise, nodes(&[*x, *kernel]))],
            Op::Standardize { x, over } => {
                let (over, maps, finish) = (axes(*over), 1, Finish::Plain);
                vec![(Call::Standardize { over, maps, finish }, nodes(&[*x]))]
            }
            Op::StandardizeScaled { x, scale } => {
                vec![(Call::StandardizeScaled, nodes(&[*x, *scale]))]
            }
            Op::Rescale { x, .. } => vec![(Call::Multiply, vec![Node(*x), Other]), bias()],
            Op::Gelu(x) => vec![gelu(Node(*x))],
            Op::Sigmoid(x) => vec![(Call::Activate(Activation::Sigmoid), nodes(&[*x]))],
            Op::Add(a, b) => vec![(Call::Add, nodes(&[*a, *b]))],
            Op::Mul(a, b) => vec![(Call::Multiply, nodes(&[*a, *b]))],
            Op::MatMul(a, b) => vec![(Call::Matmul, nodes(&[*a, *b]))],
            Op::Bias { x, .. } => vec![(Call::Add, vec![Node(*x), Other])],
            Op::ChannelMean(x) => vec![(Call::Mean(Axis::Channels), nodes(&[*x]))],
            Op::SpatialMean(x) => vec![(Call::Mean(Axis::Positions), nodes(&[*x]))],
            Op::Dropout { x, rate } if *rate > 0.0 => vec![(Call::Multiply, vec![Node(*x), Other])],
            // Slow nets keep parameters and a pooled activation of their kernel's size.
            Op::Kernel(_) | Op::ContextKernel { .. } => vec![],
            Op::Input | Op::Constant(_) | Op::Concat(_) | Op::Tile { .. } | Op::Dropout { .. } => {
                vec![]
            }
        },
    }
}
