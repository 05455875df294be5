//! Makes the lowered graph from the graph of primitives and what was recognised in it. Recognises nothing.

use crate::bug::bug;
use crate::model::{Graph, Node, NodeId, Op};
use crate::primitives::{Concat, Tile};
use crate::prune::{Moves, reads, roots};

/// What takes the place of a node.
#[derive(Debug)]
pub(super) enum Replacement {
    /// This operation.
    Op(Op),
    /// The value of this node.
    Same(NodeId),
    /// A concatenation of these.
    Joined(Vec<Run>),
}

/// A value, so many times in a row.
#[derive(Debug)]
pub(super) struct Run {
    pub x: NodeId,
    pub times: usize,
}

/// What takes the place of the nodes of a graph, told in order; nearly all stay.
pub(super) struct Replacements(Vec<Option<Box<Replacement>>>);

impl Replacements {
    /// For so many nodes, none of which is told yet.
    pub fn new(count: usize) -> Self {
        Self(Vec::with_capacity(count))
    }

    /// What takes the place of the next node.
    pub fn push(&mut self, replacement: Option<Replacement>) {
        self.0.push(replacement.map(Box::new));
    }

    fn get(&self, id: NodeId) -> Option<&Replacement> {
        match self.0.get(id.index()) {
            Some(found) => found.as_deref(),
            None => bug!("node {} was not looked at", id.index()),
        }
    }

    /// Shows what a node reads once it is replaced.
    fn reads(&self, graph: &Graph, id: NodeId, mut see: impl FnMut(NodeId)) {
        match self.get(id) {
            None => reads(&graph[id].op, see),
            Some(Replacement::Op(op)) => reads(op, see),
            Some(Replacement::Same(x)) => see(*x),
            Some(Replacement::Joined(runs)) => runs.iter().for_each(|run| see(run.x)),
        }
    }

    /// Which nodes are still read, the input among them.
    fn live(&self, graph: &Graph) -> Vec<bool> {
        let mut live = vec![false; graph.nodes.len()];
        let mark = |live: &mut Vec<bool>, id: NodeId| match live.get_mut(id.index()) {
            Some(flag) => *flag = true,
            None => bug!("node {} is not there", id.index()),
        };
        mark(&mut live, NodeId(0));
        roots(graph).into_iter().for_each(|id| mark(&mut live, id));
        for id in graph.node_ids().rev() {
            if live.get(id.index()) == Some(&true) {
                self.reads(graph, id, |x| mark(&mut live, x));
            }
        }
        live
    }
}

/// The graph with its nodes replaced; those that are no longer read are gone.
pub(super) fn rewrite(primitives: &mut Graph, found: Replacements) -> Graph {
    let live = found.live(primitives);
    // Most nodes go, so they are copied one by one, not with the graph.
    let old = std::mem::take(&mut primitives.nodes);
    let mut graph = primitives.clone();
    let mut moves = Moves::new(old.len());
    let replacements = found.0.into_iter().zip(live);
    for (node, (replacement, live)) in old.iter().zip(replacements) {
        let start = graph.nodes.len();
        let id = |graph: &Graph| NodeId(graph.nodes.len() as u32);
        let new = match (live, replacement.map(|boxed| *boxed)) {
            (false, _) => {
                moves.gone(start);
                continue;
            }
            (true, Some(Replacement::Same(x))) => moves.get(x),
            (true, Some(Replacement::Joined(runs))) => {
                let parts = join(&mut graph, &old, &moves, node, runs);
                let new = id(&graph);
                graph.nodes.push(with(node, Concat { parts }.into()));
                new
            }
            (true, replaced) => {
                let mut op = match replaced {
                    Some(Replacement::Op(op)) => op,
                    _ => node.op.clone(),
                };
                op.visit(&mut moves.rename());
                let new = id(&graph);
                graph.nodes.push(with(node, op));
                new
            }
        };
        moves.to(new, start);
    }
    primitives.nodes = old;
    moves.finish(&mut graph);
    graph
}

/// The new parts of the concatenation `node`: a tiling for each value that follows itself.
fn join(
    graph: &mut Graph,
    old: &[Node],
    moves: &Moves,
    node: &Node,
    runs: Vec<Run>,
) -> Vec<NodeId> {
    let mut parts = vec![];
    let mut tiles = 0;
    for Run { x, times } in runs {
        let source = moves.get(x);
        if times == 1 {
            parts.push(source);
            continue;
        }
        let Some(tiled) = old.get(x.index()) else {
            bug!("node {} is not there", x.index());
        };
        let mut shape = tiled.shape;
        shape.channels *= times;
        parts.push(NodeId(graph.nodes.len() as u32));
        graph.nodes.push(Node {
            shape,
            path: format!("{}.tile[{tiles}]", node.path).into(),
            named: false,
            ..with(node, Tile { x: source, times }.into())
        });
        tiles += 1;
    }
    parts
}

/// The same node with another operation.
fn with(node: &Node, op: Op) -> Node {
    Node {
        op,
        shape: node.shape,
        path: node.path.clone(),
        named: node.named,
        instance: node.instance,
        iteration: node.iteration,
        span: node.span,
    }
}
