//! What patterns look at: the graph of primitives, and how often each value is read.

use crate::bug::bug;
use crate::model::{Graph, Node, NodeId, Op};
use crate::primitives::{Affine, Linear};
use crate::prune::{read_counts, roots};

/// A graph and its readers.
pub(super) struct View<'a> {
    /// The graph of primitives.
    pub graph: &'a Graph,
    reads: Vec<u32>,
}

impl<'a> View<'a> {
    /// Counts who reads what: each operand, and what is asked for once more.
    pub fn new(graph: &'a Graph) -> Self {
        Self {
            graph,
            reads: read_counts(graph, roots(graph)),
        }
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &'a Node {
        &self.graph[id]
    }

    /// What a node computes.
    pub fn op(&self, id: NodeId) -> &'a Op {
        &self.graph[id].op
    }

    /// How often a node is read.
    pub fn reads(&self, id: NodeId) -> usize {
        match self.reads.get(id.index()) {
            Some(count) => *count as usize,
            None => bug!("node {} is not there", id.index()),
        }
    }

    /// Whether one operand is all that reads a node.
    pub fn once(&self, id: NodeId) -> bool {
        self.reads(id) == 1
    }

    /// A linear map with a bias that is read once, to so many channels: what it reads, and its parameters.
    pub fn linear(&self, id: NodeId, channels: usize) -> Option<(NodeId, Affine)> {
        let Op::Linear(Linear { x, affine }) = self.op(id) else {
            return None;
        };
        let fits = self.once(id) && affine.bias.is_some();
        (fits && self.node(id).shape.channels == channels).then_some((*x, *affine))
    }
}

/// Two operands in both orders.
pub(super) fn both<T: Copy>(a: T, b: T) -> [(T, T); 2] {
    [(a, b), (b, a)]
}
