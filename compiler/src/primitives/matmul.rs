//! `a @ b`: matrix products of planes.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// For each image and channel the matrix product of two planes (HyperZZW, second product).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatMul {
    /// Left operand.
    pub a: NodeId,
    /// Right operand.
    pub b: NodeId,
}

impl Primitive for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.a);
        visitor.node(&mut self.b);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
