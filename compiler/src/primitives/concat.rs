//! `concat(...)`: joined along channels.

use super::written::{Code, Written, call, text};
use super::{Build, Primitive, Signature, Visitor, Work};
use crate::diagnostics::ShapeKind;
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;

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

    fn work(&self, _graph: &dyn Operands, _shape: &Shape) -> Work {
        Work::default()
    }
}

parameters! {
    struct Arguments {
        /// Tensors and lists of tensors, one after the other.
        branches: Given<Vec<Given<NodeId>>>,
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "concat",
    doc: "Tensors and lists of tensors joined along channels, in order; all have the same positions. What is the same for every image \
          is repeated for each where another branch is not.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values).branches.value;
    let parts: Vec<NodeId> = given.iter().map(|part| part.value).collect();
    let shapes: Vec<Shape> = parts.iter().map(|part| build.shape(*part)).collect();
    let Some(first) = shapes.first().copied() else {
        return Err(Refusal::call(ShapeKind::NoBranches));
    };
    let differs = |(_, shape): &(usize, &Shape)| shape.sizes != first.sizes;
    if let Some((index, other)) = shapes.iter().enumerate().find(differs) {
        return Err(Refusal::call(ShapeKind::Branches {
            first,
            other: *other,
            number: index + 1,
            of: shapes.len(),
        }));
    }
    let shape = Shape {
        batched: shapes.iter().any(|shape| shape.batched),
        channels: (shapes.iter()).fold(0, |sum, shape| sum.saturating_add(shape.channels)),
        sizes: first.sizes,
    };
    build.make(Concat { parts }, shape)
}

impl Written for Concat {
    fn burn(&self, graph: &dyn Operands) -> Code {
        let mut batched = self.parts.iter().map(|part| graph.shape(*part).batched);
        let first = batched.next();
        match batched.all(|other| Some(other) == first) {
            true => call("Tensor::cat", [Code::Operands, text("1")]),
            false => call("concat", [Code::Operands]),
        }
    }

    fn torch(&self) -> Code {
        call("concat", [Code::Operands])
    }
}

#[cfg(test)]
mod tests {
    use crate::language::Value;
    use crate::parts::NodeId;
    use crate::primitives::fake::*;

    #[test]
    fn channels_add_up_and_lists_are_joined_in_order() {
        let mut fake = Fake::default();
        let (a, b, c) = (fake.same(2, &[4]), fake.images(3, &[4]), fake.same(1, &[4]));
        let list = traced(Value::List(vec![b, c]));
        let all = traced(Value::List(vec![a, list]));
        assert_eq!(fake.yields("concat", vec![all]), "[N, 6, 4]");
        assert_eq!(fake.last().operands(), [0, 1, 2].map(NodeId));
    }

    #[test]
    fn branches_have_the_same_positions() {
        let mut fake = Fake::default();
        let (a, b) = (fake.images(2, &[4]), fake.images(2, &[5]));
        let told = fake.refused("concat", vec![traced(Value::List(vec![a.clone(), a, b]))]);
        assert_eq!(
            told,
            "branches need the same positions, found [N, 2, 4] and, as number 3 of 3, [N, 2, 5]"
        );
        let nothing = fake.refused("concat", vec![traced(Value::List(vec![]))]);
        assert_eq!(nothing, "a concatenation needs at least one branch");
    }

    #[test]
    fn there_is_a_limit_to_the_channels() {
        let mut fake = Fake::default();
        let wide = fake.images(1 << 19, &[]);
        let told = fake.refused("concat", vec![traced(Value::List(vec![wide; 3]))]);
        assert_eq!(
            told,
            "too large: 1572864 channels, at most 1048576 are allowed"
        );
    }
}
