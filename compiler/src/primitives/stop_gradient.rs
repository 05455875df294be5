//! `stop_gradient(x)`: the same value, through which no gradient flows.

use super::written::{Code, Written, x};
use super::{Build, Primitive, Signature, Visitor, Work};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;

/// The same value, through which no gradient flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopGradient {
    /// The value.
    pub x: NodeId,
}

impl Primitive for StopGradient {
    fn name(&self) -> &'static str {
        "stop_gradient"
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
    name: "stop_gradient",
    doc: "The same value, through which no gradient flows.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let x = Arguments::read(values).x.value;
    let shape = build.shape(x);
    build.make(StopGradient { x }, shape)
}

impl Written for StopGradient {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        x(0).method("detach", [])
    }

    fn torch(&self) -> Code {
        x(0).method("detach", [])
    }
}
