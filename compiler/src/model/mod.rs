//! The checked model: a typed, immutable graph of primitive operations. Only checking (and passes over checked
//! models) can make one, so later stages need not fail on it. Holds no tensors and does no arithmetic on data.

mod fit;
mod op;
mod param;
mod recipe;
mod shape;

use std::ops::{Deref, Index};
use std::sync::Arc;

pub use fit::Mismatch;
pub use op::{Affine, Context, Grid, Op, Over, Scale, SlowNet};
pub use param::{Init, Param, ParamKind, Penalty};
pub use recipe::{
    Augment, Clip, CrossEntropy, Loss, Normalize, Optimizer, PadMode, Schedule, SlowNeural,
    SlowNeuralKind, Train, WeightNorm,
};
pub use shape::Shape;
pub use termc_grammar::ast::Span;

/// Index of a [`Node`] in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// Index of a [`Param`] in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub(crate) u32);

/// Index of a [`Scope`] in its graph; scope 0 is the model itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub(crate) u32);

macro_rules! index_type {
    ($id:ident) => {
        impl $id {
            /// Position in the graph's list.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}
index_type!(NodeId);
index_type!(ParamId);
index_type!(ScopeId);

/// A checked model. Cheap to clone; read-only.
#[derive(Clone, Debug)]
pub struct Model(Arc<Graph>);

impl Model {
    /// Seals a graph; callers inside this crate vouch for its validity.
    pub(crate) fn seal(graph: Graph) -> Self {
        Self(Arc::new(graph))
    }
}

impl Deref for Model {
    type Target = Graph;

    fn deref(&self) -> &Graph {
        &self.0
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
    /// `[channels, height, width]` of one input image.
    pub input: [usize; 3],
    /// Name of the output head, e.g. `classes`.
    pub output_name: String,
    /// The node that yields the logits, shape `[N, classes, 1, 1]`.
    pub output: NodeId,
    /// Number of classes.
    pub classes: usize,
    /// All nodes; operands come before users. The first is the input.
    pub nodes: Vec<Node>,
    /// All parameters, in order of first use.
    pub params: Vec<Param>,
    /// The model and its block instances, in order of creation; parents come before children.
    pub scopes: Vec<Scope>,
    /// The loss terms.
    pub loss: Loss,
    /// The training recipe.
    pub train: Train,
    /// Canonical source: variants and `--set` applied, comments dropped; checking it again gives the same model.
    pub source: String,
    /// Whether freezing made it: it answers, but it can no longer be trained.
    pub frozen: bool,
}

/// One value of the graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// What computes it.
    pub op: Op,
    /// `[batch, channels, height, width]`.
    pub shape: Shape,
    /// Unique name, also a Rust identifier when dots are replaced: `b0.fast`, `b0.fast_rgu_0_k`.
    pub name: String,
    /// Whether the name is one that the author wrote (a binding, kernel, branch label, block result, input, output).
    pub named: bool,
    /// The block instance it belongs to.
    pub scope: ScopeId,
    /// The expression it comes from.
    pub span: Span,
}

/// The model itself or one instance of a block.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Path prefix of its parameters: `b0`; empty for the model itself.
    pub name: String,
    /// The block's name, e.g. `sfne`; the model's name for scope 0.
    pub block: String,
    /// The block's doc comment.
    pub doc: String,
    /// The scope that called it; None for the model itself.
    pub parent: Option<ScopeId>,
    /// Feature maps passed in, in parameter order, lists flattened.
    pub inputs: Vec<NodeId>,
    /// What it yields.
    pub result: NodeId,
    /// Its nodes: `first..end` in the graph's node list, nested instances included.
    pub first: usize,
    /// One past its last node.
    pub end: usize,
    /// The call (or the model definition).
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

    /// All scope ids in order.
    pub fn scope_ids(
        &self,
    ) -> impl DoubleEndedIterator<Item = ScopeId> + ExactSizeIterator + use<> {
        (0..self.scopes.len() as u32).map(ScopeId)
    }

    /// Total number of trainable scalars.
    pub fn parameter_count(&self) -> u64 {
        self.params.iter().map(|p| p.count() as u64).sum()
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
index_by!(ScopeId, scopes, Scope);
