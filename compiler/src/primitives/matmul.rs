//! `a @ b`: matrix products of planes.

use super::written::{Code, Written, x};
use super::{Build, Primitive, Visitor, Work, scalars};
use crate::diagnostics::ShapeKind;
use crate::language::{Given, Refusal, Value};
use crate::parts::{NodeId, Shape, Sizes};
use crate::primitives::Operands;

/// For each image and channel the matrix product of two planes (HyperZZW, second product).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatMul {
    /// Left operand.
    pub a: NodeId,
    /// Right operand.
    pub b: NodeId,
}

impl Primitive for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.a);
        visitor.node(&mut self.b);
    }

    fn work(&self, graph: &dyn Operands, shape: &Shape) -> Work {
        let inner = graph.shape(self.a).width() as u64;
        Work {
            multiply_adds: scalars(shape).saturating_mul(inner),
            ..Work::default()
        }
    }
}

/// `a @ b`: `[.., C, H, K]` and `[.., C, K, W]` to `[.., C, H, W]`.
///
/// # Errors
/// If the planes or channels do not fit, or if the value would be too large.
pub(crate) fn matmul(
    build: &mut dyn Build,
    a: &Given<NodeId>,
    b: &Given<NodeId>,
) -> Result<Value, Refusal> {
    let (left, right) = (build.shape(a.value), build.shape(b.value));
    let sizes = match (left.sizes.as_slice(), right.sizes.as_slice()) {
        ([height, inner], [rows, width]) if inner == rows && left.channels == right.channels => {
            Sizes::new(&[*height, *width])
        }
        _ => None,
    };
    let Some(sizes) = sizes else {
        return Err(Refusal::call(ShapeKind::MatMul { a: left, b: right }));
    };
    let shape = Shape {
        batched: left.batched || right.batched,
        channels: left.channels,
        sizes,
    };
    let (a, b) = (a.value, b.value);
    build.make(MatMul { a, b }, shape)
}

impl Written for MatMul {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        x(0).method("matmul", [x(1)])
    }

    fn torch(&self) -> Code {
        x(0).binary("@", x(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::fake::*;

    #[test]
    fn planes_are_multiplied() {
        let mut fake = Fake::default();
        let (a, b) = (fake.same(3, &[4, 5]), fake.images(3, &[5, 6]));
        matmul(&mut fake, &node(&a), &node(&b)).unwrap();
        assert_eq!(fake.nodes.last().unwrap().1.to_string(), "[N, 3, 4, 6]");
        let refusal = matmul(&mut fake, &node(&b), &node(&a)).unwrap_err();
        assert_eq!(
            told(&refusal),
            "`@` cannot multiply [N, 3, 5, 6] and [1, 3, 4, 5]"
        );
    }

    #[test]
    fn channels_are_equal_and_there_are_two_axes() {
        let mut fake = Fake::default();
        let (a, b) = (fake.images(3, &[4, 4]), fake.images(1, &[4, 4]));
        assert!(matmul(&mut fake, &node(&a), &node(&b)).is_err());
        let line = fake.images(3, &[4]);
        let refusal = matmul(&mut fake, &node(&line), &node(&line)).unwrap_err();
        assert_eq!(
            refusal.kind.help().unwrap(),
            "`@` multiplies planes; both sides need height and width"
        );
    }
}
