//! Freezing: from a model whose answers depend on the batch to one that answers for each image by itself, with every
//! value that no image changes stored. Says where each parameter's value comes from; computes no values.

mod draft;
mod fold;
mod replace;
mod tidy;

use serde::Serialize;

use crate::analysis::{Dependence, dependence};
use crate::cost::{self, Cost};
use crate::model::{Affine, Graph, Model, NodeId, Op, Over, ParamId};
use crate::primitives::Standardize;

/// Version of this pass: a frozen file of another version has other parameters.
pub const VERSION: u32 = 3;

/// What freezing yields.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The new model: without slow nets, batch statistics, dropout and loss terms on parameters.
    pub model: Model,
    /// Where the value of each of its parameters comes from, in the model's order.
    pub values: Vec<Value>,
    /// Nodes that couple the images of a batch and wait for statistics: in the old model and in the new one.
    pub left: Vec<(NodeId, NodeId)>,
    /// The same of nodes that no statistics freeze, such as a norm over the batch: they go on coupling images.
    pub stuck: Vec<(NodeId, NodeId)>,
    /// What was folded.
    pub account: Account,
}

/// Where a parameter's value comes from. Nodes and parameters are the old model's.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A parameter, as it is.
    Param(ParamId),
    /// The value of a node that no image changes once the contexts and means of the population are known, `[1, C, H, W]`.
    Node(NodeId),
    /// The factors of these steps, one after the other, `[C]`.
    Scale(Vec<Step>),
    /// What they add, `[C]`.
    Shift(Vec<Step>),
    /// The weight of the linear maps of a chain taken together, `[out, in]`.
    Weight(Vec<Link>),
    /// Their bias, `[out]`.
    Bias(Vec<Link>),
    /// These kernels of a convolution, each followed by the steps, `[out, in, height, width]`.
    Kernels(ParamId, Vec<Step>),
    /// This bias of a convolution, or zeros, followed by the steps, `[out]`.
    KernelBias(Option<ParamId>, Vec<Step>),
}

/// One map of a chain over channels, the one applied first coming first.
#[derive(Clone, Debug, PartialEq)]
pub enum Link {
    /// A linear map; without a bias it adds nothing.
    Affine(Affine),
    /// A map of each channel by itself.
    Step(Step),
    /// Channels repeated: each of those that go on is the channel with this number of those that come.
    Spread(Vec<usize>),
}

/// A map `x * scale + shift` per channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Times a value that no image changes, of one position: a factor of each channel, or a depthwise kernel of 1x1.
    Factor(NodeId),
    /// Plus such a value.
    Addend(NodeId),
    /// This standardization with its running mean and variance.
    Running(NodeId),
    /// This standardization with the mean and variance of the population: `scale = 1 / sqrt(var + eps)`,
    /// `shift = -mean * scale`; one and zero in the odd groups of G-IBS.
    Population(NodeId),
}

/// What was folded, and what that saves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Slow nets that are gone.
    pub slow_nets: usize,
    /// Values stored instead.
    pub constants: usize,
    /// Standardizations that know their statistics.
    pub standardizations: usize,
    /// Of these, of 1x1 kernels, tilings and linear maps, those worked into a linear map beside them.
    pub folded: usize,
    /// Dropouts that are gone.
    pub dropouts: usize,
    /// The old model.
    pub before: Size,
    /// The new one.
    pub after: Size,
}

/// The size of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Operations.
    pub nodes: usize,
    /// Bytes of the parameters.
    pub parameter_bytes: u64,
    /// The cost of a forward pass.
    pub cost: Cost,
}

impl Size {
    fn of(model: &Graph) -> Self {
        Self {
            nodes: model.nodes.len(),
            parameter_bytes: model.parameter_count().saturating_mul(4),
            cost: cost::total(model),
        }
    }
}

/// Freezes a model.
pub fn freeze(model: &Model) -> Frozen {
    freeze_some(model, |_| true)
}

/// Freezes a model, but leaves alone what couples the images of a batch where `known` says that the statistics are not
/// known yet.
pub fn freeze_some(model: &Model, known: impl Fn(NodeId) -> bool) -> Frozen {
    let mut draft = replace::replace(model, known);
    fold::fold(&mut draft);
    draft.finish(model)
}

/// The nodes that couple the images of a batch, in order: standardizations over the batch, means over it, kernels with a
/// context.
pub fn coupled(model: &Model) -> Vec<NodeId> {
    let all = dependence(model);
    let varies = |x: NodeId| all.get(x.index()) > Some(&Dependence::Constant);
    let couples = |id: &NodeId| {
        let op = &model[*id].op;
        op.couples() && op.operands().into_iter().any(varies)
    };
    model.node_ids().filter(couples).collect()
}

/// Whether statistics of a population can stand for what a node that couples images makes of a batch: one value, or one
/// map of each channel.
pub fn freezable(model: &Model, id: NodeId) -> bool {
    match &model[id].op {
        Op::ContextKernel(_) | Op::Mean(_) => true,
        Op::Standardize(Standardize { over, .. }) => match over {
            Over::Axes(axes) => {
                let by_position = !axes.positions && model[id].shape.sizes.positions() > 1;
                !axes.channels && !by_position
            }
            Over::Groups(_) => true,
            Over::OddGroups(_) => false,
        },
        _ => false,
    }
}
