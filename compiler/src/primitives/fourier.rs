//! `fourier(grid, channels, ...)`: sines of a linear map of coordinates.

use super::{Affine, Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// `sin(weight g + bias)`, with arguments and their reduction exact in float32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fourier {
    /// The coordinates.
    pub grid: NodeId,
    /// Weight and bias.
    pub affine: Affine,
}

impl Primitive for Fourier {
    fn name(&self) -> &'static str {
        "fourier"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.grid);
        self.affine.visit(visitor);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
