//! `normalize(x, over)`: divided by its norm over axes.

use super::written::{Code, Written, call, x};
use super::{Build, Primitive, Signature, Visitor, Work};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{Axes, NodeId, Shape};
use crate::primitives::Operands;

/// `x / max(||x||, 1e-12)` with the L2 norm over axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Normalize {
    /// The value.
    pub x: NodeId,
    /// The axes.
    pub over: Axes,
}

impl Primitive for Normalize {
    fn name(&self) -> &'static str {
        "normalize"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        // A square, a sum and a quotient for each scalar.
        Work::each(shape, 3)
    }

    fn couples(&self) -> bool {
        self.over.batch
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// The axes that the norm is over.
        over: Given<Axes>,
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "normalize",
    doc: "`x` divided by its L2 norm over axes, which counts as at least 1e-12.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let (x, over) = (given.x.value, given.over.some()?);
    let shape = build.shape(x);
    build.make(Normalize { x, over }, shape)
}

impl Written for Normalize {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("normalize_over", [x(0), self.over.burn()])
    }

    fn torch(&self) -> Code {
        call("normalize", [x(0), self.over.torch()])
    }
}
