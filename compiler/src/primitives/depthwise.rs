//! `depthwise(x, kernel)`: a convolution of each channel with a kernel of its own.

use super::written::{Code, Written, call, x};
use super::{Build, Primitive, Signature, Visitor, Work, scalars};
use crate::diagnostics::ShapeKind;
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;

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

    fn work(&self, graph: &dyn Operands, shape: &Shape) -> Work {
        let kernel = graph.shape(self.kernel).sizes.positions() as u64;
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
        // The sizes of a kernel were written somewhere, its channels follow from what it is for.
        Some(kind @ (ShapeKind::EvenKernel { .. } | ShapeKind::OversizedKernel { .. })) => {
            Err(Refusal::argument(kind, &given.kernel))
        }
        Some(kind) => Err(Refusal::call(kind)),
        None => build.make(op, x),
    }
}

impl Written for Depthwise {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("depthwise", [x(0), x(1)])
    }

    fn torch(&self) -> Code {
        call("depthwise", [x(0), x(1)])
    }
}

#[cfg(test)]
mod tests {
    use crate::language::Traced;
    use crate::primitives::fake::*;

    #[test]
    fn a_convolution_keeps_the_shape() {
        let mut fake = Fake::default();
        let (x, kernel) = (fake.images(4, &[8, 6]), fake.same(4, &[3, 5]));
        assert_eq!(fake.yields("depthwise", vec![x, kernel]), "[N, 4, 8, 6]");
        let (x, kernel) = (fake.images(4, &[9]), fake.same(4, &[9]));
        assert_eq!(fake.yields("depthwise", vec![x, kernel]), "[N, 4, 9]");
    }

    #[test]
    fn kernels_that_do_not_fit_are_refused() {
        let mut fake = Fake::default();
        let x = fake.images(4, &[8, 6]);
        let told = |kernel: Traced, fake: &mut Fake| {
            let refusal = fake.call("depthwise", vec![x.clone(), kernel]).unwrap_err();
            (
                refusal.kind.message(),
                refusal.kind.help().unwrap_or_default(),
            )
        };
        let other = fake.same(3, &[3, 3]);
        assert_eq!(
            told(other, &mut fake).0,
            "a kernel of shape [1, 3, 3, 3] does not fit [N, 4, 8, 6]"
        );
        let line = fake.same(4, &[3]);
        assert_eq!(
            told(line, &mut fake).0,
            "a kernel of shape [1, 4, 3] does not fit [N, 4, 8, 6]"
        );
        let even = fake.same(4, &[3, 4]);
        assert_eq!(told(even, &mut fake).0, "a kernel of 3 x 4 has no centre");
        let large = fake.same(4, &[3, 7]);
        let (message, help) = told(large, &mut fake);
        assert_eq!(
            message,
            "a kernel of 3 x 7 is larger than the 8 x 6 positions that it is applied to"
        );
        assert_eq!(help, "use at most 7 x 5");
        let images = fake.images(4, &[3, 3]);
        let (message, _) = told(images, &mut fake);
        assert_eq!(
            message,
            "a kernel must be the same for every image, this one is [N, 4, 3, 3]"
        );
    }

    #[test]
    fn where_there_are_no_positions_there_is_nothing_to_convolve() {
        let mut fake = Fake::default();
        let (x, kernel) = (fake.images(4, &[]), fake.same(4, &[]));
        let told = fake.refused("depthwise", vec![x, kernel]);
        assert_eq!(told, "a kernel of shape [1, 4] does not fit [N, 4]");
    }
}
