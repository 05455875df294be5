//! Where the nodes of a graph go when it is rewritten, and the renumbering of everything that names them.

use super::calls::{dissolve, last_results};
use crate::bug::bug;
use crate::model::{Graph, Instance, LossKind, NodeId, ParamId};
use crate::primitives::Visitor;

/// Where the nodes of a list go. They are told in order: each stays, is gone, or stands for another one.
pub(crate) struct Moves {
    /// The new node of each old one; None if it is gone.
    to: Vec<Option<NodeId>>,
    /// How many new nodes there were before each old one.
    starts: Vec<usize>,
}

impl Moves {
    /// Of a list of `count` nodes, none of which is told yet.
    pub fn new(count: usize) -> Self {
        Self {
            to: Vec::with_capacity(count),
            starts: Vec::with_capacity(count),
        }
    }

    /// The next node is now `id`; `start` new nodes stood before it and what was made for it.
    pub fn to(&mut self, id: NodeId, start: usize) {
        self.to.push(Some(id));
        self.starts.push(start);
    }

    /// The next node is gone; `start` new nodes stood before it.
    pub fn gone(&mut self, start: usize) {
        self.to.push(None);
        self.starts.push(start);
    }

    /// Where a node went; None if it is gone.
    pub fn find(&self, id: NodeId) -> Option<NodeId> {
        match self.to.get(id.index()) {
            Some(to) => *to,
            None => bug!("node {} of {}", id.index(), self.to.len()),
        }
    }

    /// Where a node went that is still read.
    pub fn get(&self, id: NodeId) -> NodeId {
        match self.find(id) {
            Some(id) => id,
            None => bug!("node {} is read and gone", id.index()),
        }
    }

    /// Renames the operands of an operation that stays.
    pub fn rename(&self) -> impl Visitor {
        struct Names<'a>(&'a Moves);
        impl Visitor for Names<'_> {
            fn node(&mut self, id: &mut NodeId) {
                *id = self.0.get(*id);
            }
        }
        Names(self)
    }

    /// Renames what names nodes outside of the node list, which is the new one already, and drops block calls of which
    /// no node is left. The result of a call that is gone becomes the last value that is left of the call.
    pub fn finish(self, graph: &mut Graph) {
        let end = graph.nodes.len();
        let start = |at: usize| self.starts.get(at).copied().unwrap_or(end);
        let mut gone = vec![];
        for instance in &mut graph.instances {
            instance.first = start(instance.first);
            instance.end = start(instance.end);
            instance.inputs.retain_mut(|x| self.follow(&mut x.node));
            instance.bindings.retain_mut(|x| self.follow(&mut x.node));
            gone.push(!self.follow(&mut instance.result));
        }
        graph.output = self.get(graph.output);
        for term in &mut graph.loss {
            if let LossKind::SlowNeural { kernels, .. } = &mut term.kind {
                kernels.iter_mut().for_each(|id| *id = self.get(*id));
            }
        }
        last_results(graph, &gone);
        let empty = |i: usize, call: &Instance| i > 0 && call.first == call.end;
        let calls = graph.instances.iter().enumerate();
        let gone: Vec<bool> = calls.map(|(i, call)| empty(i, call)).collect();
        dissolve(graph, &gone);
    }

    /// Whether the node is still there, under its new number.
    fn follow(&self, id: &mut NodeId) -> bool {
        let found = self.find(*id);
        *id = found.unwrap_or(*id);
        found.is_some()
    }
}

/// Gives the nodes and parameters of an operation other numbers.
pub(crate) struct Rename<'a> {
    /// The new node of an old one.
    pub node: &'a dyn Fn(NodeId) -> NodeId,
    /// The new parameter of an old one.
    pub param: &'a dyn Fn(ParamId) -> ParamId,
}

impl Visitor for Rename<'_> {
    fn node(&mut self, id: &mut NodeId) {
        *id = (self.node)(*id);
    }

    fn param(&mut self, id: &mut ParamId) {
        *id = (self.param)(*id);
    }
}
