//! Which block calls run as fused kernels, for listings. Decides nothing.

use std::collections::{HashMap, HashSet};

use crate::model::{Function, Graph, InstanceId, Model, NodeId, Op, Over};
use crate::primitives::{Activation, Bias, Mul, Standardize};

/// A block call that does what some kernel does at once, or might.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The block call, of [`Model::primitives`].
    pub instance: InstanceId,
    /// What it is.
    pub what: &'static str,
    /// Whether it runs as one operation; otherwise it runs by primitives.
    pub fused: bool,
}

/// The slow nets of a model, and the other block calls that run fused, in order.
pub fn recognised(model: &Model) -> Vec<Recognised> {
    let primitives = model.primitives();
    let at: HashMap<&str, NodeId> = (primitives.node_ids())
        .map(|id| (&*primitives[id].path, id))
        .collect();
    let mut all = vec![];
    let mut nets = HashSet::new();
    for id in model.node_ids() {
        let Some((what, result)) = fused(model, id) else {
            continue;
        };
        let Some(old) = at.get(&*model[result].path) else {
            continue;
        };
        let mut instance = primitives[*old].instance;
        if what.starts_with("slow net") {
            // Over a line the net is flattened outside of it.
            if let Op::Flatten(flat) = &primitives[*old].op {
                instance = primitives[flat.x].instance;
            }
            instance = primitives.slow_net(instance).unwrap_or(instance);
            nets.insert(instance);
        }
        all.push(Recognised {
            instance,
            what,
            fused: true,
        });
    }
    for id in primitives.instance_ids() {
        let slow = primitives[id].slow && primitives.slow_net(id) == Some(id);
        if slow && !nets.contains(&id) {
            all.push(Recognised {
                instance: id,
                what: "slow net",
                fused: false,
            });
        }
    }
    all.sort_by_key(|found| found.instance);
    all
}

/// What a node does at once, and the node that says where.
fn fused(graph: &Graph, id: NodeId) -> Option<(&'static str, NodeId)> {
    let what = match &graph[id].op {
        Op::Kernel(_) => "slow net",
        Op::ContextKernel(_) => "slow net in context",
        Op::StandardizeScaled(_) => "scaled standardization",
        Op::Standardize(Standardize {
            over: Over::Groups(_),
            ..
        }) => "grouped standardization",
        Op::Bias(bias) => return gate(graph, bias).map(|gate| ("gated unit", gate)),
        _ => return None,
    };
    Some((what, id))
}

/// The product that a gated unit, `gelu(standardize(a * b)) + bias`, starts with.
fn gate(graph: &Graph, bias: &Bias) -> Option<NodeId> {
    let Op::Activation(Activation {
        function: Function::Gelu,
        x,
    }) = graph[bias.x].op
    else {
        return None;
    };
    let Op::Standardize(Standardize { x: gate, .. }) = graph[x].op else {
        return None;
    };
    let Op::Mul(Mul { a, b }) = graph[gate].op else {
        return None;
    };
    (graph[a].shape == graph[b].shape).then_some(gate)
}
