//! `flatten(x)`: all positions as channels.

use super::{Build, Primitive, Signature, Visitor, Work};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::model::{Graph, NodeId, Shape, Sizes};

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

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
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
