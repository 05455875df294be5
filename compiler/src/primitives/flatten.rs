//! `flatten(x)`: all positions as channels.

use super::written::{Code, Written, call, list, text, x};
use super::{Build, Primitive, Signature, Visitor, Work};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape, Sizes};
use crate::primitives::Operands;

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

    fn work(&self, _graph: &dyn Operands, _shape: &Shape) -> Work {
        Work::default()
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "flatten",
    doc: "All positions as channels, `[.., channels * positions]`, the positions of the first channel first.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let x = Arguments::read(values).x.value;
    let from = build.shape(x);
    let shape = Shape {
        batched: from.batched,
        channels: from.per_image(),
        sizes: Sizes::NONE,
    };
    build.make(Flatten { x }, shape)
}

impl Written for Flatten {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        x(0).method(
            "reshape",
            [list([text("0"), text("-1"), text("1"), text("1")])],
        )
    }

    fn torch(&self) -> Code {
        call("flatten", [x(0)])
    }
}

#[cfg(test)]
mod tests {
    use crate::primitives::fake::*;

    #[test]
    fn positions_become_channels() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[4, 5]);
        assert_eq!(fake.yields("flatten", vec![x]), "[N, 60]");
        let kernel = fake.same(1, &[7]);
        assert_eq!(fake.yields("flatten", vec![kernel]), "[1, 7]");
    }

    #[test]
    fn as_many_positions_as_there_can_be_channels() {
        let mut fake = Fake::default();
        let x = fake.images(2, &[1024, 1024]);
        let told = fake.refused("flatten", vec![x]);
        assert_eq!(
            told,
            "too large: 2097152 channels, at most 1048576 are allowed"
        );
    }
}
