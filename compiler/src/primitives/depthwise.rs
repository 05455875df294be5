//! `depthwise(x, kernel)`: a convolution of each channel with a kernel of its own.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// Convolution (cross-correlation: the kernel is not flipped) of stride 1 of each channel with its kernel `[1, C, odd sizes]`, zero padding `(size - 1) / 2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depthwise {
    /// The value.
    pub x: NodeId,
    /// The kernel.
    pub kernel: NodeId,
}

impl Primitive for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        visitor.node(&mut self.kernel);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
