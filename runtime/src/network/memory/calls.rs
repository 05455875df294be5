//! Which calls of kernels compute a step of a plan in training, so that what they declare to keep for the gradient can be
//! read. Calls nothing.

use termc_compiler::model::{Function, Model, NodeId, Op, ParamId};
use termc_kernels::{Activation, Axis, Call, Finish, Over};

use super::super::apply::kernel_over;
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
            let (over, finish) = (*over, finish(*bias));
            let maps = 1;
            vec![(
                Call::Standardize { over, maps, finish },
                vec![Node(*x), Other],
            )]
        }
        Step::Fused(Fusion::Gated { a, b, over, bias }) => {
            let (over, finish) = (*over, finish(*bias));
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
        _ => node(model, id, pointwise),
    }
}

/// The calls of a node by itself. What Burn computes stands here as the call that keeps as much.
fn node(
    model: &Model,
    id: NodeId,
    pointwise: impl Fn(NodeId) -> (Call, Vec<Operand>),
) -> Vec<(Call, Vec<Operand>)> {
    use Operand::{Node, Other, Previous};
    let one = |call: Call, ids: &[NodeId]| vec![(call, ids.iter().copied().map(Node).collect())];
    let scaled = |x: NodeId| (Call::Multiply, vec![Node(x), Other]);
    let shifted = |x: NodeId| (Call::Add, vec![Node(x), Other]);
    match &model[id].op {
        Op::Linear(op) => vec![pointwise(op.x)],
        Op::Depthwise(op) => one(Call::Depthwise, &[op.x, op.kernel]),
        Op::Standardize(op) => {
            let (maps, finish) = (1, Finish::Plain);
            let over = kernel_over(op.over, op.eps).unwrap_or(Over::Instance);
            one(Call::Standardize { over, maps, finish }, &[op.x])
        }
        Op::StandardizeScaled(op) => one(Call::StandardizeScaled, &[op.x, op.scale]),
        Op::Rescale(op) => vec![scaled(op.x), (Call::Add, vec![Previous, Other])],
        Op::Activation(op) => {
            // The derivative of some is a function of the result.
            let like = match op.function {
                Function::Gelu | Function::Sin => Activation::Gelu,
                Function::Sigmoid | Function::Tanh | Function::Exp => Activation::Sigmoid,
            };
            one(Call::Activate(like), &[op.x])
        }
        Op::Add(op) => one(Call::Add, &[op.a, op.b]),
        Op::Sub(op) => one(Call::Add, &[op.a, op.b]),
        Op::Mul(op) => one(Call::Multiply, &[op.a, op.b]),
        Op::MatMul(op) => one(Call::Matmul, &[op.a, op.b]),
        Op::Bias(op) => vec![shifted(op.x)],
        Op::ScaleBy(op) => vec![shifted(op.x)],
        Op::Offset(op) => vec![shifted(op.x)],
        Op::Mean(op) => one(Call::Mean(Axis::Positions), &[op.x]),
        Op::AdaptiveAvgPool(op) => one(Call::Mean(Axis::Positions), &[op.x]),
        Op::Normalize(op) => one(Call::Multiply, &[op.x, op.x]),
        Op::Dropout(op) if op.rate > 0.0 => vec![scaled(op.x)],
        // Slow nets keep parameters and a pooled activation of their kernel's size; the others only pass on what there is.
        Op::Kernel(_)
        | Op::ContextKernel(_)
        | Op::Input(_)
        | Op::Coordinates(_)
        | Op::Stored(_)
        | Op::Fill(_)
        | Op::Fourier(_)
        | Op::StopGradient(_)
        | Op::Concat(_)
        | Op::Part(_)
        | Op::Flatten(_)
        | Op::Tile(_)
        | Op::Dropout(_) => vec![],
    }
}
