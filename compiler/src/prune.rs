//! Drops from a graph what nobody asks for, and renumbers what is left. Computes nothing.

use crate::model::{Affine, Context, Graph, Node, NodeId, Op, ParamId, Scale, ScopeId, SlowNet};

/// Values somebody asks for.
pub(crate) fn roots(graph: &Graph) -> Vec<NodeId> {
    let kernels = graph
        .loss
        .slow_neural
        .iter()
        .flat_map(|s| s.kernels.iter().copied());
    [graph.output].into_iter().chain(kernels).collect()
}

/// Which nodes the given ones depend on, themselves included.
pub(crate) fn reach(graph: &Graph, from: Vec<NodeId>) -> Vec<bool> {
    let mut reached = vec![false; graph.nodes.len()];
    for id in from {
        if let Some(flag) = reached.get_mut(id.index()) {
            *flag = true;
        }
    }
    for id in graph.node_ids().rev() {
        if reached.get(id.index()) == Some(&true) {
            for operand in graph[id].op.operands() {
                if let Some(flag) = reached.get_mut(operand.index()) {
                    *flag = true;
                }
            }
        }
    }
    reached
}

/// Drops nodes (the input apart) that no root depends on, parameters that no node reads, and block instances of which
/// nothing is left. Tells which parameters stay.
pub(crate) fn prune(graph: &mut Graph) -> Vec<bool> {
    let mut keep = reach(graph, roots(graph));
    if let Some(input) = keep.first_mut() {
        *input = true;
    }
    let mut new_ids = vec![];
    let mut next = 0;
    for kept in &keep {
        new_ids.push(NodeId(next));
        next += u32::from(*kept);
    }
    let mut used = vec![false; graph.params.len()];
    for (node, _) in graph.nodes.iter().zip(&keep).filter(|(_, kept)| **kept) {
        for id in node.op.params() {
            if let Some(flag) = used.get_mut(id.index()) {
                *flag = true;
            }
        }
    }
    if keep.iter().all(|k| *k) && used.iter().all(|u| *u) {
        return used;
    }
    let mut new_params = vec![];
    let mut next = 0;
    for used in &used {
        new_params.push(ParamId(next));
        next += u32::from(*used);
    }
    let node_id = |id: NodeId| new_ids.get(id.index()).copied().unwrap_or(id);
    let param_id = |id: ParamId| new_params.get(id.index()).copied().unwrap_or(id);
    let nodes = std::mem::take(&mut graph.nodes);
    graph.nodes = nodes
        .into_iter()
        .zip(&keep)
        .filter(|(_, kept)| **kept)
        .map(|(node, _)| Node {
            op: renumber(node.op, &node_id, &param_id),
            ..node
        })
        .collect();
    let params = std::mem::take(&mut graph.params);
    graph.params = params
        .into_iter()
        .zip(&used)
        .filter(|(_, used)| **used)
        .map(|(param, _)| param)
        .collect();
    let left = graph.nodes.len();
    let before = |at: usize| new_ids.get(at).map_or(left, |id| id.index());
    for scope in &mut graph.scopes {
        scope.first = before(scope.first);
        scope.end = before(scope.end);
        scope
            .inputs
            .retain(|id| keep.get(id.index()) == Some(&true));
        scope.inputs.iter_mut().for_each(|id| *id = node_id(*id));
        // A result that nobody reads is no node of the block's any more, as that of one that has none.
        scope.result = match keep.get(scope.result.index()) {
            Some(true) => node_id(scope.result),
            _ => NodeId(0),
        };
    }
    graph.output = node_id(graph.output);
    if let Some(slow) = &mut graph.loss.slow_neural {
        slow.kernels.iter_mut().for_each(|id| *id = node_id(*id));
    }
    drop_empty_scopes(graph);
    used
}

fn drop_empty_scopes(graph: &mut Graph) {
    let keep: Vec<bool> = graph
        .scopes
        .iter()
        .enumerate()
        .map(|(i, s)| i == 0 || s.end > s.first)
        .collect();
    if keep.iter().all(|k| *k) {
        return;
    }
    let mut ids = vec![];
    let mut next = 0;
    for kept in &keep {
        ids.push(ScopeId(next));
        next += u32::from(*kept);
    }
    let id = |s: ScopeId| ids.get(s.index()).copied().unwrap_or(s);
    let scopes = std::mem::take(&mut graph.scopes);
    graph.scopes = scopes
        .into_iter()
        .zip(&keep)
        .filter(|(_, k)| **k)
        .map(|(s, _)| s)
        .collect();
    for scope in &mut graph.scopes {
        scope.parent = scope.parent.map(id);
    }
    for node in &mut graph.nodes {
        node.scope = id(node.scope);
    }
}

/// The operation with its nodes and parameters renamed.
pub(crate) fn renumber(
    op: Op,
    node: &dyn Fn(NodeId) -> NodeId,
    param: &dyn Fn(ParamId) -> ParamId,
) -> Op {
    let affine = |a: Affine| Affine {
        weight: param(a.weight),
        bias: param(a.bias),
    };
    let affines = |list: Vec<Affine>| list.into_iter().map(affine).collect::<Vec<_>>();
    let net = |n: SlowNet| SlowNet {
        filters: affines(n.filters),
        linears: affines(n.linears),
        output: affine(n.output),
        bias: param(n.bias),
        ..n
    };
    let scale = |s: Scale| match s {
        Scale::Trained(id) => Scale::Trained(param(id)),
        fixed => fixed,
    };
    match op {
        Op::Input => Op::Input,
        Op::Constant(value) => Op::Constant(param(value)),
        Op::Rescale { x, scale, shift } => Op::Rescale {
            x: node(x),
            scale: param(scale),
            shift: param(shift),
        },
        Op::Kernel(n) => Op::Kernel(net(n)),
        Op::ContextKernel {
            net: n,
            context: c,
            source,
        } => Op::ContextKernel {
            net: net(n),
            context: Context {
                reduce: affine(c.reduce),
                fc1: affine(c.fc1),
                layers: affines(c.layers),
                alpha: scale(c.alpha),
                beta: scale(c.beta),
            },
            source: node(source),
        },
        Op::Add(a, b) => Op::Add(node(a), node(b)),
        Op::Mul(a, b) => Op::Mul(node(a), node(b)),
        Op::MatMul(a, b) => Op::MatMul(node(a), node(b)),
        Op::Pointwise { x, affine: a } => Op::Pointwise {
            x: node(x),
            affine: affine(a),
        },
        Op::Depthwise { x, kernel } => Op::Depthwise {
            x: node(x),
            kernel: node(kernel),
        },
        Op::Standardize { x, over } => Op::Standardize { x: node(x), over },
        Op::StandardizeScaled { x, scale } => Op::StandardizeScaled {
            x: node(x),
            scale: node(scale),
        },
        Op::Gelu(x) => Op::Gelu(node(x)),
        Op::Sigmoid(x) => Op::Sigmoid(node(x)),
        Op::Bias { x, bias } => Op::Bias {
            x: node(x),
            bias: param(bias),
        },
        Op::Concat(parts) => Op::Concat(parts.into_iter().map(node).collect()),
        Op::Tile { x, times } => Op::Tile { x: node(x), times },
        Op::ChannelMean(x) => Op::ChannelMean(node(x)),
        Op::SpatialMean(x) => Op::SpatialMean(node(x)),
        Op::Dropout { x, rate } => Op::Dropout { x: node(x), rate },
    }
}
