//! `adaptive_avg_pool(x, sizes)`: means over as many windows as there are to be positions.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// Position i of n of an axis of length L is the mean over `floor(i L / n) .. ceil((i + 1) L / n)`; the sizes are those of the node's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveAvgPool {
    /// The value.
    pub x: NodeId,
}

impl Primitive for AdaptiveAvgPool {
    fn name(&self) -> &'static str {
        "adaptive_avg_pool"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
