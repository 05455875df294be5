//! A number everywhere: what `param(init=fixed(number))` is.

use super::written::{Code, Number, Written, call, list, n, text};
use super::{Primitive, Visitor, Work};
use crate::parts::Shape;
use crate::primitives::Operands;

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

    fn work(&self, _graph: &dyn Operands, _shape: &Shape) -> Work {
        Work::default()
    }
}

impl Written for Fill {
    fn numbers(&self, _graph: &dyn Operands, shape: &Shape) -> Vec<(&'static str, Number)> {
        let [_, channels, height, width] = shape.dims(1);
        vec![
            ("value", Number::Float(self.value)),
            ("channels", Number::Int(channels)),
            ("height", Number::Int(height)),
            ("width", Number::Int(width)),
        ]
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        let shape = list([text("1"), n(1), n(2), n(3)]);
        call("Tensor::full", [shape, n(0), Code::Device])
    }

    fn torch(&self) -> Code {
        let shape = list([text("1"), n(1), n(2), n(3)]);
        call("torch.full", [shape, n(0)]).method("to", [Code::Device])
    }
}
