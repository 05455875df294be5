//! Freezing takes values out of the middle of blocks. Here a call that reads more than it is given, or of which more is read
//! than it yields, becomes part of the block that makes it. Changes no values.

use std::collections::HashSet;

use crate::model::{Graph, InstanceId, NodeId};
use crate::prune::{dissolve, reads};

/// Dissolves calls until each reads only its inputs, its own values and what its own calls yield.
pub(super) fn tidy(graph: &mut Graph) {
    loop {
        let gone = Seen::new(graph).broken();
        if !gone.contains(&true) {
            break;
        }
        dissolve(graph, &gone);
    }
    let seen = Seen::new(graph);
    let inside = |call: usize, id: NodeId| seen.sees(InstanceId(call as u32), id);
    let named: Vec<Vec<bool>> = (graph.instances.iter().enumerate())
        .map(|(at, call)| call.bindings.iter().map(|b| inside(at, b.node)).collect())
        .collect();
    let given: Vec<Vec<bool>> = (graph.instances.iter())
        .map(|call| {
            let given = |id| call.parent.is_none_or(|parent| seen.sees(parent, id));
            call.inputs.iter().map(|input| given(input.node)).collect()
        })
        .collect();
    for (call, (named, given)) in graph.instances.iter_mut().zip(named.iter().zip(given)) {
        let (mut named, mut given) = (named.iter(), given.iter());
        call.bindings.retain(|_| named.next() == Some(&true));
        call.inputs.retain(|_| given.next() == Some(&true));
    }
}

/// What each call can read.
struct Seen<'a> {
    graph: &'a Graph,
    /// What is not the call's own: its inputs, and what its calls yield.
    others: HashSet<(InstanceId, NodeId)>,
}

impl<'a> Seen<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut others = HashSet::new();
        for id in graph.instance_ids() {
            let call = &graph[id];
            others.extend(call.inputs.iter().map(|input| (id, input.node)));
            others.extend(call.parent.map(|parent| (parent, call.result)));
        }
        Self { graph, others }
    }

    fn sees(&self, call: InstanceId, id: NodeId) -> bool {
        self.graph[id].instance == call || self.others.contains(&(call, id))
    }

    /// The calls that stand in the way of something that is read.
    fn broken(&self) -> Vec<bool> {
        let graph = self.graph;
        let mut broken = vec![false; graph.instances.len()];
        for node in &graph.nodes {
            reads(&node.op, |x| self.read(node.instance, x, &mut broken));
        }
        for id in graph.instance_ids() {
            let call = &graph[id];
            self.read(id, call.result, &mut broken);
            let Some(parent) = call.parent else {
                continue;
            };
            let read = |x: NodeId| {
                let inside = graph.nodes.get(call.first..call.end).unwrap_or_default();
                let mut found = x == call.result;
                inside
                    .iter()
                    .for_each(|n| reads(&n.op, |y| found |= y == x));
                found
            };
            for input in &call.inputs {
                if !self.sees(parent, input.node) && read(input.node) {
                    self.read(parent, input.node, &mut broken);
                }
            }
        }
        broken
    }

    /// The call reads a node: marks what has to go for it to see the node.
    fn read(&self, call: InstanceId, id: NodeId, broken: &mut [bool]) {
        if self.sees(call, id) {
            return;
        }
        let here = &self.graph[call];
        let within = (here.first..here.end).contains(&id.index());
        let gone = match within {
            // One of its calls holds it, and yields something else.
            true => {
                let holder = self.graph[id].instance;
                let parents = std::iter::successors(Some(holder), |id| self.graph[*id].parent);
                parents.take_while(|id| *id != call).last()
            }
            false => Some(call),
        };
        if let Some(flag) = gone.and_then(|id| broken.get_mut(id.index())) {
            *flag = true;
        }
    }
}
