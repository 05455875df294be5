//! `dropout(x, rate, shared)`: random zeroes in training.

use super::{Primitive, Visitor, Work};
use crate::model::{Axes, Graph, NodeId, Shape};

/// In training, zeroes scalars with this probability and scales the others by `1 / (1 - rate)`; one draw for all of the shared axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The value.
    pub x: NodeId,
    /// The probability, `0 < rate < 1`.
    pub rate: f64,
    /// The axes that share a draw; `positions` drops whole channels.
    pub shared: Axes,
}

impl Primitive for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
