//! A graph as emission looks at it: which nodes and instances stand in which, and what is left out because the output does
//! not depend on it or because it is nothing but one stored value.

use std::collections::HashMap;

use super::structure::Structure;
use super::tree::{FieldDraft, Value};
use crate::bug::bug;
use crate::model::{Graph, Instance, InstanceId, Node, NodeId, Op};
use crate::primitives::written::Number;

/// What became of an instance.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// Its structure.
    pub structure: usize,
    /// What it is made or called with, in the order of the structure's parameters.
    pub values: Vec<Value>,
}

/// What a network is emitted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Purpose {
    /// To be trained from the start: tensors say how they begin.
    Beginning,
    /// To go on with tensors that are given: they say whether they are trained.
    Given,
    /// To be computed.
    Inference,
}

/// A graph, and the structures that were made of it so far.
pub(super) struct Scene<'a> {
    pub graph: &'a Graph,
    /// Nodes that stand in an instance, and those of instances that are nothing but one stored value.
    nodes: Vec<Vec<NodeId>>,
    /// Instances that stand in an instance and compute something.
    children: Vec<Vec<InstanceId>>,
    /// The nodes that the output depends on; others are there because the loss looks at them.
    read: Vec<bool>,
    pub structures: Vec<Structure>,
    pub placed: HashMap<InstanceId, Placed>,
    /// What each instance holds.
    pub fields: HashMap<InstanceId, Vec<FieldDraft>>,
    pub purpose: Purpose,
}

impl<'a> Scene<'a> {
    pub fn new(graph: &'a Graph, purpose: Purpose) -> Self {
        let read = live(graph, std::iter::once(graph.output));
        let live = live(graph, std::iter::once(graph.output).chain(graph.compared()));
        let before: Vec<usize> = std::iter::once(0)
            .chain(live.iter().scan(0, |sum, live| {
                *sum += usize::from(*live);
                Some(*sum)
            }))
            .collect();
        let count = |i: &Instance| match (before.get(i.first), before.get(i.end)) {
            (Some(first), Some(end)) => end - first,
            _ => bug!("an instance ends outside of its graph"),
        };
        let is_stored = |id: NodeId| matches!(graph[id].op, Op::Stored(_));
        let transparent: Vec<bool> = graph
            .instances
            .iter()
            .map(|i| {
                i.parent.is_some() && count(i) == 1 && inside(i, i.result) && is_stored(i.result)
            })
            .collect();
        let clear = |id: InstanceId| transparent.get(id.index()) == Some(&true);
        let mut nodes = vec![vec![]; graph.instances.len()];
        let is_live = |id: &NodeId| live.get(id.index()) == Some(&true);
        for id in graph.node_ids().filter(is_live) {
            let mut owner = graph[id].instance;
            while let Some(parent) = graph[owner].parent.filter(|_| clear(owner)) {
                owner = parent;
            }
            if let Some(list) = nodes.get_mut(owner.index()) {
                list.push(id);
            }
        }
        let mut children = vec![vec![]; graph.instances.len()];
        for id in graph.instance_ids() {
            let instance = &graph[id];
            let Some(parent) = instance.parent else {
                continue;
            };
            let computes = count(instance) > 0 && inside(instance, instance.result);
            if computes
                && !clear(id)
                && let Some(list) = children.get_mut(parent.index())
            {
                list.push(id);
            }
        }
        Self {
            graph,
            nodes,
            children,
            read,
            structures: vec![],
            placed: HashMap::new(),
            fields: HashMap::new(),
            purpose,
        }
    }

    /// The nodes that stand in an instance.
    pub fn nodes(&self, id: InstanceId) -> &[NodeId] {
        self.nodes.get(id.index()).map_or(&[], Vec::as_slice)
    }

    /// The instances that stand in an instance.
    pub fn children(&self, id: InstanceId) -> &[InstanceId] {
        self.children.get(id.index()).map_or(&[], Vec::as_slice)
    }

    /// Whether the output depends on a node.
    pub fn is_read(&self, id: NodeId) -> bool {
        self.read.get(id.index()) == Some(&true)
    }

    /// What became of an instance.
    pub fn placed(&self, id: InstanceId) -> &Placed {
        match self.placed.get(&id) {
            Some(placed) => placed,
            None => bug!(
                "`{}` is emitted before what it is made of",
                self.graph[id].path
            ),
        }
    }

    /// What an instance holds.
    pub fn fields(&self, id: InstanceId) -> &[FieldDraft] {
        self.fields.get(&id).map_or(&[], Vec::as_slice)
    }

    /// A structure by its number.
    pub fn structure(&self, number: usize) -> &Structure {
        match self.structures.get(number) {
            Some(structure) => structure,
            None => bug!("there is no structure {number}"),
        }
    }

    /// Instances that become something, by how deeply they nest others: those of the first list none.
    pub fn levels(&self) -> Vec<Vec<InstanceId>> {
        let mut heights = vec![0; self.graph.instances.len()];
        let mut levels: Vec<Vec<InstanceId>> = vec![];
        let mut reached = vec![false; self.graph.instances.len()];
        let root = self.graph.instance_ids().next();
        let mut unseen: Vec<InstanceId> = root.into_iter().collect();
        while let Some(id) = unseen.pop() {
            if let Some(reached) = reached.get_mut(id.index()) {
                *reached = true;
            }
            unseen.extend(self.children(id));
        }
        // Children come after their parents.
        let reached = |id: &InstanceId| reached.get(id.index()) == Some(&true);
        for id in self.graph.instance_ids().rev().filter(reached) {
            let below = self
                .children(id)
                .iter()
                .filter_map(|child| heights.get(child.index()));
            let height = below.max().map_or(0, |below| below + 1);
            if let Some(own) = heights.get_mut(id.index()) {
                *own = height;
            }
            if levels.len() <= height {
                levels.resize(height + 1, vec![]);
            }
            if let Some(level) = levels.get_mut(height) {
                level.push(id);
            }
        }
        levels.iter_mut().for_each(|level| level.reverse());
        levels
    }
}

fn inside(instance: &Instance, id: NodeId) -> bool {
    (instance.first..instance.end).contains(&id.index())
}

/// The nodes that some nodes depend on, and these.
fn live(graph: &Graph, roots: impl Iterator<Item = NodeId>) -> Vec<bool> {
    let mut live = vec![false; graph.nodes.len()];
    let set = |live: &mut Vec<bool>, id: NodeId| {
        if let Some(live) = live.get_mut(id.index()) {
            *live = true;
        }
    };
    roots.for_each(|id| set(&mut live, id));
    for id in graph.node_ids().rev() {
        if live.get(id.index()) == Some(&true) {
            for operand in graph[id].op.operands() {
                set(&mut live, operand);
            }
        }
    }
    live
}

/// A number everywhere that is broadcast to any shape.
pub(super) fn scalar(node: &Node) -> Option<Number> {
    let alone = node.shape.channels == 1 && node.shape.sizes.rank() == 0;
    match node.op {
        Op::Fill(op) if alone => Some(Number::Float(op.value)),
        _ => None,
    }
}
