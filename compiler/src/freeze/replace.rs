//! The first half of freezing: every node becomes its frozen form by itself. Folds nothing into its neighbours.

use std::collections::HashSet;
use std::sync::Arc;

use super::draft::Draft;
use super::{Step, Value, coupled, freezable};
use crate::bug::bug;
use crate::model::{Init, Model, Node, NodeId, Op, Over};
use crate::primitives::{
    Add, Depthwise, Dropout, Mul, Rescale, RunningStd, Standardize, StopGradient, Stored,
};
use crate::prune::{Moves, reach, reads};

/// Replaces every node the output depends on by its frozen form.
pub(super) fn replace(model: &Model, known: impl Fn(NodeId) -> bool) -> Draft {
    let coupled: HashSet<NodeId> = coupled(model).into_iter().collect();
    let frozen = |id| coupled.contains(&id) && freezable(model, id) && known(id);
    let live = reach(model, vec![model.output]);
    let fixed = fixed(model, &frozen);
    let asked = asked(model, &live, &fixed);
    let mut walk = Walk {
        model,
        frozen: &frozen,
        fixed: &fixed,
        maps: HashSet::new(),
        moves: Moves::new(model.nodes.len()),
        draft: Draft::new(model),
    };
    let mut places = live.iter().zip(&fixed).zip(&asked);
    for id in model.node_ids() {
        let start = walk.draft.graph.nodes.len();
        let new = match places.next() {
            Some(((false, _), _)) if id.index() > 0 => None,
            Some(((_, true), asked)) => asked.then(|| walk.constant(id)),
            _ => Some(walk.node(id)),
        };
        match new {
            Some(new) => walk.moves.to(new, start),
            None => walk.moves.gone(start),
        }
        if let Some(new) = new
            && coupled.contains(&id)
            && !frozen(id)
        {
            walk.draft.leave(model, id, new);
        }
    }
    let Walk {
        moves, mut draft, ..
    } = walk;
    draft.account.slow_nets = slow_nets(model, &live, &fixed);
    moves.finish(&mut draft.graph);
    draft
}

/// Which nodes no image changes.
fn fixed(model: &Model, frozen: &dyn Fn(NodeId) -> bool) -> Vec<bool> {
    let mut fixed: Vec<bool> = Vec::with_capacity(model.nodes.len());
    for id in model.node_ids() {
        let op = &model[id].op;
        let mut all = !matches!(op, Op::Input(_));
        reads(op, |x| all &= fixed.get(x.index()) == Some(&true));
        fixed.push(all || gone(op) && frozen(id));
    }
    fixed
}

/// Whether an operation that couples images is one value once it is known.
fn gone(op: &Op) -> bool {
    matches!(op, Op::ContextKernel(_) | Op::Mean(_))
}

/// Which nodes that no image changes are read by one that images change, or are the output.
fn asked(model: &Model, live: &[bool], fixed: &[bool]) -> Vec<bool> {
    let mut asked = vec![false; model.nodes.len()];
    let mut ask = |id: NodeId| match asked.get_mut(id.index()) {
        Some(flag) => *flag = true,
        None => bug!("node {} is not there", id.index()),
    };
    ask(model.output);
    for (node, (live, fixed)) in model.nodes.iter().zip(live.iter().zip(fixed)) {
        if *live && !fixed {
            reads(&node.op, &mut ask);
        }
    }
    asked
}

/// How many slow nets became values: those of one operation each, and other calls of blocks on coordinates.
fn slow_nets(model: &Model, live: &[bool], fixed: &[bool]) -> usize {
    let (mut kernels, mut calls, mut counted) = (0, HashSet::new(), HashSet::new());
    for (node, (live, fixed)) in model.nodes.iter().zip(live.iter().zip(fixed)) {
        let call = model.slow_net(node.instance).filter(|_| *live && *fixed);
        calls.extend(call);
        if *live && *fixed && matches!(node.op, Op::Kernel(_) | Op::ContextKernel(_)) {
            kernels += 1;
            counted.extend(call);
        }
    }
    kernels + calls.difference(&counted).count()
}

struct Walk<'a> {
    model: &'a Model,
    /// Whether a node couples images and its statistics are known.
    frozen: &'a dyn Fn(NodeId) -> bool,
    /// Which old nodes no image changes.
    fixed: &'a [bool],
    /// Old nodes that became a map of each channel by what training stored.
    maps: HashSet<NodeId>,
    moves: Moves,
    draft: Draft,
}

impl Walk<'_> {
    fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId(self.draft.graph.nodes.len() as u32);
        self.draft.graph.nodes.push(node);
        id
    }

    /// A stored value.
    fn constant(&mut self, id: NodeId) -> NodeId {
        let old = self.model[id].clone();
        if matches!(old.op, Op::Stored(_)) {
            return self.push(old);
        }
        let positions = old.shape.sizes.positions() as f64;
        let init = Init::Normal {
            std: 1.0 / positions.sqrt(),
        };
        let (path, shape) = (old.path.to_string(), old.shape.dims(1).to_vec());
        let param = (self.draft).param(path, old.span, shape, init, Value::Node(id));
        let op = Stored { param }.into();
        self.push(Node { op, ..old })
    }

    fn node(&mut self, id: NodeId) -> NodeId {
        let old = self.model[id].clone();
        match old.op {
            Op::Dropout(Dropout { x, .. }) => {
                self.draft.account.dropouts += 1;
                self.pass(x, &old)
            }
            Op::StopGradient(StopGradient { x }) => self.pass(x, &old),
            Op::Standardize(Standardize { x, over, eps }) if (self.frozen)(id) => match over {
                Over::Groups(groups) if groups > 1 => {
                    let path = format!("{}.rescale", old.path);
                    let x = self.rescale(&old, x, path.into(), vec![Step::Population(id)]);
                    let over = Over::OddGroups(groups);
                    let op = Standardize { x, over, eps }.into();
                    self.push(Node { op, ..old })
                }
                _ => self.rescale(&old, x, Arc::clone(&old.path), vec![Step::Population(id)]),
            },
            Op::Depthwise(Depthwise { x, kernel }) if self.is_one_position(kernel) => {
                self.rescale(&old, x, Arc::clone(&old.path), vec![Step::Factor(kernel)])
            }
            Op::RunningStd(RunningStd { x, .. }) => {
                self.maps.insert(id);
                self.rescale(&old, x, Arc::clone(&old.path), vec![Step::Running(id)])
            }
            Op::Mul(Mul { a, b }) if let Some((x, by)) = self.of_each_channel(&old, a, b) => {
                self.maps.insert(id);
                self.rescale(&old, x, Arc::clone(&old.path), vec![Step::Factor(by)])
            }
            Op::Add(Add { a, b }) if let Some((x, by)) = self.of_each_channel(&old, a, b) => {
                self.maps.insert(id);
                self.rescale(&old, x, Arc::clone(&old.path), vec![Step::Addend(by)])
            }
            mut op => {
                op.visit(&mut self.moves.rename());
                let old = self.model[id].clone();
                self.push(Node { op, ..old })
            }
        }
    }

    /// A kernel that no image changes, of one position.
    fn is_one_position(&self, kernel: NodeId) -> bool {
        let fixed = self.fixed.get(kernel.index()) == Some(&true);
        fixed && self.model[kernel].shape.sizes.positions() == 1
    }

    /// Of two operands one that running statistics made a map of each channel, where the other is one number for each channel
    /// that no image changes: the factor and the shift of a batch normalization. A map of each channel has as many as it reads, so
    /// that numbers over which one channel is spread are none.
    fn of_each_channel(&self, result: &Node, a: NodeId, b: NodeId) -> Option<(NodeId, NodeId)> {
        let fits = |x: NodeId, by: NodeId| {
            let numbers = self.model[by].shape;
            self.maps.contains(&x)
                && self.model[x].shape == result.shape
                && self.fixed.get(by.index()) == Some(&true)
                && numbers.sizes.rank() == 0
                && numbers.channels == result.shape.channels
        };
        let mut orders = [(a, b), (b, a)].into_iter();
        orders.find(|(x, by)| fits(*x, *by))
    }

    /// The node `gone` is its operand.
    fn pass(&mut self, x: NodeId, gone: &Node) -> NodeId {
        let x = self.moves.get(x);
        self.draft.rename(x, gone);
        x
    }

    /// The old node as a map of each channel of the old `x`.
    fn rescale(&mut self, old: &Node, x: NodeId, path: Arc<str>, steps: Vec<Step>) -> NodeId {
        if (steps.iter()).any(|s| matches!(s, Step::Population(_) | Step::Running(_))) {
            self.draft.account.standardizations += 1;
        }
        let mut param = |name: &str, start: f64, value: Value| {
            let (path, shape) = (format!("{path}.{name}"), vec![old.shape.channels]);
            let init = Init::Constant(start);
            self.draft.param(path, old.span, shape, init, value)
        };
        let scale = param("scale", 1.0, Value::Scale(steps.clone()));
        let shift = param("shift", 0.0, Value::Shift(steps));
        let x = self.moves.get(x);
        let named = old.named && path == old.path;
        self.push(Node {
            op: Rescale { x, scale, shift }.into(),
            path,
            named,
            ..old.clone()
        })
    }
}
