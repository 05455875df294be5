//! Affine maps of each channel, and a standardization without its scaled input.

use crate::parts::{NodeId, ParamId, Shape};
use crate::primitives::Operands;
use crate::primitives::written::{Code, Holds, Written, call, x};
use crate::primitives::{Primitive, Visitor, Work};

/// `x + bias` with a stored scalar or one value per position, the same for all channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bias {
    /// The value.
    pub x: NodeId,
    /// `[1]` or `[1, positions...]`.
    pub bias: ParamId,
}

impl Primitive for Bias {
    fn name(&self) -> &'static str {
        "bias"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        visitor.param(&mut self.bias);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        Work::each(shape, 1)
    }
}

/// The standardization over the positions of `x * scale` for positive `scale` of one value per image and channel, without the product: `(x - mean) / sqrt(var + 1e-5 / scale^2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandardizeScaled {
    /// The value.
    pub x: NodeId,
    /// The factors, `[N, C]`.
    pub scale: NodeId,
}

impl Primitive for StandardizeScaled {
    fn name(&self) -> &'static str {
        "standardize_scaled"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        visitor.node(&mut self.scale);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        // Mean, centred squares, scale.
        Work::each(shape, 6)
    }
}

/// `x * scale + shift` per channel, each `[C]`: a standardization with known statistics; only in frozen models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rescale {
    /// The value.
    pub x: NodeId,
    /// Factor of each channel.
    pub scale: ParamId,
    /// What is added to each channel.
    pub shift: ParamId,
}

impl Primitive for Rescale {
    fn name(&self) -> &'static str {
        "rescale"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        visitor.param(&mut self.scale);
        visitor.param(&mut self.shift);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        Work::each(shape, 2)
    }
}

impl Written for Bias {
    fn holds(&self, _graph: &dyn Operands) -> Holds {
        Holds::Tensor(self.bias)
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        x(0).binary("+", Code::Held)
    }

    fn torch(&self) -> Code {
        x(0).binary("+", Code::Held)
    }
}

impl Written for StandardizeScaled {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("standardize_scaled", [x(0), x(1)])
    }

    fn torch(&self) -> Code {
        call("standardize_scaled", [x(0), x(1)])
    }
}

impl Written for Rescale {
    fn holds(&self, graph: &dyn Operands) -> Holds {
        Holds::Module {
            kind: "Rescale",
            sizes: vec![("channels", graph.tensor(self.scale).count())],
            tensors: vec![("scale", self.scale), ("shift", self.shift)],
            trained: true,
        }
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        Code::Held.method("forward", [x(0)])
    }

    fn torch(&self) -> Code {
        Code::Apply(vec![x(0)])
    }
}
