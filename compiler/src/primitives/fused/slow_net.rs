//! MAGNets as one operation each: coordinates in, kernel out.

use crate::bug::bug;
use crate::parts::{NodeId, ParamId, Shape};
use crate::primitives::Operands;
use crate::primitives::activation::GELU;
use crate::primitives::fourier::SINE;
use crate::primitives::written::{Code, Written};
use crate::primitives::{Affine, Primitive, Visitor, Work};

/// A slow net on coordinates alone: `[1, outputs, H, W]` over a plane, `[1, positions]` over a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// The net, behind a pointer because nearly all operations are much smaller.
    pub net: Box<SlowNet>,
}

impl Primitive for Kernel {
    fn name(&self) -> &'static str {
        "slow_net"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.net.visit(visitor);
    }

    fn work(&self, _graph: &dyn Operands, _shape: &Shape) -> Work {
        self.net.work()
    }
}

/// A slow net that also reads an activation: `[1, outputs, sizes]`, the context averaged over the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextKernel {
    /// The coordinate net.
    pub net: Box<SlowNet>,
    /// The part that reads the activation.
    pub context: Box<Context>,
    /// The activation.
    pub source: NodeId,
}

impl Primitive for ContextKernel {
    fn name(&self) -> &'static str {
        "slow_net_in_context"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.net.visit(visitor);
        self.context.visit(visitor);
        visitor.node(&mut self.source);
    }

    fn work(&self, graph: &dyn Operands, _shape: &Shape) -> Work {
        let net = self.net.work();
        let (positions, hidden) = (self.net.positions(), self.net.hidden as u64);
        let layers = self.net.layers() as u64;
        let source = graph.shape(self.source);
        // `fc1` and a map per layer; a GELU, and per layer a norm (3), two factors, a sum, and a product with the map.
        let scalars = positions.saturating_mul(hidden);
        let maps = scalars.saturating_mul(hidden).saturating_mul(layers + 1);
        let elementwise = scalars.saturating_mul(GELU + layers * 6);
        // Pooling reads every scalar of the source; `reduce` runs on each image's pooled context.
        let read = (
            scalars.saturating_mul(source.channels as u64),
            source.per_image() as u64,
        );
        let (fixed, per_image) = match source.batched {
            true => ((0, 0), Some(read)),
            false => (read, None),
        };
        Work {
            multiply_adds: (net.multiply_adds)
                .saturating_add(maps)
                .saturating_add(fixed.0),
            elementwise: (net.elementwise)
                .saturating_add(elementwise)
                .saturating_add(fixed.1),
            per_image,
        }
    }

    fn couples(&self) -> bool {
        true
    }
}

/// The positions a slow net is evaluated on: a regular grid over `[-1, 1]`, both ends included, row index first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// `height x width`, two coordinates.
    Plane {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// `length` positions, one coordinate.
    Line {
        /// Positions.
        length: usize,
    },
}

impl Grid {
    /// Number of positions.
    pub fn positions(self) -> usize {
        match self {
            Self::Plane { height, width } => height * width,
            Self::Line { length } => length,
        }
    }

    /// Number of coordinates.
    pub fn dims(self) -> usize {
        match self {
            Self::Plane { .. } => 2,
            Self::Line { .. } => 1,
        }
    }
}

/// A multiplicative filter network on coordinates ("MAGNet"):
/// `h0 = sin(filter0(g))`, `h' = sin(filter(g)) * linear(h) + bias`, `kernel = output(h)`.
#[derive(Clone, Debug, PartialEq)]
pub struct SlowNet {
    /// Where it is evaluated.
    pub grid: Grid,
    /// Hidden width.
    pub hidden: usize,
    /// Output channels (1 over a line).
    pub outputs: usize,
    /// `layers + 1` maps `[hidden, dims]`.
    pub filters: Vec<Affine>,
    /// `layers` maps `[hidden, hidden]`.
    pub linears: Vec<Affine>,
    /// `[outputs, hidden]`.
    pub output: Affine,
    /// Spatial bias shared by all hidden channels and layers: `[H, W]` or `[length]`.
    pub bias: ParamId,
}

/// The context path of a slow net: `ctx = gelu(fc1(mean_batch(reduce(adaptive_avg_pool(z)))))`; after each layer
/// `h = (alpha * stop_gradient(h) + beta * h / max(||h||, 1e-12)) * layer(ctx)`, the norm per hidden channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// `[hidden, C]`.
    pub reduce: Affine,
    /// `[hidden, hidden]`.
    pub fc1: Affine,
    /// One `[hidden, hidden]` per layer.
    pub layers: Vec<Affine>,
    /// Weight of the detached value.
    pub alpha: Scale,
    /// Weight of the normalised value.
    pub beta: Scale,
}

/// A factor: fixed, or a trained parameter of shape `[1]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Never changes.
    Constant(f64),
    /// Trained.
    Trained(ParamId),
}

impl SlowNet {
    /// Number of hidden layers.
    pub fn layers(&self) -> usize {
        self.linears.len()
    }

    fn positions(&self) -> u64 {
        self.grid.positions() as u64
    }

    /// The maps at each position; a sine per filter output, a product and a sum per layer.
    fn work(&self) -> Work {
        let (hidden, layers) = (self.hidden as u64, self.layers() as u64);
        let filters = (layers + 1).saturating_mul(self.grid.dims() as u64 * hidden);
        let maps = filters
            .saturating_add(layers.saturating_mul(hidden.saturating_mul(hidden)))
            .saturating_add((self.outputs as u64).saturating_mul(hidden));
        let scalars = self.positions().saturating_mul(hidden);
        Work {
            multiply_adds: self.positions().saturating_mul(maps),
            elementwise: scalars.saturating_mul((layers + 1) * SINE + layers * 2),
            per_image: None,
        }
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        let affines = self.filters.iter_mut().chain(&mut self.linears);
        affines
            .chain([&mut self.output])
            .for_each(|a| a.visit(visitor));
        visitor.param(&mut self.bias);
    }
}

impl Context {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        let affines = [&mut self.reduce, &mut self.fc1].into_iter();
        affines
            .chain(&mut self.layers)
            .for_each(|a| a.visit(visitor));
        for scale in [&mut self.alpha, &mut self.beta] {
            if let Scale::Trained(id) = scale {
                visitor.param(id);
            }
        }
    }
}

/// Only the graph of primitives and frozen graphs are emitted, and these have no slow nets.
macro_rules! not_written {
    ($name:ident) => {
        impl Written for $name {
            fn burn(&self, _graph: &dyn Operands) -> Code {
                bug!("a fused slow net is emitted")
            }

            fn torch(&self) -> Code {
                bug!("a fused slow net is emitted")
            }
        }
    };
}
not_written!(Kernel);
not_written!(ContextKernel);
