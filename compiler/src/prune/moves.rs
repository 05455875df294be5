//! Where the nodes of a graph go when it is rewritten, and the renumbering of everything that names them.

use crate::bug::bug;
use crate::model::{Graph, InstanceId, LossKind, NodeId, ParamId};
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
    /// no node is left. The result of a call that is gone becomes the last node that is left of the call.
    pub fn finish(self, graph: &mut Graph) {
        let end = graph.nodes.len();
        let start = |at: usize| self.starts.get(at).copied().unwrap_or(end);
        for instance in &mut graph.instances {
            instance.first = start(instance.first);
            instance.end = start(instance.end);
            instance.inputs.retain_mut(|x| self.follow(&mut x.node));
            instance.bindings.retain_mut(|x| self.follow(&mut x.node));
            let last = NodeId(instance.end.saturating_sub(1) as u32);
            instance.result = self.find(instance.result).unwrap_or(last);
        }
        graph.output = self.get(graph.output);
        for term in &mut graph.loss {
            if let LossKind::SlowNeural { kernels, .. } = &mut term.kind {
                kernels.iter_mut().for_each(|id| *id = self.get(*id));
            }
        }
        drop_empty(graph);
    }

    /// Whether the node is still there, under its new number.
    fn follow(&self, id: &mut NodeId) -> bool {
        let found = self.find(*id);
        *id = found.unwrap_or(*id);
        found.is_some()
    }
}

/// Drops block calls without nodes; the model itself stays.
fn drop_empty(graph: &mut Graph) {
    let keep = |i: usize, first: usize, end: usize| i == 0 || end > first;
    let mut ids = Vec::with_capacity(graph.instances.len());
    let mut next = 0;
    for (i, instance) in graph.instances.iter().enumerate() {
        let kept = keep(i, instance.first, instance.end);
        ids.push(kept.then_some(InstanceId(next)));
        next += u32::from(kept);
    }
    if next as usize == ids.len() {
        return;
    }
    let id = |old: InstanceId| match ids.get(old.index()) {
        Some(Some(id)) => *id,
        _ => bug!("block call {} is gone and has nodes", old.index()),
    };
    let mut kept = ids.iter();
    (graph.instances).retain(|_| kept.next().is_some_and(Option::is_some));
    for instance in &mut graph.instances {
        instance.parent = instance.parent.map(id);
    }
    for node in &mut graph.nodes {
        node.instance = id(node.instance);
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
