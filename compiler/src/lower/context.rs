//! `magnet_in_context`: the layers of a slow net that maps of a pooled activation multiply, and the path to them.

use super::slow_net::{Layer, Mix, Raw, SlowNets};
use super::view::both;
use crate::model::{Axes, Context, Function, NodeId, Op, Scale};
use crate::primitives::{
    Activation, AdaptiveAvgPool, Add, Fill, Mean, Mul, Normalize, StopGradient, Stored,
};

impl SlowNets<'_> {
    /// The node as a layer in a context.
    pub(super) fn mixed(&self, id: NodeId) -> Option<(Raw, Mix)> {
        let view = self.view;
        let Op::Mul(Mul { a, b }) = *view.op(id) else {
            return None;
        };
        let (sum, map) = both(a, b).into_iter().find(|(sum, map)| {
            matches!((view.op(*sum), view.op(*map)), (Op::Add(_), Op::Linear(_)))
        })?;
        let Op::Add(Add { a, b }) = *view.op(sum) else {
            return None;
        };
        let (stopped, normalized) = both(self.scaled(a)?, self.scaled(b)?)
            .into_iter()
            .find(|((_, stopped), _)| matches!(view.op(*stopped), Op::StopGradient(_)))?;
        let (alpha, stopped) = stopped;
        let (beta, normalized) = normalized;
        let (Op::StopGradient(StopGradient { x }), Op::Normalize(Normalize { x: same, over })) =
            (view.op(stopped), view.op(normalized))
        else {
            return None;
        };
        let fits = x == same && *over == Axes::INSTANCE && view.reads(*x) == 2;
        if !(fits && [sum, stopped, normalized].iter().all(|id| view.once(*id))) {
            return None;
        }
        let raw = self.raw(*x)?;
        let (context, map) = view.linear(map, raw.hidden)?;
        let mix = Mix {
            alpha,
            beta,
            context,
            map,
        };
        Some((raw, mix))
    }

    /// A product with one number, read once: the number's node and the other factor.
    fn scaled(&self, id: NodeId) -> Option<(NodeId, NodeId)> {
        let Op::Mul(Mul { a, b }) = *self.view.op(id) else {
            return None;
        };
        let number = |id: NodeId| {
            let shape = self.view.node(id).shape;
            let leaf = matches!(self.view.op(id), Op::Fill(_) | Op::Stored(_));
            leaf && shape.channels == 1 && shape.sizes.rank() == 0
        };
        let found = both(a, b).into_iter().find(|(factor, _)| number(*factor));
        found.filter(|_| self.view.once(id))
    }

    /// The path from an activation to the maps of the layers of a net, and that activation.
    pub(super) fn context(&self, mix: Mix, last: &Layer) -> Option<(Context, NodeId)> {
        let view = self.view;
        let hidden = last.raw.hidden;
        let Op::Activation(Activation {
            function: Function::Gelu,
            x: fc1,
        }) = *view.op(mix.context)
        else {
            return None;
        };
        let (averaged, fc1) = view.linear(fc1, hidden)?;
        let batch = Axes {
            batch: true,
            ..Axes::default()
        };
        let reduce = match *view.op(averaged) {
            Op::Mean(Mean { x, over }) if over == batch && view.once(averaged) => x,
            _ => return None,
        };
        let (pooled, reduce) = view.linear(reduce, hidden)?;
        let Op::AdaptiveAvgPool(AdaptiveAvgPool { x: source }) = *view.op(pooled) else {
            return None;
        };
        let sizes = |id: NodeId| view.node(id).shape.sizes;
        let fits = view.once(pooled)
            && view.reads(mix.context) == last.count
            && sizes(pooled) == sizes(last.raw.grid);
        let layers = self.chain(*last);
        let maps = layers.iter().filter_map(|layer| Some(layer.mix?.map));
        let context = Context {
            reduce,
            fc1,
            layers: maps.collect(),
            alpha: self.scale(mix.alpha)?,
            beta: self.scale(mix.beta)?,
        };
        fits.then_some((context, source))
    }

    fn scale(&self, id: NodeId) -> Option<Scale> {
        match *self.view.op(id) {
            Op::Fill(Fill { value }) => Some(Scale::Constant(value)),
            Op::Stored(Stored { param }) => Some(Scale::Trained(param)),
            _ => None,
        }
    }
}
