//! `concat(...)`: joined along channels.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// Values joined along channels; those that no image changes are repeated for each image where others are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concat {
    /// At least one.
    pub parts: Vec<NodeId>,
}

impl Primitive for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.parts.iter_mut().for_each(|part| visitor.node(part));
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
