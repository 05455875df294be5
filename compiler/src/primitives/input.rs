//! The model's input.

use super::written::{Code, Written, x};
use super::{Primitive, Visitor, Work};
use crate::parts::Shape;
use crate::primitives::Operands;

/// The model's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Input;

impl Primitive for Input {
    fn name(&self) -> &'static str {
        "input"
    }

    fn visit(&mut self, _visitor: &mut dyn Visitor) {}

    fn work(&self, _graph: &dyn Operands, _shape: &Shape) -> Work {
        Work::default()
    }
}

impl Written for Input {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        x(0)
    }

    fn torch(&self) -> Code {
        x(0)
    }
}
