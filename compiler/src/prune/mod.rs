//! Drops from a graph what nobody asks for, and renumbers what is left. Computes nothing.

mod calls;
mod moves;

use crate::bug::bug;
use crate::model::{Graph, NodeId, Op, ParamId};
use crate::primitives::Visitor;

pub(crate) use calls::dissolve;
pub(crate) use moves::{Moves, Rename};

/// Values somebody asks for.
pub(crate) fn roots(graph: &Graph) -> Vec<NodeId> {
    std::iter::once(graph.output)
        .chain(graph.compared())
        .collect()
}

/// Which nodes the given ones depend on, themselves included.
pub(crate) fn reach(graph: &Graph, from: Vec<NodeId>) -> Vec<bool> {
    let mut reached = Flags::new(graph.nodes.len());
    from.into_iter().for_each(|id| reached.set(id.index()));
    for id in graph.node_ids().rev() {
        if reached.get(id.index()) {
            reads(&graph[id].op, |operand| reached.set(operand.index()));
        }
    }
    reached.0
}

/// Shows every node that an operation reads, in order.
pub(crate) fn reads(op: &Op, mut see: impl FnMut(NodeId)) {
    // The one operation whose copy would need memory of its own.
    if let Op::Concat(concat) = op {
        return concat.parts.iter().copied().for_each(see);
    }
    struct See<F>(F);
    impl<F: FnMut(NodeId)> Visitor for See<F> {
        fn node(&mut self, id: &mut NodeId) {
            (self.0)(*id);
        }
    }
    op.clone().visit(&mut See(&mut see));
}

/// How often each node is read: as an operand, and once more where it is one of `asked`.
pub(crate) fn read_counts(graph: &Graph, asked: impl IntoIterator<Item = NodeId>) -> Vec<u32> {
    let mut counts = vec![0; graph.nodes.len()];
    let mut count = |id: NodeId| match counts.get_mut(id.index()) {
        Some(count) => *count += 1,
        None => bug!("node {} is read and not there", id.index()),
    };
    for node in &graph.nodes {
        reads(&node.op, &mut count);
    }
    asked.into_iter().for_each(count);
    counts
}

/// Drops nodes (the input apart) that no root depends on, parameters that no node reads, and block calls of which nothing
/// is left. The result of a call that nobody reads becomes the last that is left of it. Tells which parameters stay.
pub(crate) fn prune(graph: &mut Graph) -> Vec<bool> {
    let mut keep = reach(graph, roots(graph));
    if let Some(input) = keep.first_mut() {
        *input = true;
    }
    drop_nodes(graph, &keep);
    drop_params(graph)
}

fn drop_nodes(graph: &mut Graph, keep: &[bool]) {
    if keep.iter().all(|keep| *keep) && !graph.instances.iter().any(|call| call.first == call.end) {
        return;
    }
    let mut moves = Moves::new(graph.nodes.len());
    let mut kept = keep.iter();
    let mut next = 0;
    graph.nodes.retain_mut(|node| {
        let keep = kept.next() == Some(&true);
        if keep {
            node.op.visit(&mut moves.rename());
            moves.to(NodeId(next as u32), next);
            next += 1;
        } else {
            moves.gone(next);
        }
        keep
    });
    moves.finish(graph);
}

/// Which parameters some node reads.
pub(crate) fn used_params(graph: &mut Graph) -> Vec<bool> {
    struct Used(Flags);
    impl Visitor for Used {
        fn param(&mut self, id: &mut ParamId) {
            self.0.set(id.index());
        }
    }
    let mut used = Used(Flags::new(graph.params.len()));
    for node in &mut graph.nodes {
        node.op.visit(&mut used);
    }
    let Used(Flags(used)) = used;
    used
}

fn drop_params(graph: &mut Graph) -> Vec<bool> {
    let used = used_params(graph);
    if used.iter().all(|u| *u) {
        return used;
    }
    let mut new = Vec::with_capacity(used.len());
    let mut next = 0;
    for used in &used {
        new.push(ParamId(next));
        next += u32::from(*used);
    }
    let node = |id| id;
    let param = |id: ParamId| match new.get(id.index()) {
        Some(id) => *id,
        None => bug!("parameter {} of {}", id.index(), new.len()),
    };
    for at in &mut graph.nodes {
        at.op.visit(&mut Rename {
            node: &node,
            param: &param,
        });
    }
    let mut used_params = used.iter();
    graph.params.retain(|_| used_params.next() == Some(&true));
    used
}

/// One flag for each item of a list.
struct Flags(Vec<bool>);

impl Flags {
    fn new(count: usize) -> Self {
        Self(vec![false; count])
    }

    fn get(&self, at: usize) -> bool {
        match self.0.get(at) {
            Some(flag) => *flag,
            None => bug!("item {at} of {}", self.0.len()),
        }
    }

    fn set(&mut self, at: usize) {
        match self.0.get_mut(at) {
            Some(flag) => *flag = true,
            None => bug!("item {at} of {}", self.0.len()),
        }
    }
}
