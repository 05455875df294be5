//! Closes a sound elaboration: drops what reaches neither output nor loss, warns of what no loss reaches, seals the model.

use termc_grammar::ast::ModelDef;

use super::{Checker, Elaborated};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{
    Graph, Loss, Model, Node, NodeId, Op, Param, ParamId, Penalty, Scale, SlowNet, Train,
};

impl Checker<'_> {
    pub(super) fn finish(
        &mut self,
        def: &ModelDef,
        elaborated: Elaborated,
        loss: Loss,
        train: Train,
        name: &str,
        source: String,
    ) -> Option<Model> {
        let mut graph = Graph {
            name: name.to_owned(),
            doc: def.doc.clone(),
            input_name: elaborated.input_name,
            input: elaborated.input,
            output_name: elaborated.output_name,
            output: elaborated.output,
            classes: elaborated.classes,
            nodes: std::mem::take(&mut self.builder.nodes),
            params: std::mem::take(&mut self.builder.params),
            scopes: std::mem::take(&mut self.builder.scopes),
            loss,
            train,
            source,
        };
        self.unreached(&graph);
        prune(&mut graph);
        if graph.params.is_empty() {
            let diagnostic = Diagnostic::new(
                Code::Unreached,
                def.name.span,
                format!("model `{}` has no parameters", def.name.text),
            )
            .label("there is nothing to train")
            .help("add `linear`, or blocks");
            self.report(diagnostic);
        }
        Some(Model::seal(graph))
    }

    /// Warns of parameters that are part of the network but that no weighted loss term depends on.
    fn unreached(&mut self, graph: &Graph) {
        let live = reach(graph, roots(graph));
        let weighted = |on: bool, nodes: Vec<NodeId>| if on { nodes } else { vec![] };
        let mut from = weighted(graph.loss.cross_entropy.weight > 0.0, vec![graph.output]);
        if let Some(slow) = &graph.loss.slow_neural {
            from.extend(weighted(slow.weight > 0.0, slow.kernels.clone()));
        }
        let trained = reach(graph, from);
        let norm = graph.loss.weight_norm;
        let normed = |p: &Param| match p.penalty {
            Penalty::None => false,
            Penalty::Fast => norm.is_some_and(|n| n.fast > 0.0),
            Penalty::Slow => norm.is_some_and(|n| n.slow > 0.0),
        };
        for ((node, live), trained) in graph.nodes.iter().zip(live).zip(trained) {
            if !live || trained {
                continue;
            }
            let missed: Vec<&Param> = node
                .op
                .params()
                .into_iter()
                .map(|id| &graph[id])
                .filter(|p| !normed(p))
                .collect();
            if let Some(first) = missed.first() {
                let diagnostic = Diagnostic::new(
                    Code::Unreached,
                    node.span,
                    format!(
                        "no loss reaches {} parameters, `{}` first",
                        missed.len(),
                        first.path
                    ),
                )
                .label("training never changes them")
                .help("give a loss term that depends on them a weight above 0");
                self.report(diagnostic);
            }
        }
    }
}

/// Values somebody asks for.
fn roots(graph: &Graph) -> Vec<NodeId> {
    let kernels = graph
        .loss
        .slow_neural
        .iter()
        .flat_map(|s| s.kernels.iter().copied());
    [graph.output].into_iter().chain(kernels).collect()
}

/// Which nodes the given ones depend on, themselves included.
fn reach(graph: &Graph, from: Vec<NodeId>) -> Vec<bool> {
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

/// Drops nodes (the input apart) that no root depends on, and parameters that no node reads.
fn prune(graph: &mut Graph) {
    let mut keep = reach(graph, roots(graph));
    if let Some(input) = keep.first_mut() {
        *input = true;
    }
    for scope in &graph.scopes {
        // Inputs and results of instances stay addressable, even of ones that are dropped.
        for id in scope.inputs.iter().chain([&scope.result]) {
            debug_assert!(id.index() < keep.len());
        }
    }
    if keep.iter().all(|k| *k) {
        return;
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
        .zip(used)
        .filter(|(_, used)| *used)
        .map(|(param, _)| param)
        .collect();
    let position = |at: usize| keep.iter().take(at).filter(|k| **k).count();
    let mut counts = vec![0usize];
    for kept in &keep {
        counts.push(counts.last().copied().unwrap_or(0) + usize::from(*kept));
    }
    let before = |at: usize| counts.get(at).copied().unwrap_or_else(|| position(at));
    for scope in &mut graph.scopes {
        scope.first = before(scope.first);
        scope.end = before(scope.end);
        scope
            .inputs
            .retain(|id| keep.get(id.index()) == Some(&true));
        scope.inputs.iter_mut().for_each(|id| *id = node_id(*id));
        scope.result = node_id(scope.result);
    }
    graph.output = node_id(graph.output);
    if let Some(slow) = &mut graph.loss.slow_neural {
        slow.kernels.iter_mut().for_each(|id| *id = node_id(*id));
    }
    // Instances of which nothing is left are gone.
    drop_empty_scopes(graph);
}

fn drop_empty_scopes(graph: &mut Graph) {
    use crate::model::ScopeId;
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

fn renumber(op: Op, node: &dyn Fn(NodeId) -> NodeId, param: &dyn Fn(ParamId) -> ParamId) -> Op {
    use crate::model::{Affine, Context};
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
