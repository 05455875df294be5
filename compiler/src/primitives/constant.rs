//! A number everywhere: what `param(init=fixed(number))` is.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, Shape};

/// `[1, channels, sizes]`: this number everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fill {
    /// The number.
    pub value: f64,
}

impl Primitive for Fill {
    fn name(&self) -> &'static str {
        "fill"
    }

    fn visit(&mut self, _visitor: &mut dyn Visitor) {}

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
