//! `depthwise(x, kernel)`: a convolution of each channel with a kernel of its own.

use super::{Build, Primitive, Signature, Visitor, Work, scalars};
use crate::diagnostics::ShapeKind;
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::model::{Graph, NodeId, Shape};

/// Convolution (cross-correlation: the kernel is not flipped) of stride 1 of each channel with its kernel `[1, C, odd sizes]`, zero padding `(size - 1) / 2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depthwise {
    /// The value.
    pub x: NodeId,
    /// The kernel.
    pub kernel: NodeId,
}

impl Primitive for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        visitor.node(&mut self.kernel);
    }

    fn work(&self, graph: &Graph, shape: &Shape) -> Work {
        let kernel = graph[self.kernel].shape.sizes.positions() as u64;
        Work {
            multiply_adds: scalars(shape).saturating_mul(kernel),
            ..Work::default()
        }
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// The kernel, `[1, channels of x, odd sizes]`, no larger than `x`.
        kernel: Given<NodeId>,
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "depthwise",
    doc: "A convolution of each channel of `x` with a kernel of its own, zeros beyond the edges, the kernel not flipped \
          (cross-correlation); as many positions as `x`.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let op = Depthwise {
        x: given.x.value,
        kernel: given.kernel.value,
    };
    let (x, kernel) = (build.shape(op.x), build.shape(op.kernel));
    let sides = || kernel.sizes.as_slice().iter();
    let refused = if kernel.batched {
        Some(ShapeKind::KernelOfImages { kernel })
    } else if kernel.channels != x.channels
        || kernel.sizes.rank() != x.sizes.rank()
        || x.sizes.rank() == 0
    {
        Some(ShapeKind::Kernel { x, kernel })
    } else if sides().any(|side| side.is_multiple_of(2)) {
        Some(ShapeKind::EvenKernel { kernel })
    } else if sides()
        .zip(x.sizes.as_slice())
        .any(|(side, most)| side > most)
    {
        Some(ShapeKind::OversizedKernel { x, kernel })
    } else {
        None
    };
    match refused {
        Some(kind) => Err(Refusal::call(kind)),
        None => build.make(op, x),
    }
}
