//! `flatten(x)`: all positions as channels.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// `[.., C * positions]`, the positions of the first channel first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flatten {
    /// The value.
    pub x: NodeId,
}

impl Primitive for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
