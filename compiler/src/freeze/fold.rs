//! The second half of freezing: rescalings and linear maps are worked into the linear map or rescaling before or after
//! them, and repeated channels into the linear map that reads them, where nobody else reads what lies between.

use super::draft::Draft;
use super::{Link, Step, Value};
use crate::bug::bug;
use crate::model::{Affine, Init, Node, NodeId, Op, ParamId};
use crate::primitives::{Concat, Conv, Linear, Rescale, Tile};
use crate::prune::{Moves, Rename, read_counts};

/// Folds what can be folded exactly. What is no longer read stays in the graph until it is pruned.
pub(super) fn fold(draft: &mut Draft) {
    let ids: Vec<NodeId> = draft.graph.node_ids().collect();
    let mut folding = Folding {
        alias: ids.clone(),
        reads: read_counts(&draft.graph, [draft.graph.output]),
        draft,
    };
    for id in ids {
        folding.node(id);
    }
    let Folding { alias, draft, .. } = folding;
    let mut moves = Moves::new(alias.len());
    for id in draft.graph.node_ids() {
        moves.to(resolve(&alias, id), id.index());
    }
    moves.finish(&mut draft.graph);
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
    reads: Vec<u32>,
}

impl Folding<'_> {
    fn node(&mut self, id: NodeId) {
        let old = self.draft.graph[id].clone();
        let mut op = old.op.clone();
        op.visit(&mut Rename {
            node: &|x| resolve(&self.alias, x),
            param: &|p| p,
        });
        self.set(id, op.clone());
        match op {
            Op::Rescale(rescale) if self.once(rescale.x) => self.rescale(id, rescale, &old),
            Op::Linear(_) => while self.linear(id) {},
            _ => {}
        }
    }

    /// Works the rescaling `id` into what it reads.
    fn rescale(&mut self, id: NodeId, rescale: Rescale, old: &Node) {
        let Rescale {
            x: outer,
            scale,
            shift,
        } = rescale;
        match self.draft.graph[outer].op {
            Op::Linear(Linear { affine, .. }) => {
                let chain = [self.chain(affine), self.links(scale)].concat();
                self.store_chain(outer, chain);
                self.takes_over(id, outer, old);
            }
            Op::Conv(conv) => {
                let steps = [self.after(conv.affine), self.steps(scale)].concat();
                self.store_kernels(outer, conv, steps);
                self.takes_over(id, outer, old);
            }
            Op::Rescale(Rescale {
                x: inner,
                scale: first,
                ..
            }) => {
                let steps = [self.steps(first), self.steps(scale)].concat();
                self.store(scale, Value::Scale(steps.clone()));
                self.store(shift, Value::Shift(steps));
                let x = inner;
                self.set(id, Rescale { x, scale, shift }.into());
                self.point(outer, inner);
            }
            _ => {}
        }
    }

    /// The node `outer` yields what its only reader `id` did, which was `old`.
    fn takes_over(&mut self, id: NodeId, outer: NodeId, old: &Node) {
        let readers = self.reads.get(id.index()).copied();
        if let Some(reads) = self.reads.get_mut(outer.index()) {
            *reads = readers.unwrap_or(0);
        }
        self.point(id, outer);
        self.draft.rename(outer, old);
        self.draft.account.folded += 1;
    }

    /// The steps that were worked into the kernels of a convolution.
    fn after(&self, affine: Affine) -> Vec<Step> {
        match self.draft.values.get(affine.weight.index()) {
            Some(Value::Kernels(_, steps)) => steps.clone(),
            _ => vec![],
        }
    }

    /// The kernels of the convolution `id` are followed by these steps now; one without a bias gets one.
    fn store_kernels(&mut self, id: NodeId, conv: Conv, steps: Vec<Step>) {
        let bias = match conv
            .affine
            .bias
            .map(|bias| self.draft.values.get(bias.index()))
        {
            Some(Some(Value::KernelBias(old, _))) => *old,
            _ => conv.affine.bias,
        };
        let kernels = Value::Kernels(conv.affine.weight, steps.clone());
        self.store(conv.affine.weight, kernels);
        let affine = self.store_bias(conv.affine, Value::KernelBias(bias, steps));
        self.set(id, Conv { affine, ..conv }.into());
    }

    /// Works what the linear map `id` reads into it; false if there is nothing to work in.
    fn linear(&mut self, id: NodeId) -> bool {
        let Op::Linear(Linear { x, affine }) = self.draft.graph[id].op else {
            bug!("node {} was a linear map", id.index());
        };
        if !self.once(x) {
            return false;
        }
        let (inner, before) = match &self.draft.graph[x].op {
            Op::Rescale(Rescale {
                x: inner, scale, ..
            }) => (*inner, self.links(*scale)),
            Op::Linear(Linear {
                x: inner,
                affine: first,
            }) if self.cheaper_as_one(*first, affine) => {
                let (inner, first) = (*inner, *first);
                let [_, inputs] = self.sizes(first);
                self.resize(affine, inputs);
                (inner, self.chain(first))
            }
            Op::Concat(_) | Op::Tile(_) => match self.join(x, affine) {
                Some((inner, spread)) => (inner, vec![spread]),
                None => return false,
            },
            _ => return false,
        };
        let chain = [before, self.chain(affine)].concat();
        let Some(Op::Linear(linear)) = self.op(id) else {
            bug!("node {} was a linear map", id.index());
        };
        linear.x = inner;
        self.store_chain(id, chain);
        if inner != x {
            self.point(x, inner);
        }
        self.draft.account.folded += 1;
        true
    }

    /// Has the linear map `affine` read each of the values that `x` joins or repeats once. Gives what it reads now, and
    /// where the channels of `x` are there.
    fn join(&mut self, x: NodeId, affine: Affine) -> Option<(NodeId, Link)> {
        let graph = &self.draft.graph;
        let whole = match &graph[x].op {
            Op::Concat(Concat { parts }) => parts.clone(),
            _ => vec![x],
        };
        let (mut parts, mut firsts, mut channels) = (vec![], vec![], 0);
        let mut from = vec![];
        for part in &whole {
            let (source, times) = match graph[*part].op {
                Op::Tile(Tile { x, times }) => (x, times),
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
            if let Op::Tile(Tile { x, .. }) = self.draft.graph[part].op
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
                // What the author named is no longer there.
                if let Some(node) = self.draft.graph.nodes.get_mut(x.index()) {
                    node.shape.channels = channels;
                    node.named = false;
                }
                self.set(x, Concat { parts }.into());
                x
            }
        };
        Some((inner, Link::Spread(from)))
    }

    fn once(&self, id: NodeId) -> bool {
        self.reads.get(id.index()) == Some(&1)
    }

    fn op(&mut self, id: NodeId) -> Option<&mut Op> {
        let node = self.draft.graph.nodes.get_mut(id.index());
        node.map(|node| &mut node.op)
    }

    fn set(&mut self, id: NodeId, op: Op) {
        if let Some(slot) = self.op(id) {
            *slot = op;
        }
    }

    /// What names `from` now names `to`: its value is there, or nearest to what is still there.
    fn point(&mut self, from: NodeId, to: NodeId) {
        if let Some(alias) = self.alias.get_mut(from.index()) {
            *alias = to;
        }
    }

    fn steps(&self, scale: ParamId) -> Vec<Step> {
        match self.draft.values.get(scale.index()) {
            Some(Value::Scale(steps)) => steps.clone(),
            _ => bug!("parameter {} is no scale", scale.index()),
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

    /// The linear map `id` consists of these links now; one without a bias gets one.
    fn store_chain(&mut self, id: NodeId, chain: Vec<Link>) {
        let Op::Linear(Linear { x, affine }) = self.draft.graph[id].op else {
            bug!("node {} was a linear map", id.index());
        };
        self.store(affine.weight, Value::Weight(chain.clone()));
        let affine = self.store_bias(affine, Value::Bias(chain));
        self.set(id, Linear { x, affine }.into());
    }

    /// The map with this bias; one without a bias gets one.
    fn store_bias(&mut self, mut affine: Affine, value: Value) -> Affine {
        match affine.bias {
            Some(bias) => self.store(bias, value),
            None => {
                let weight = &self.draft.graph[affine.weight];
                let path = weight.path.strip_suffix("weight");
                let path = format!("{}bias", path.unwrap_or(&weight.path));
                let span = weight.span;
                let shape = weight.shape.iter().take(1).copied().collect();
                let zero = Init::Constant(0.0);
                affine.bias = Some(self.draft.param(path, span, shape, zero, value));
            }
        }
        affine
    }

    /// `[out, in]`
    fn sizes(&self, affine: Affine) -> [usize; 2] {
        match self.draft.graph[affine.weight].shape.as_slice() {
            [outputs, inputs] => [*outputs, *inputs],
            _ => bug!("weight {} is no matrix", affine.weight.index()),
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
