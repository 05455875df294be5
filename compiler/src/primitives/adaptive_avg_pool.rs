//! `adaptive_avg_pool(x, sizes)`: means over as many windows as there are to be positions.

use super::written::{Code, Number, Written, call, list, n, x};
use super::{Build, Primitive, Signature, Visitor, Work, scalars};
use crate::diagnostics::ShapeKind;
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;

/// Position i of n of an axis of length L is the mean over `floor(i L / n) .. ceil((i + 1) L / n)`; the sizes are those of the node's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveAvgPool {
    /// The value.
    pub x: NodeId,
}

impl Primitive for AdaptiveAvgPool {
    fn name(&self) -> &'static str {
        "adaptive_avg_pool"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, graph: &dyn Operands, _shape: &Shape) -> Work {
        // Every scalar is read once; more often only where windows overlap, which is not counted.
        Work {
            elementwise: scalars(graph.shape(self.x)),
            ..Work::default()
        }
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// How many positions along each axis, at most those of `x`.
        sizes: Given<Vec<Given<i64>>>,
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "adaptive_avg_pool",
    doc: "Means over as many windows as there are to be positions: position i of n of an axis of length L is the mean over \
          `floor(i L / n) .. ceil((i + 1) L / n)`.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let x = given.x.value;
    let from = build.shape(x);
    let rank = from.sizes.rank();
    let sizes = given.sizes.sizes("`sizes`", rank..=rank)?;
    let axes = sizes.as_slice().iter().zip(from.sizes.as_slice());
    if axes.into_iter().any(|(to, from)| to > from) {
        let kind = ShapeKind::OversizedPool { x: from, sizes };
        return Err(Refusal::argument(kind, &given.sizes));
    }
    build.make(AdaptiveAvgPool { x }, Shape { sizes, ..from })
}

impl Written for AdaptiveAvgPool {
    fn numbers(&self, _graph: &dyn Operands, shape: &Shape) -> Vec<(&'static str, Number)> {
        let [height, width] = shape.sizes.plane();
        vec![
            ("height", Number::Int(height)),
            ("width", Number::Int(width)),
        ]
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("adaptive_avg_pool2d", [x(0), list([n(0), n(1)])])
    }

    fn torch(&self) -> Code {
        call("F.adaptive_avg_pool2d", [x(0), list([n(0), n(1)])])
    }
}

#[cfg(test)]
mod tests {
    use crate::primitives::fake::*;

    #[test]
    fn the_sizes_are_those_asked_for_and_none_grows() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[8, 6]);
        let pooled = fake.yields("adaptive_avg_pool", vec![x.clone(), ints(&[3, 6])]);
        assert_eq!(pooled, "[N, 3, 3, 6]");
        let told = fake.refused("adaptive_avg_pool", vec![x.clone(), ints(&[3, 7])]);
        assert_eq!(told, "8 x 6 positions cannot be pooled to 3 x 7 at 9");
        let told = fake.refused("adaptive_avg_pool", vec![x, ints(&[3])]);
        assert_eq!(told, "`sizes` must hold 2 sizes, found 1 at 9");
    }
}
