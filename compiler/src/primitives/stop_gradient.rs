//! `stop_gradient(x)`: the same value, through which no gradient flows.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// The same value, through which no gradient flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopGradient {
    /// The value.
    pub x: NodeId,
}

impl Primitive for StopGradient {
    fn name(&self) -> &'static str {
        "stop_gradient"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
