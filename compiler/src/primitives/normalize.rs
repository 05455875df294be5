//! `normalize(x, over)`: divided by its norm over axes.

use super::{Primitive, Visitor, Work};
use crate::model::{Axes, Graph, NodeId, Shape};

/// `x / max(||x||, 1e-12)` with the L2 norm over axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Normalize {
    /// The value.
    pub x: NodeId,
    /// The axes.
    pub over: Axes,
}

impl Primitive for Normalize {
    fn name(&self) -> &'static str {
        "normalize"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }

    fn couples(&self) -> bool {
        self.over.batch
    }
}
