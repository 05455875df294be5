//! Which calls of kernels compute a step of a plan in training, so that what they declare to keep for the gradient can be
//! read. Calls nothing.

use termc_compiler::model::{Function, Model, NodeId, Op, ParamId};
use termc_kernels::{Activation, Axis, Call, Finish, Over};

use super::super::apply::{kernel_edges, kernel_over};
use super::super::plan::{Fusion, LinearMap, Step};

/// Where an operand of a call comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operand {
    /// The value of a node; a concatenation that is not made stands for its parts, one after the other, those that follow
    /// themselves once.
    Node(NodeId),
    /// The result of the call before this one, of the shape of the step's own value.
    Previous,
    /// A parameter or another tensor that stays anyway or is small.
    Other,
}

/// The calls of a step in order, each with its operands; none for what Burn computes and keeps nothing of.
///
/// `map` is what the step computes for this node where it computes linear maps together; `parts` gives the values that are made
/// where a node is read. Calls without a gradient of their own stand here as the ones
/// that replace them in training.
pub(super) fn calls(
    model: &Model,
    step: &Step,
    id: NodeId,
    map: Option<&LinearMap>,
    parts: impl Fn(NodeId) -> Vec<NodeId>,
) -> Vec<(Call, Vec<Operand>)> {
    use Operand::{Node, Other, Previous};
    let nodes = |ids: &[NodeId]| ids.iter().copied().map(Node).collect::<Vec<_>>();
    let pointwise_of = |parts: Vec<NodeId>| {
        let runs = parts.chunk_by(|a, b| a == b);
        let times = runs.clone().map(<[NodeId]>::len).collect();
        let parts: Vec<NodeId> = runs.filter_map(|run| run.first().copied()).collect();
        let call = Call::Pointwise {
            times,
            maps: 1,
            gelu: false,
        };
        (call, [nodes(&parts), vec![Other, Other]].concat())
    };
    let pointwise = |x: NodeId| pointwise_of(parts(x));
    let gelu = |x: Operand| (Call::Activate(Activation::Gelu), vec![x]);
    let bias = || (Call::Add, vec![Previous, Other]);
    let finish = |bias: ParamId| match model[bias].shape.len() {
        1 => Finish::Scalar,
        _ => Finish::Spatial,
    };
    if let Some(map) = map {
        return vec![pointwise(map.x)];
    }
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
        Step::Fused(Fusion::LinearGelu { x, .. }) => {
            vec![pointwise(*x), gelu(Previous), bias()]
        }
        Step::Fused(Fusion::LinearSum([(a, _), (b, _)])) => {
            vec![pointwise_of([parts(*a), parts(*b)].concat())]
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

/// The calls of a node by itself. What Burn computes stands here as a call that keeps as much: what it reads, if nothing else
/// is said.
fn node(
    model: &Model,
    id: NodeId,
    pointwise: impl Fn(NodeId) -> (Call, Vec<Operand>),
) -> Vec<(Call, Vec<Operand>)> {
    use Operand::{Node, Other, Previous};
    let reads = || model[id].op.operands().into_iter().map(Node).collect();
    let one = |call: Call| vec![(call, reads())];
    let with_other = |call: Call| vec![(call, [reads(), vec![Other]].concat())];
    match &model[id].op {
        Op::Linear(op) => vec![pointwise(op.x)],
        Op::Depthwise(_) => one(Call::Depthwise),
        Op::Standardize(op) => one(Call::Standardize {
            // The composed form for other axes keeps as much.
            over: kernel_over(op.over, op.eps).unwrap_or(Over::Instance),
            maps: 1,
            finish: Finish::Plain,
        }),
        Op::RunningStd(_) => one(Call::Standardize {
            over: Over::Batch,
            maps: 1,
            finish: Finish::Plain,
        }),
        Op::StandardizeScaled(_) => one(Call::StandardizeScaled),
        Op::Rescale(_) => {
            let shift = (Call::Add, vec![Previous, Other]);
            [with_other(Call::Multiply), vec![shift]].concat()
        }
        Op::Activation(op) => one(Call::Activate(match op.function {
            // Their derivatives are functions of the result.
            Function::Sigmoid | Function::Tanh | Function::Exp => Activation::Sigmoid,
            _ => Activation::Gelu,
        })),
        Op::Add(_) | Op::Sub(_) => one(Call::Add),
        Op::Bias(_) | Op::ScaleBy(_) | Op::Offset(_) => with_other(Call::Add),
        Op::MatMul(_) => one(Call::Matmul),
        Op::LongConv(op) => one(Call::LongConv(kernel_edges(op.edges))),
        Op::Mean(_) | Op::AdaptiveAvgPool(_) | Op::AvgPool(_) => one(Call::Mean(Axis::Positions)),
        Op::Dropout(op) if op.rate > 0.0 => with_other(Call::Multiply),
        // Slow nets keep parameters and a pooled activation of their kernel's size; the others pass on what there is.
        Op::Kernel(_) | Op::ContextKernel(_) | Op::Fourier(_) => vec![],
        Op::Input(_) | Op::Coordinates(_) | Op::Stored(_) | Op::Fill(_) => vec![],
        Op::Concat(_) | Op::Part(_) | Op::Flatten(_) | Op::Tile(_) => vec![],
        Op::StopGradient(_) | Op::Dropout(_) => vec![],
        Op::Mul(_) | Op::Normalize(_) | Op::MaxPool(_) | Op::Conv(_) => one(Call::Multiply),
    }
}
