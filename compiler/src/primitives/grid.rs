//! `grid(sizes)`: coordinates.

use super::{Build, Primitive, Signature, Visitor, Work};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::model::{Graph, Shape};

/// `[1, axes, sizes]`: the coordinates of each position, each axis from -1 to 1 with both ends, -1 where there is one position; row index first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coordinates;

impl Primitive for Coordinates {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn visit(&mut self, _visitor: &mut dyn Visitor) {}

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
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
