//! `+`, `-`, `*` and `/`: channels and each position equal or 1 on a side; a value without positions is the same for all.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// `a + b`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Add {
    /// Left operand.
    pub a: NodeId,
    /// Right operand.
    pub b: NodeId,
}

impl Primitive for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.a);
        visitor.node(&mut self.b);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}

/// `a - b`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sub {
    /// Left operand.
    pub a: NodeId,
    /// Right operand.
    pub b: NodeId,
}

impl Primitive for Sub {
    fn name(&self) -> &'static str {
        "sub"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.a);
        visitor.node(&mut self.b);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}

/// `a * b` (HyperZZW, first product).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mul {
    /// Left operand.
    pub a: NodeId,
    /// Right operand.
    pub b: NodeId,
}

impl Primitive for Mul {
    fn name(&self) -> &'static str {
        "mul"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.a);
        visitor.node(&mut self.b);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}

/// `by * x`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleBy {
    /// The value.
    pub x: NodeId,
    /// The number.
    pub by: f64,
}

impl Primitive for ScaleBy {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}

/// `x + by`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offset {
    /// The value.
    pub x: NodeId,
    /// The number.
    pub by: f64,
}

impl Primitive for Offset {
    fn name(&self) -> &'static str {
        "offset"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
