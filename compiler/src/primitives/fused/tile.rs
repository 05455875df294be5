//! A concatenation of one value with itself.

use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;
use crate::primitives::written::{Code, Number, Written, call, n, text, x};
use crate::primitives::{Primitive, Visitor, Work};

/// All channels of `x` again and again, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The value.
    pub x: NodeId,
    /// How often.
    pub times: usize,
}

impl Primitive for Tile {
    fn name(&self) -> &'static str {
        "tile"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &dyn Operands, _shape: &Shape) -> Work {
        Work::default()
    }
}

impl Written for Tile {
    fn numbers(&self, _graph: &dyn Operands, _shape: &Shape) -> Vec<(&'static str, Number)> {
        vec![("times", Number::Int(self.times))]
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("tile", [x(0), n(0)])
    }

    fn torch(&self) -> Code {
        x(0).method("repeat", [text("1"), n(0), text("1"), text("1")])
    }
}
