//! `max_pool(x, size, stride, padding)`: the largest scalar of each window.

use super::window::{Pooling, Window, two};
use super::written::{Code, Number, Written, call, x};
use super::{Build, Primitive, Signature, Visitor, Work};
use crate::language::{Refusal, Traced, Value};
use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;

/// The largest scalar of each window; beyond the edges there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// The value.
    pub x: NodeId,
    /// The windows.
    pub window: Window,
}

impl Primitive for MaxPool {
    fn name(&self) -> &'static str {
        "max_pool"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        self.window.work(shape)
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "max_pool",
    doc: "The largest scalar of each window of `size` positions along each axis: `(n + 2 padding - size) / stride + 1` positions, \
          rounded down.",
    parameters: Pooling::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    Pooling::build(build, values, |x, window| MaxPool { x, window }.into())
}

impl Written for MaxPool {
    fn numbers(&self, _graph: &dyn Operands, shape: &Shape) -> Vec<(&'static str, Number)> {
        self.window.numbers(shape.sizes.rank())
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("max_pool", [x(0), two(0), two(2), two(4)])
    }

    fn torch(&self) -> Code {
        call("F.max_pool2d", [x(0), two(0), two(2), two(4)])
    }
}
