//! The checked model: a typed, immutable graph of primitive operations. Only checking (and passes over checked
//! models) can make one, so later stages need not fail on it. Holds no tensors and does no arithmetic on data.

mod canonical_source;
mod fit;
mod instance;

use std::ops::{Deref, Index};
use std::sync::Arc;

use crate::primitives::Operands;

pub use crate::language::recipe::{
    Augment, Clip, Compare, LossKind, LossTerm, Normalize, Optimizer, PadMode, Schedule, Train,
};
pub use crate::parts::{
    Axes, Init, InstanceId, NodeId, Param, ParamId, ParamKind, Penalty, Shape, Sizes,
};
pub use crate::primitives::{
    Affine, Context, Conv, Edges, Function, Grid, Op, Over, RunningStd, Scale, SlowNet, Window,
};
pub(crate) use canonical_source::CanonicalSource;
pub use fit::{MOST_NAMES, Mismatch, list};
pub use instance::{Binding, Constant, Input, Instance, Iteration};
pub use termc_grammar::ast::Span;

/// A checked model. Cheap to clone; read-only.
///
/// It is a [`Graph`] of what is executed: primitives, and in place of what `lower` recognised (slow nets, grouped
/// statistics, biases) the operations that do the same at once. [`Model::primitives`] is the graph before that.
#[derive(Clone, Debug)]
pub struct Model(Arc<Graphs>);

#[derive(Debug)]
struct Graphs {
    lowered: Graph,
    primitives: Graph,
    source: CanonicalSource,
}

impl Model {
    /// Seals a graph and the graph of primitives it was lowered from; callers inside this crate vouch for both.
    pub(crate) fn seal(lowered: Graph, primitives: Graph, source: CanonicalSource) -> Self {
        Self(Arc::new(Graphs {
            lowered,
            primitives,
            source,
        }))
    }

    /// A graph made from this model, with its source.
    pub(crate) fn remade(&self, graph: Graph) -> Self {
        Self::seal(graph.clone(), graph, self.0.source.clone())
    }

    /// Canonical source that stands alone: the definitions used, the prelude's too, the model, and the chosen variant with
    /// all changes. Checking it again gives the same model. Of a frozen model it is that of the trained one.
    pub fn source(&self) -> &str {
        self.0.source.text()
    }

    /// The graph of primitives, as the file says it: what is emitted and explained. Parameters are the same, in the
    /// same order. Of a frozen model it is the frozen graph itself.
    pub fn primitives(&self) -> &Graph {
        &self.0.primitives
    }

    /// The same network with every operation a primitive: it computes the same values, without fused kernels.
    pub fn as_primitives(&self) -> Self {
        self.remade(self.0.primitives.clone())
    }
}

impl Deref for Model {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        &self.0.lowered
    }
}

/// The contents of a [`Model`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Graph {
    /// The model's (or chosen variant's) name.
    pub name: String,
    /// Its doc comment; empty if none.
    pub doc: String,
    /// Name of the input, e.g. `image`.
    pub input_name: String,
    /// The shape of a batch of inputs, `[N, channels, positions...]`.
    pub input: Shape,
    /// Name of the output, e.g. `logits`.
    pub output_name: String,
    /// The node that yields the logits, `[N, classes]`.
    pub output: NodeId,
    /// Number of classes.
    pub classes: usize,
    /// All nodes; operands come before users. The first is the input.
    pub nodes: Vec<Node>,
    /// All parameters, in order of first use.
    pub params: Vec<Param>,
    /// The model and its block calls, in order of creation; parents come before children.
    pub instances: Vec<Instance>,
    /// The loss terms.
    pub loss: Vec<LossTerm>,
    /// The training recipe.
    pub train: Train,
    /// Whether freezing made it: it answers, but it can no longer be trained.
    pub frozen: bool,
}

/// One value of the graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// What computes it.
    pub op: Op,
    /// `[batch, channels, positions...]`.
    pub shape: Shape,
    /// Unique path: `b[0].fast.instance_std`, `b[0].Z`. The lowered graph and that of primitives share it.
    pub path: Arc<str>,
    /// Whether the path is one that the author wrote: a binding, input or output of the user's own files.
    pub named: bool,
    /// The instance it belongs to.
    pub instance: InstanceId,
    /// The `for` of the instance's text that it stands in.
    pub iteration: Option<Iteration>,
    /// The expression it comes from.
    pub span: Span,
}

impl Graph {
    /// All node ids in order.
    pub fn node_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// All parameter ids in order.
    pub fn param_ids(
        &self,
    ) -> impl DoubleEndedIterator<Item = ParamId> + ExactSizeIterator + use<> {
        (0..self.params.len() as u32).map(ParamId)
    }

    /// All instance ids in order.
    pub fn instance_ids(
        &self,
    ) -> impl DoubleEndedIterator<Item = InstanceId> + ExactSizeIterator + use<> {
        (0..self.instances.len() as u32).map(InstanceId)
    }

    /// The values that the loss looks at besides the output, in its order.
    pub fn compared(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.loss
            .iter()
            .flat_map(|term| match &term.kind {
                LossKind::SlowNeural { kernels, .. } => kernels.as_slice(),
                _ => &[],
            })
            .copied()
    }

    /// The outermost slow net that a block call is, or is part of.
    pub(crate) fn slow_net(&self, id: InstanceId) -> Option<InstanceId> {
        let calls = std::iter::successors(Some(id), |id| self[*id].parent);
        calls.filter(|id| self[*id].slow).last()
    }

    /// Total number of stored scalars.
    pub fn parameter_count(&self) -> u64 {
        self.params.iter().map(|p| p.count() as u64).sum()
    }
}

impl Operands for Graph {
    fn shape(&self, id: NodeId) -> &Shape {
        &self[id].shape
    }

    fn tensor(&self, id: ParamId) -> &Param {
        &self[id]
    }
}

/// Ids are made only together with what they point to, so indexing by them cannot fail.
macro_rules! index_by {
    ($id:ident, $list:ident, $item:ident) => {
        #[allow(
            clippy::indexing_slicing,
            reason = "an id is only made together with its item"
        )]
        impl Index<$id> for Graph {
            type Output = $item;

            fn index(&self, id: $id) -> &$item {
                &self.$list[id.index()]
            }
        }
    };
}
index_by!(NodeId, nodes, Node);
index_by!(ParamId, params, Param);
index_by!(InstanceId, instances, Instance);
