//! `param(channels, sizes, init, penalty)`: a stored tensor.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, ParamId, Shape};

/// `[1, channels, sizes]`: a stored tensor as a value. In frozen models also a value that was computed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The tensor.
    pub param: ParamId,
}

impl Primitive for Stored {
    fn name(&self) -> &'static str {
        "param"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.param(&mut self.param);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
