//! `dropout(x, rate, shared)`: random zeroes in training.

use super::written::{Code, Number, Written, call, n, x};
use super::{Build, Primitive, Signature, Visitor, Work};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{Axes, NodeId, Shape};
use crate::primitives::Operands;

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

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        Work::each(shape, 1)
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// The probability of a zero.
        rate: Given<f64>,
        /// The axes that share a draw: `positions` for whole channels.
        shared: Given<Axes> = "[]",
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "dropout",
    doc: "In training, zeroes scalars with probability `rate` and scales the others by `1 / (1 - rate)`; otherwise nothing. One draw \
          holds for all of the shared axes. A rate of 0 adds nothing to the network.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let (x, shared) = (given.x.value, given.shared.value);
    let rate = given.rate.fraction("`rate`")?;
    if rate == 0.0 {
        return Ok(Value::Tensor(x));
    }
    let shape = build.shape(x);
    build.make(Dropout { x, rate, shared }, shape)
}

impl Written for Dropout {
    fn numbers(&self, _graph: &dyn Operands, _shape: &Shape) -> Vec<(&'static str, Number)> {
        vec![("rate", Number::Float(self.rate))]
    }

    fn identity(&self) -> Option<Number> {
        Some(Number::Float(0.0))
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("dropout", [x(0), n(0), self.shared.burn()])
    }

    fn torch(&self) -> Code {
        match self.shared {
            Axes::INSTANCE => call("F.dropout2d", [x(0), n(0), Code::Training]),
            shared => call("dropout", [x(0), n(0), shared.torch(), Code::Training]),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::primitives::fake::*;

    #[test]
    fn a_rate_of_zero_adds_nothing() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[4]);
        let before = fake.nodes.len();
        let same = fake.call("dropout", vec![x.clone(), float(0.0)]).unwrap();
        assert_eq!(node(&traced(same)).value, node(&x).value);
        assert_eq!(fake.nodes.len(), before);
    }

    #[test]
    fn the_rate_is_a_fraction() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[4]);
        assert_eq!(
            fake.yields("dropout", vec![x.clone(), float(0.5), word("positions")]),
            "[N, 3, 4]"
        );
        let told = fake.refused("dropout", vec![x, float(1.0)]);
        assert_eq!(told, "`rate` is 1, it must be at least 0 and below 1 at 8");
    }
}
