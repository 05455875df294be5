//! The second half of freezing: rescalings and linear maps are worked into the linear map or rescaling before or after
//! them, and repeated channels into the linear map that reads them, where nobody else reads what lies between.

use super::replace::Draft;
use super::{Link, Step, Value};
use crate::model::{Affine, Node, NodeId, Op, ParamId};
use crate::prune::renumber;

/// Folds what can be folded exactly. What is no longer read stays in the graph until it is pruned.
pub(super) fn fold(draft: &mut Draft) {
    let ids: Vec<NodeId> = draft.graph.node_ids().collect();
    let mut folding = Folding {
        alias: ids.clone(),
        reads: reads(draft),
        draft,
    };
    for id in ids {
        folding.node(id);
    }
    let Folding { alias, draft, .. } = folding;
    let known = |id: NodeId| resolve(&alias, id);
    for scope in &mut draft.graph.scopes {
        scope.inputs.iter_mut().for_each(|id| *id = known(*id));
        scope.result = known(scope.result);
    }
    draft.graph.output = known(draft.graph.output);
}

/// How often each value is read, the output once more.
fn reads(draft: &Draft) -> Vec<usize> {
    let mut reads = vec![0; draft.graph.nodes.len()];
    let operands = draft.graph.nodes.iter().flat_map(|n| n.op.operands());
    for id in operands.chain([draft.graph.output]) {
        if let Some(count) = reads.get_mut(id.index()) {
            *count += 1;
        }
    }
    reads
}

/// What a node that was folded away became.
fn resolve(alias: &[NodeId], mut id: NodeId) -> NodeId {
    while let Some(next) = alias.get(id.index()).filter(|next| **next != id) {
        id = *next;
    }
    id
}

struct Folding<'a> {
    draft: &'a mut Draft,
    alias: Vec<NodeId>,
    reads: Vec<usize>,
}

impl Folding<'_> {
    fn node(&mut self, id: NodeId) {
        let old = self.draft.graph[id].clone();
        let op = renumber(old.op.clone(), &|x| resolve(&self.alias, x), &|p| p);
        self.set(id, op.clone());
        match op {
            Op::Rescale {
                x: outer,
                scale,
                shift,
            } if self.once(outer) => match self.draft.graph[outer].op {
                Op::Pointwise { affine, .. } => {
                    let chain = [self.chain(affine), self.links(scale)].concat();
                    self.store_chain(affine, chain);
                    self.replace(id, outer, &old);
                }
                Op::Rescale {
                    x: inner,
                    scale: first,
                    ..
                } => {
                    let steps = [self.steps(first), self.steps(scale)].concat();
                    self.store(scale, Value::Scale(steps.clone()));
                    self.store(shift, Value::Shift(steps));
                    let x = inner;
                    self.set(id, Op::Rescale { x, scale, shift });
                    self.pass(outer, inner);
                }
                _ => {}
            },
            Op::Pointwise { affine, .. } => while self.pointwise(id, affine) {},
            _ => {}
        }
    }

    /// Works what the linear map `id` reads into it; false if there is nothing to work in.
    fn pointwise(&mut self, id: NodeId, affine: Affine) -> bool {
        let Op::Pointwise { x, .. } = self.draft.graph[id].op else {
            return false;
        };
        if !self.once(x) {
            return false;
        }
        let (inner, before) = match &self.draft.graph[x].op {
            Op::Rescale {
                x: inner, scale, ..
            } => (*inner, self.links(*scale)),
            Op::Pointwise {
                x: inner,
                affine: first,
            } if self.cheaper_as_one(*first, affine) => {
                let (inner, first) = (*inner, *first);
                let [_, inputs] = self.sizes(first);
                self.resize(affine, inputs);
                (inner, self.chain(first))
            }
            Op::Concat(_) | Op::Tile { .. } => match self.join(x, affine) {
                Some((inner, spread)) => (inner, vec![spread]),
                None => return false,
            },
            _ => return false,
        };
        let chain = [before, self.chain(affine)].concat();
        self.store_chain(affine, chain);
        self.set(id, Op::Pointwise { x: inner, affine });
        if inner != x {
            self.pass(x, inner);
        }
        self.draft.account.folded += 1;
        true
    }

    /// Has the linear map `affine` read each of the values that `x` joins or repeats once. Gives what it reads now, and
    /// where the channels of `x` are there.
    fn join(&mut self, x: NodeId, affine: Affine) -> Option<(NodeId, Link)> {
        let graph = &self.draft.graph;
        let whole = match &graph[x].op {
            Op::Concat(parts) if !graph[x].named => parts.clone(),
            Op::Tile { .. } => vec![x],
            _ => return None,
        };
        let (mut parts, mut firsts, mut channels) = (vec![], vec![], 0);
        let mut from = vec![];
        for part in &whole {
            let (source, times) = match graph[*part].op {
                Op::Tile { x, times } => (x, times),
                _ => (*part, 1),
            };
            let size = graph[source].shape.channels;
            let place = parts.iter().position(|p| *p == source).unwrap_or_else(|| {
                parts.push(source);
                firsts.push(channels);
                channels += size;
                firsts.len() - 1
            });
            let first = firsts.get(place).copied().unwrap_or(0);
            (0..times).for_each(|_| from.extend(first..first + size));
        }
        if from.len() == channels {
            return None;
        }
        // A tiling that somebody else reads too stays, and so does what it reads.
        for part in whole {
            if let Op::Tile { x, .. } = self.draft.graph[part].op
                && !self.once(part)
                && let Some(reads) = self.reads.get_mut(x.index())
            {
                *reads += 1;
            }
        }
        self.resize(affine, channels);
        let inner = match parts.as_slice() {
            [one] => *one,
            _ => {
                if let Some(node) = self.draft.graph.nodes.get_mut(x.index()) {
                    node.shape.channels = channels;
                }
                self.set(x, Op::Concat(parts));
                x
            }
        };
        Some((inner, Link::Spread(from)))
    }

    fn once(&self, id: NodeId) -> bool {
        self.reads.get(id.index()) == Some(&1)
    }

    fn set(&mut self, id: NodeId, op: Op) {
        if let Some(node) = self.draft.graph.nodes.get_mut(id.index()) {
            node.op = op;
        }
    }

    /// The rescaling `id` of `x` is now part of `x`.
    fn replace(&mut self, id: NodeId, x: NodeId, old: &Node) {
        let readers = self.reads.get(id.index()).copied().unwrap_or(0);
        if let Some(reads) = self.reads.get_mut(x.index()) {
            *reads = readers;
        }
        self.point(id, x);
        self.draft.rename(x, old);
        self.draft.account.folded += 1;
    }

    /// The only reader of `x` now reads what `x` read.
    fn pass(&mut self, x: NodeId, inner: NodeId) {
        self.point(x, inner);
    }

    fn point(&mut self, from: NodeId, to: NodeId) {
        if let Some(alias) = self.alias.get_mut(from.index()) {
            *alias = to;
        }
    }

    fn steps(&self, scale: ParamId) -> Vec<Step> {
        match self.draft.values.get(scale.index()) {
            Some(Value::Scale(steps)) => steps.clone(),
            _ => vec![],
        }
    }

    fn store(&mut self, param: ParamId, value: Value) {
        if let Some(slot) = self.draft.values.get_mut(param.index()) {
            *slot = value;
        }
    }

    fn links(&self, scale: ParamId) -> Vec<Link> {
        self.steps(scale).into_iter().map(Link::Step).collect()
    }

    /// What a linear map consists of so far. Parameters keep their place until unread ones are dropped.
    fn chain(&self, affine: Affine) -> Vec<Link> {
        match self.draft.values.get(affine.weight.index()) {
            Some(Value::Weight(chain)) => chain.clone(),
            _ => vec![Link::Affine(affine)],
        }
    }

    fn store_chain(&mut self, affine: Affine, chain: Vec<Link>) {
        self.store(affine.weight, Value::Weight(chain.clone()));
        self.store(affine.bias, Value::Bias(chain));
    }

    /// `[out, in]`
    fn sizes(&self, affine: Affine) -> [usize; 2] {
        match self.draft.graph[affine.weight].shape.as_slice() {
            [outputs, inputs] => [*outputs, *inputs],
            _ => [1, 1],
        }
    }

    /// Whether one linear map takes no more multiply-adds than two in a row.
    fn cheaper_as_one(&self, first: Affine, second: Affine) -> bool {
        let ([middle, inputs], [outputs, _]) = (self.sizes(first), self.sizes(second));
        outputs * inputs <= middle * inputs + outputs * middle
    }

    /// The linear map `affine` now has so many inputs.
    fn resize(&mut self, affine: Affine, inputs: usize) {
        let [outputs, _] = self.sizes(affine);
        if let Some(param) = self.draft.graph.params.get_mut(affine.weight.index()) {
            param.shape = vec![outputs, inputs];
        }
    }
}
