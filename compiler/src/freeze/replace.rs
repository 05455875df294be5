//! The first half of freezing: every node becomes its frozen form by itself. Folds nothing into its neighbours.

use std::collections::HashSet;

use super::{Account, Frozen, Size, Step, Value, coupled};
use crate::model::{
    Graph, Init, Loss, Model, Node, NodeId, Op, Over, Param, ParamId, ParamKind, Penalty, Shape,
};
use crate::prune::{prune, reach, renumber};

/// A model while it is frozen.
pub(super) struct Draft {
    pub graph: Graph,
    /// One per parameter.
    pub values: Vec<Value>,
    pub account: Account,
    /// Nodes that couple images and stay: in the old model and in the new one.
    left: Vec<(NodeId, NodeId)>,
}

impl Draft {
    /// Drops what is no longer read and seals the model.
    pub fn finish(mut self, old: &Model) -> Frozen {
        let names: Vec<String> = (self.left.iter())
            .map(|(_, new)| self.graph[*new].name.clone())
            .collect();
        let kept = prune(&mut self.graph);
        let mut kept = kept.into_iter();
        self.values.retain(|_| kept.next().unwrap_or(false));
        let find = |name: &String| {
            let mut ids = self.graph.node_ids();
            ids.find(|id| self.graph[*id].name == *name)
        };
        let left = self.left.iter().zip(&names);
        let left = left.filter_map(|((old, _), name)| Some((*old, find(name)?)));
        let constants = (self.graph.nodes.iter()).filter(|n| matches!(n.op, Op::Constant(_)));
        let account = Account {
            constants: constants.count(),
            before: Size::of(old),
            after: Size::of(&self.graph),
            ..self.account
        };
        Frozen {
            left: left.collect(),
            values: self.values,
            account,
            model: Model::seal(self.graph),
        }
    }
}

/// Replaces every node the output depends on by its frozen form.
pub(super) fn replace(model: &Model, known: impl Fn(NodeId) -> bool) -> Draft {
    let coupled: HashSet<NodeId> = coupled(model).into_iter().collect();
    let mut walk = Walk {
        model,
        frozen: &|id| coupled.contains(&id) && known(id),
        fixed: vec![],
        map: vec![],
        names: model.nodes.iter().map(|n| n.name.clone()).collect(),
        paths: paths(model),
        draft: Draft {
            graph: Graph {
                nodes: vec![],
                loss: Loss {
                    cross_entropy: model.loss.cross_entropy,
                    slow_neural: None,
                    weight_norm: None,
                },
                frozen: true,
                ..Graph::clone(model)
            },
            values: model.param_ids().map(Value::Param).collect(),
            account: Account::default(),
            left: vec![],
        },
    };
    let live = reach(model, vec![model.output]);
    let mut starts = vec![];
    for (id, live) in model.node_ids().zip(live) {
        starts.push(walk.draft.graph.nodes.len());
        let fixed = walk.is_fixed(id);
        walk.fixed.push(fixed);
        let new = match (live || id.index() == 0, fixed) {
            (false, _) => NodeId(0),
            (true, true) => walk.constant(id),
            (true, false) => walk.node(id),
        };
        walk.map.push(new);
        if coupled.contains(&id) && live && !known(id) {
            walk.draft.left.push((id, new));
        }
    }
    starts.push(walk.draft.graph.nodes.len());
    let (map, mut draft) = (walk.map, walk.draft);
    let moved = |id: NodeId| map.get(id.index()).copied().unwrap_or(id);
    let start = |at: usize| starts.get(at).copied().unwrap_or(at);
    for scope in &mut draft.graph.scopes {
        scope.inputs.iter_mut().for_each(|id| *id = moved(*id));
        scope.result = moved(scope.result);
        scope.first = start(scope.first);
        scope.end = start(scope.end);
    }
    draft.graph.output = moved(draft.graph.output);
    draft
}

/// Everything that is a field or a parameter of emitted structures.
fn paths(model: &Model) -> HashSet<String> {
    let scopes = model.scopes.iter().map(|s| s.name.clone());
    let params = model.params.iter().flat_map(|p| {
        let ends = p.path.match_indices('.').map(|(at, _)| at);
        let ends = ends.chain([p.path.len()]);
        ends.filter_map(|at| p.path.get(..at).map(str::to_owned))
    });
    scopes.chain(params).collect()
}

/// `wanted`, or that with the first free number after it.
fn allocate(taken: &mut HashSet<String>, wanted: String) -> String {
    let numbered = (2u32..).map(|n| format!("{wanted}_{n}"));
    let mut candidates = std::iter::once(wanted.clone()).chain(numbered);
    candidates
        .find(|name| taken.insert(name.clone()))
        .unwrap_or(wanted)
}

struct Walk<'a> {
    model: &'a Model,
    /// Whether a node couples images and its statistics are known.
    frozen: &'a dyn Fn(NodeId) -> bool,
    /// Which old nodes no image changes.
    fixed: Vec<bool>,
    /// The new node of each old one.
    map: Vec<NodeId>,
    names: HashSet<String>,
    paths: HashSet<String>,
    draft: Draft,
}

impl Walk<'_> {
    fn is_fixed(&self, id: NodeId) -> bool {
        let fixed = |x: &NodeId| self.fixed.get(x.index()) == Some(&true);
        match &self.model[id].op {
            Op::Kernel(_) | Op::Constant(_) => true,
            Op::ContextKernel { .. } => (self.frozen)(id),
            op => {
                let operands = op.operands();
                !operands.is_empty() && operands.iter().all(fixed)
            }
        }
    }

    fn moved(&self, id: NodeId) -> NodeId {
        self.map.get(id.index()).copied().unwrap_or(id)
    }

    fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId(self.draft.graph.nodes.len() as u32);
        self.draft.graph.nodes.push(node);
        id
    }

    /// A new parameter. Its initial distribution matters only where nobody loads a value.
    fn param(
        &mut self,
        path: String,
        old: NodeId,
        shape: Vec<usize>,
        init: Init,
        value: Value,
    ) -> ParamId {
        let id = ParamId(self.draft.graph.params.len() as u32);
        self.draft.graph.params.push(Param {
            path,
            shape,
            init,
            kind: ParamKind::Fast,
            penalty: Penalty::None,
            span: self.model[old].span,
        });
        self.draft.values.push(value);
        id
    }

    /// A parameter path of its own for what a node becomes, below the node's scope.
    fn path(&mut self, id: NodeId) -> String {
        let node = &self.model[id];
        let scope = self.model[node.scope].name.as_str();
        let prefix = if scope.is_empty() {
            String::new()
        } else {
            format!("{scope}.")
        };
        let local = match node.name.strip_prefix(&prefix) {
            Some(local) => local.replace('.', "_"),
            None => "result".to_owned(),
        };
        allocate(&mut self.paths, format!("{prefix}{local}"))
    }

    /// A stored value, unless something without images is all that reads it.
    fn constant(&mut self, id: NodeId) -> NodeId {
        let old = self.model[id].clone();
        if matches!(old.op, Op::Kernel(_) | Op::ContextKernel { .. }) {
            self.draft.account.slow_nets += 1;
        }
        let Shape {
            channels,
            height,
            width,
            ..
        } = old.shape;
        let path = self.path(id);
        let init = Init::Normal {
            std: 1.0 / ((height * width) as f64).sqrt(),
        };
        let value = self.param(
            path,
            id,
            vec![1, channels, height, width],
            init,
            Value::Node(id),
        );
        self.push(Node {
            op: Op::Constant(value),
            ..old
        })
    }

    fn node(&mut self, id: NodeId) -> NodeId {
        let old = self.model[id].clone();
        match old.op {
            Op::Dropout { x, .. } => {
                self.draft.account.dropouts += 1;
                let x = self.moved(x);
                self.draft.rename(x, &old);
                x
            }
            Op::Standardize {
                x,
                over: Over::Batch,
            } if (self.frozen)(id) => self.rescale(id, x, old.name, vec![Step::Population(id)]),
            Op::Standardize {
                x,
                over: Over::Groups(groups),
            } if (self.frozen)(id) => {
                if groups == 1 {
                    return self.rescale(id, x, old.name, vec![Step::Population(id)]);
                }
                let name = allocate(&mut self.names, format!("{}_rescale", old.name));
                let x = self.rescale(id, x, name, vec![Step::Population(id)]);
                let op = Op::Standardize {
                    x,
                    over: Over::OddGroups(groups),
                };
                self.push(Node {
                    op,
                    ..self.model[id].clone()
                })
            }
            Op::Depthwise { x, kernel }
                if self.fixed.get(kernel.index()) == Some(&true)
                    && (
                        self.model[kernel].shape.height,
                        self.model[kernel].shape.width,
                    ) == (1, 1) =>
            {
                self.rescale(id, x, old.name, vec![Step::Kernel(kernel)])
            }
            op => {
                let op = renumber(op, &|x| self.moved(x), &|p| p);
                self.push(Node {
                    op,
                    ..self.model[id].clone()
                })
            }
        }
    }

    fn rescale(&mut self, id: NodeId, x: NodeId, name: String, steps: Vec<Step>) -> NodeId {
        let old = self.model[id].clone();
        if steps.iter().any(|s| matches!(s, Step::Population(_))) {
            self.draft.account.standardizations += 1;
        }
        let (path, shape) = (self.path(id), vec![old.shape.channels]);
        let (one, zero) = (Init::Constant(1.0), Init::Constant(0.0));
        let scale = Value::Scale(steps.clone());
        let scale = self.param(format!("{path}.scale"), id, shape.clone(), one, scale);
        let shift = self.param(
            format!("{path}.shift"),
            id,
            shape,
            zero,
            Value::Shift(steps),
        );
        let named = old.named && name == old.name;
        let op = Op::Rescale {
            x: self.moved(x),
            scale,
            shift,
        };
        self.push(Node {
            op,
            name,
            named,
            ..old
        })
    }
}

impl Draft {
    /// Gives a node the author's name for another node of the same scope that it replaces.
    pub fn rename(&mut self, id: NodeId, gone: &Node) {
        if let Some(node) = self.graph.nodes.get_mut(id.index())
            && gone.named
            && !node.named
            && node.scope == gone.scope
        {
            node.name.clone_from(&gone.name);
            node.named = true;
        }
    }
}
