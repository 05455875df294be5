//! `grid(sizes)`: coordinates.

use super::written::{Code, Number, Written, borrowed, call};
use super::{Build, Primitive, Signature, Visitor, Work};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::Shape;
use crate::primitives::Operands;

/// `[1, axes, sizes]`: the coordinates of each position, each axis from -1 to 1 with both ends, -1 where there is one position; row index first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coordinates;

impl Primitive for Coordinates {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn visit(&mut self, _visitor: &mut dyn Visitor) {}

    fn work(&self, _graph: &dyn Operands, _shape: &Shape) -> Work {
        Work::default()
    }
}

parameters! {
    struct Arguments {
        /// How many positions along each axis.
        sizes: Given<Vec<Given<i64>>>,
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "grid",
    doc: "The coordinates of a grid of positions, `[1, axes, sizes]`: each axis from -1 to 1 with both ends (-1 where there is one \
          position), row index first.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let sizes = given.sizes.sizes("`sizes`", 1..=2)?;
    let shape = Shape {
        batched: false,
        channels: sizes.rank(),
        sizes,
    };
    build.make(Coordinates, shape)
}

impl Written for Coordinates {
    fn numbers(&self, _graph: &dyn Operands, shape: &Shape) -> Vec<(&'static str, Number)> {
        let names = match shape.sizes.rank() {
            1 => &["length"][..],
            _ => &["height", "width"],
        };
        let sizes = shape.sizes.as_slice().iter();
        let numbers = names.iter().zip(sizes);
        numbers.map(|(name, n)| (*name, Number::Int(*n))).collect()
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("coordinates", [borrowed(Code::Numbers), Code::Device])
    }

    fn torch(&self) -> Code {
        call("coordinates", [Code::Numbers, Code::Device])
    }
}

#[cfg(test)]
mod tests {
    use crate::language::Value;
    use crate::primitives::fake::*;

    #[test]
    fn a_grid_has_a_channel_for_each_axis() {
        let mut fake = Fake::default();
        assert_eq!(fake.yields("grid", vec![ints(&[3, 5])]), "[1, 2, 3, 5]");
        assert_eq!(fake.yields("grid", vec![ints(&[7])]), "[1, 1, 7]");
    }

    #[test]
    fn sizes_are_one_or_two_and_at_least_one() {
        let mut fake = Fake::default();
        let three = fake.refused("grid", vec![ints(&[3, 3, 3])]);
        assert_eq!(three, "`sizes` must hold 1 to 2 sizes, found 3 at 9");
        let none = fake.refused("grid", vec![ints(&[])]);
        assert_eq!(none, "`sizes` must hold 1 to 2 sizes, found 0 at 9");
        let empty = fake.refused("grid", vec![ints(&[3, 0])]);
        assert_eq!(empty, "a size is 0, it must be from 1 to 16384 at 9");
        let large = fake.refused("grid", vec![ints(&[1 << 21])]);
        assert_eq!(
            large,
            "a size is 2097152, it must be from 1 to 1048576 at 9"
        );
    }

    #[test]
    fn an_element_is_blamed_where_it_was_written() {
        let list = at(9, Value::List(vec![int(3), at(12, Value::Int(-1))]));
        let told = Fake::default().refused("grid", vec![list]);
        assert_eq!(told, "a size is -1, it must be from 1 to 16384 at 12");
    }
}
