//! `concat(...)`: joined along channels.

use super::{Build, Primitive, Signature, Visitor, Work};
use crate::diagnostics::ShapeKind;
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::model::{Graph, NodeId, Shape};

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

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
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
            index,
        }));
    }
    let shape = Shape {
        batched: shapes.iter().any(|shape| shape.batched),
        channels: (shapes.iter()).fold(0, |sum, shape| sum.saturating_add(shape.channels)),
        sizes: first.sizes,
    };
    build.make(Concat { parts }, shape)
}
