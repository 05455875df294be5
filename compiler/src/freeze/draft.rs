//! A model while it is frozen: its graph, and where the value of each parameter comes from.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::tidy::tidy;
use super::{Account, Frozen, Size, Value, freezable};
use crate::model::{
    Graph, Init, LossKind, Model, Node, NodeId, Param, ParamId, ParamKind, Penalty, Span,
};
use crate::prune::prune;

/// A model while it is frozen.
pub(super) struct Draft {
    pub graph: Graph,
    /// One per parameter.
    pub values: Vec<Value>,
    pub account: Account,
    /// The paths of parameters.
    paths: HashSet<String>,
    /// Nodes that couple images and stay, in the old model and in the new one; whether statistics would freeze them.
    left: Vec<(NodeId, NodeId, bool)>,
}

impl Draft {
    /// No nodes yet, all parameters, and of the loss only what looks at the output.
    pub fn new(model: &Model) -> Self {
        let loss = model.loss.iter();
        let loss = loss.filter(|term| matches!(term.kind, LossKind::CrossEntropy { .. }));
        Self {
            graph: Graph {
                nodes: vec![],
                loss: loss.cloned().collect(),
                frozen: true,
                ..Graph::clone(model)
            },
            values: model.param_ids().map(Value::Param).collect(),
            account: Account::default(),
            paths: model.params.iter().map(|p| p.path.clone()).collect(),
            left: vec![],
        }
    }

    /// A new parameter. How it starts matters only where nobody loads a value.
    pub fn param(
        &mut self,
        path: String,
        span: Span,
        shape: Vec<usize>,
        init: Init,
        value: Value,
    ) -> ParamId {
        let id = ParamId(self.graph.params.len() as u32);
        let path = self.unused(path);
        self.graph.params.push(Param {
            path,
            shape,
            init,
            trained: true,
            kind: ParamKind::Fast,
            penalty: Penalty::None,
            span,
        });
        self.values.push(value);
        id
    }

    /// `wanted`, or that with the first free number after it.
    fn unused(&mut self, wanted: String) -> String {
        let numbered = (2u32..).map(|n| format!("{wanted}_{n}"));
        let mut candidates = std::iter::once(wanted.clone()).chain(numbered);
        let free = candidates.find(|path| self.paths.insert(path.clone()));
        free.unwrap_or(wanted)
    }

    /// Notes a node that goes on coupling images.
    pub fn leave(&mut self, model: &Model, old: NodeId, new: NodeId) {
        self.left.push((old, new, freezable(model, old)));
    }

    /// Gives a node the author's name for another node of the same block call that it replaces.
    pub fn rename(&mut self, id: NodeId, gone: &Node) {
        if let Some(node) = self.graph.nodes.get_mut(id.index())
            && gone.named
            && !node.named
            && node.instance == gone.instance
        {
            node.path.clone_from(&gone.path);
            node.named = true;
        }
    }

    /// Drops what is no longer read and seals the model.
    pub fn finish(mut self, old: &Model) -> Frozen {
        let path = |id: NodeId| self.graph[id].path.clone();
        let left: Vec<(NodeId, Arc<str>, bool)> = (self.left.iter())
            .map(|(old, new, waits)| (*old, path(*new), *waits))
            .collect();
        let mut kept = prune(&mut self.graph).into_iter();
        self.values.retain(|_| kept.next() == Some(true));
        tidy(&mut self.graph);
        let graph = self.graph;
        let at: HashMap<&str, NodeId> = (graph.node_ids())
            .map(|id| (&*graph[id].path, id))
            .collect();
        let still = |waits: bool| {
            let left = left.iter().filter(|(.., w)| *w == waits);
            left.filter_map(|(old, path, _)| Some((*old, *at.get(&**path)?)))
                .collect()
        };
        let values = self.values.iter();
        let constants = values.filter(|value| matches!(value, Value::Node(_)));
        Frozen {
            left: still(true),
            stuck: still(false),
            account: Account {
                constants: constants.count(),
                before: Size::of(old),
                after: Size::of(&graph),
                ..self.account
            },
            values: self.values,
            model: old.remade(graph),
        }
    }
}
