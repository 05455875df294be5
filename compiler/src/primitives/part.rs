//! One of the parts of `split(x, parts)`: some of the channels.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// As many channels as the node's shape has, from `start` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The value.
    pub x: NodeId,
    /// The first channel.
    pub start: usize,
}

impl Primitive for Part {
    fn name(&self) -> &'static str {
        "split"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
