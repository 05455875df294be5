//! Changes of the tree of block calls: calls that go, and what they yield when it is gone. Leaves nodes in their order.

use crate::bug::bug;
use crate::model::{Graph, InstanceId, Iteration, NodeId};

/// Gives each call whose result is gone another: the last of its own values and of what its calls yield.
pub(super) fn last_results(graph: &mut Graph, gone: &[bool]) {
    if !gone.contains(&true) {
        return;
    }
    let mut last: Vec<Option<NodeId>> = vec![None; graph.instances.len()];
    let later = |last: &mut Vec<Option<NodeId>>, call: InstanceId, id: NodeId| {
        if let Some(last) = last.get_mut(call.index()) {
            *last = (*last).max(Some(id));
        }
    };
    for (at, node) in graph.nodes.iter().enumerate() {
        later(&mut last, node.instance, NodeId(at as u32));
    }
    // Calls come before those that they make.
    for (at, call) in graph.instances.iter_mut().enumerate().rev() {
        let own = last.get(at).copied().flatten();
        if let (Some(true), Some(own)) = (gone.get(at), own) {
            call.result = own;
        }
        let inside = (call.first..call.end).contains(&call.result.index());
        if let Some(parent) = call.parent.filter(|_| inside) {
            later(&mut last, parent, call.result);
        }
    }
}

/// Takes calls away: their nodes and calls become those of the call that made them.
pub(crate) fn dissolve(graph: &mut Graph, gone: &[bool]) {
    if !gone.contains(&true) {
        return;
    }
    // For each call what it is part of now, and the round of a loop there.
    let mut places: Vec<(InstanceId, Option<Option<Iteration>>)> = vec![];
    let mut next = 0;
    for (call, gone) in graph.instances.iter().zip(gone) {
        let place = match (call.parent, gone) {
            (Some(parent), true) => match places.get(parent.index()) {
                Some((id, round)) => (*id, Some(round.unwrap_or(call.iteration))),
                None => bug!("`{}` comes before what calls it", call.path),
            },
            _ => {
                next += 1;
                (InstanceId(next - 1), None)
            }
        };
        places.push(place);
    }
    let place = |id: InstanceId| match places.get(id.index()) {
        Some(place) => *place,
        None => bug!("block call {} is not there", id.index()),
    };
    let mut kept = gone.iter();
    graph.instances.retain(|_| kept.next() == Some(&false));
    for call in &mut graph.instances {
        if let Some(parent) = call.parent {
            let (parent, round) = place(parent);
            call.parent = Some(parent);
            call.iteration = round.unwrap_or(call.iteration);
        }
    }
    for node in &mut graph.nodes {
        let (call, round) = place(node.instance);
        node.instance = call;
        node.iteration = round.unwrap_or(node.iteration);
    }
}
