//! `magnet`: a multiplicative filter network on coordinates, as one operation. `context` knows the layers of one that reads
//! an activation too.

use super::view::{View, both};
use crate::bug::bug;
use crate::model::{Affine, Grid, NodeId, Op, SlowNet};
use crate::primitives::{ContextKernel, Flatten, Fourier, Kernel, Linear, Mul, Stored};

/// The factors of a layer `(alpha * stop_gradient(raw) + beta * normalize(raw)) * map(context)`.
#[derive(Clone, Copy)]
pub(super) struct Mix {
    pub(super) alpha: NodeId,
    pub(super) beta: NodeId,
    pub(super) context: NodeId,
    pub(super) map: Affine,
}

impl Mix {
    /// What all layers of a net have in common.
    pub fn shared(self) -> [NodeId; 3] {
        [self.alpha, self.beta, self.context]
    }
}

/// The layers of slow nets found so far.
pub(super) struct SlowNets<'a> {
    pub view: &'a View<'a>,
    layers: Vec<Layer>,
    /// For each node, which of the layers it is, counted from 1.
    places: Vec<u32>,
}

/// The last of some layers that follow each other, all over one grid, with one shift and one context.
#[derive(Clone, Copy)]
pub(super) struct Layer {
    /// How many.
    pub count: usize,
    pub raw: Raw,
    pub mix: Option<Mix>,
}

/// `filter * linear(below) + shift`: what a layer computes of the one below it.
#[derive(Clone, Copy)]
pub(super) struct Raw {
    pub grid: NodeId,
    pub shift: NodeId,
    pub filter: Affine,
    pub linear: Affine,
    pub below: NodeId,
    pub hidden: usize,
}

impl<'a> SlowNets<'a> {
    /// None yet.
    pub fn new(view: &'a View<'a>) -> Self {
        Self {
            view,
            layers: vec![],
            places: vec![0; view.graph.nodes.len()],
        }
    }

    /// Notes the node if it is a layer without a context.
    pub fn layer(&mut self, id: NodeId) {
        if let Some(raw) = self.raw(id) {
            self.note(id, raw, None);
        }
    }

    /// Notes the node if it is a layer that a context multiplies.
    pub fn layer_in_context(&mut self, id: NodeId) {
        if let Some((raw, mix)) = self.mixed(id) {
            self.note(id, raw, Some(mix));
        }
    }

    fn note(&mut self, id: NodeId, raw: Raw, mix: Option<Mix>) {
        let count = match self.at(raw.below) {
            Some(below)
                if below.raw.same_net(&raw)
                    && below.mix.map(Mix::shared) == mix.map(Mix::shared) =>
            {
                below.count + 1
            }
            Some(_) => return,
            None => match self.filter(raw.below) {
                Some((grid, _)) if grid == raw.grid => 1,
                _ => return,
            },
        };
        self.layers.push(Layer { count, raw, mix });
        if let Some(place) = self.places.get_mut(id.index()) {
            *place = self.layers.len() as u32;
        }
    }

    /// The layer that a node is, if it is one.
    fn at(&self, id: NodeId) -> Option<&Layer> {
        let place = *self.places.get(id.index())? as usize;
        self.layers.get(place.checked_sub(1)?)
    }

    /// The node as the sum of a shift and the product of a filter and a linear map.
    pub fn raw(&self, id: NodeId) -> Option<Raw> {
        let view = self.view;
        let Op::Add(add) = view.op(id) else {
            return None;
        };
        let (product, shift) = both(add.a, add.b)
            .into_iter()
            .find(|(_, shift)| matches!(view.op(*shift), Op::Stored(_)))?;
        let Op::Mul(Mul { a, b }) = *view.op(product) else {
            return None;
        };
        let (filter, linear) = both(a, b)
            .into_iter()
            .find(|(filter, _)| matches!(view.op(*filter), Op::Fourier(_)))?;
        let hidden = view.node(filter).shape.channels;
        let (grid, filter) = self.filter(filter)?;
        let (below, linear) = view.linear(linear, hidden)?;
        let plane = view.node(shift).shape;
        let fits = plane.channels == 1
            && plane.sizes == view.node(grid).shape.sizes
            && view.node(below).shape.channels == hidden;
        (fits && view.once(product) && view.once(below)).then_some(Raw {
            grid,
            shift,
            filter,
            linear,
            below,
            hidden,
        })
    }

    /// Sines of coordinates that are read once: the grid, and the parameters.
    fn filter(&self, id: NodeId) -> Option<(NodeId, Affine)> {
        let Op::Fourier(Fourier { grid, affine }) = *self.view.op(id) else {
            return None;
        };
        let coordinates = matches!(self.view.op(grid), Op::Coordinates(_));
        let fits = coordinates && affine.bias.is_some() && self.view.once(id);
        fits.then_some((grid, affine))
    }

    /// The operation of the linear map `id` if it ends a slow net over a plane.
    pub fn plane(&self, id: NodeId, out: &Linear) -> Option<Op> {
        let (net, last) = self.net(out)?;
        let Grid::Plane { .. } = net.grid else {
            return None;
        };
        let outputs = self.view.node(id).shape.channels;
        let net = Box::new(SlowNet { outputs, ..net });
        let Some(mix) = last.mix else {
            return Some(Kernel { net }.into());
        };
        let (context, source) = self.context(mix, &last)?;
        Some(
            ContextKernel {
                net,
                context: Box::new(context),
                source,
            }
            .into(),
        )
    }

    /// The operation of a flattened slow net over a line with one output.
    pub fn line(&self, flat: &Flatten) -> Option<Op> {
        let (net, last) = match self.view.op(flat.x) {
            Op::Linear(out) if self.view.once(flat.x) => self.net(out)?,
            _ => return None,
        };
        let one = self.view.node(flat.x).shape.channels == 1;
        let fits = one && last.mix.is_none() && matches!(net.grid, Grid::Line { .. });
        fits.then(|| Kernel { net: net.into() }.into())
    }

    /// The net that a linear map ends, with one output, and its last layer. All that lies between is read only there.
    fn net(&self, out: &Linear) -> Option<(SlowNet, Layer)> {
        let last = *self.at(out.x)?;
        let shift = last.raw.shift;
        let alone = self.view.once(out.x) && self.view.reads(shift) == last.count;
        if !alone || out.affine.bias.is_none() {
            return None;
        }
        let Op::Stored(Stored { param: bias }) = *self.view.op(shift) else {
            bug!("a shift that is not stored");
        };
        let layers = self.chain(last);
        let first = self.filter(layers.first()?.raw.below)?.1;
        let filters = layers.iter().map(|layer| layer.raw.filter);
        let net = SlowNet {
            grid: self.grid(last.raw.grid)?,
            hidden: last.raw.hidden,
            outputs: 1,
            filters: std::iter::once(first).chain(filters).collect(),
            linears: layers.iter().map(|layer| layer.raw.linear).collect(),
            output: out.affine,
            bias,
        };
        Some((net, last))
    }

    /// All layers up to one, the first first.
    pub fn chain(&self, last: Layer) -> Vec<Layer> {
        let below = |layer: &Layer| self.at(layer.raw.below).copied();
        let mut layers: Vec<Layer> = std::iter::successors(Some(last), below).collect();
        layers.reverse();
        layers
    }

    fn grid(&self, id: NodeId) -> Option<Grid> {
        match *self.view.node(id).shape.sizes.as_slice() {
            [height, width] => Some(Grid::Plane { height, width }),
            [length] => Some(Grid::Line { length }),
            _ => None,
        }
    }
}

impl Raw {
    fn same_net(&self, other: &Self) -> bool {
        (self.grid, self.shift, self.hidden) == (other.grid, other.shift, other.hidden)
    }
}
