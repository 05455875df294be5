//! `mean(x, over)`: a mean over axes.

use super::{Primitive, Visitor, Work};
use crate::model::{Axes, Graph, NodeId, Shape};

/// The mean over axes: batch and channels become 1, positions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mean {
    /// The value.
    pub x: NodeId,
    /// The axes.
    pub over: Axes,
}

impl Primitive for Mean {
    fn name(&self) -> &'static str {
        "mean"
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
