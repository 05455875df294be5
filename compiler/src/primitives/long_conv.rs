//! `long_conv(x, kernel, edges)`: a convolution with a kernel of as many positions.

use super::written::{Code, Written, call, x};
use super::{Build, Primitive, Signature, Visitor, Work, scalars};
use crate::diagnostics::ShapeKind;
use crate::language::{EDGES, Given, Refusal, Traced, Value, parameters, words};
use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;

/// What a convolution sees beyond the edges, and where its kernel's centre lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edges {
    /// The other side: `y[i] = sum_j x[j] kernel[i - j]` with indices that go round.
    Circular,
    /// Zeros: `y[i] = sum_j x[j] kernel[i - j + centre]`, the centre of n positions being `(n - 1) / 2`, rounded down.
    Zero,
    /// Nothing that comes later: `y[i] = sum_{j <= i} x[j] kernel[i - j]`.
    Causal,
}

words! { Edges, EDGES {
    "circular" => Edges::Circular,
    "zero" => Edges::Zero,
    "causal" => Edges::Causal,
} }

/// For each image and channel the convolution of two values (HyperZZW, second product, as the paper words it). Unlike
/// `conv` and `depthwise` it is one in the mathematical sense: the kernel is flipped, and both may be exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongConv {
    /// The value.
    pub x: NodeId,
    /// The kernel.
    pub kernel: NodeId,
    /// What lies beyond the edges.
    pub edges: Edges,
}

impl Primitive for LongConv {
    fn name(&self) -> &'static str {
        "long_conv"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        visitor.node(&mut self.kernel);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        // Two transforms there and one back of as many numbers as there are positions where anything meets.
        let sides = shape.sizes.plane().map(|side| 2 * side as u64 - 1);
        let length = sides.into_iter().fold(1, u64::saturating_mul);
        let each = length.saturating_mul(u64::from(length.ilog2()) + 1);
        Work {
            multiply_adds: (shape.channels as u64).saturating_mul(each.saturating_mul(3)),
            elementwise: scalars(shape).saturating_mul(24),
            per_image: None,
        }
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// The kernel, with the channels and positions of `x`; it may depend on images.
        kernel: Given<NodeId>,
        /// What lies beyond the edges.
        edges: Given<Edges> = "zero",
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "long_conv",
    doc: "The convolution of each channel of `x` with a kernel of as many positions, which may depend on images; in the mathematical \
          sense, so that both can be exchanged. `circular`: indices go round at the edges. `zero`: zeros beyond them, the kernel's \
          centre at `(n - 1) / 2`, rounded down, of n positions. `causal`: each position of a sequence sees itself and those before. \
          Computed by Fourier transforms, on GPUs and in emitted source as products with small matrices: n log n and n^1.5 operations \
          for n positions of a sequence.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let op = LongConv {
        x: given.x.value,
        kernel: given.kernel.value,
        edges: given.edges.value,
    };
    let (x, kernel) = (build.shape(op.x), build.shape(op.kernel));
    if x.sizes.rank() == 0 {
        return Err(Refusal::call(ShapeKind::NoPositions { x }));
    }
    if x.channels != kernel.channels || x.sizes != kernel.sizes {
        return Err(Refusal::call(ShapeKind::LongKernel { x, kernel }));
    }
    if op.edges == Edges::Causal && x.sizes.rank() > 1 {
        let kind = ShapeKind::CausalPlane { x };
        return Err(Refusal::argument(kind, &given.edges));
    }
    let batched = x.batched || kernel.batched;
    build.make(op, Shape { batched, ..x })
}

impl LongConv {
    /// The function of the support code.
    fn function(&self) -> &'static str {
        match self.edges {
            Edges::Circular => "long_conv_circular",
            Edges::Zero => "long_conv_zero",
            Edges::Causal => "long_conv_causal",
        }
    }
}

impl Written for LongConv {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        call(self.function(), [x(0), x(1)])
    }

    fn torch(&self) -> Code {
        call(self.function(), [x(0), x(1)])
    }
}

#[cfg(test)]
mod tests {
    use crate::primitives::fake::*;

    #[test]
    fn kernels_may_depend_on_images_and_values_need_not() {
        let mut fake = Fake::default();
        let (z, f) = (fake.images(3, &[8, 6]), fake.images(3, &[8, 6]));
        let same = fake.same(3, &[8, 6]);
        let all = |a: &_, b: &_| vec![Clone::clone(a), Clone::clone(b), word("circular")];
        assert_eq!(fake.yields("long_conv", all(&z, &f)), "[N, 3, 8, 6]");
        assert_eq!(fake.yields("long_conv", all(&same, &f)), "[N, 3, 8, 6]");
        assert_eq!(fake.yields("long_conv", all(&same, &same)), "[1, 3, 8, 6]");
        let line = fake.images(3, &[9]);
        let causal = vec![line.clone(), line, word("causal")];
        assert_eq!(fake.yields("long_conv", causal), "[N, 3, 9]");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut fake = Fake::default();
        let (x, line) = (fake.images(3, &[8, 6]), fake.images(3, &[8]));
        let (other, none) = (fake.images(2, &[8, 6]), fake.images(3, &[]));
        let told = |a: &_, b: &_, edges, fake: &mut Fake| {
            let values = vec![Clone::clone(a), Clone::clone(b), word(edges)];
            fake.refused("long_conv", values)
        };
        let refused = told(&x, &line, "zero", &mut fake);
        assert_eq!(
            refused,
            "a kernel of shape [N, 3, 8] is not as long as [N, 3, 8, 6]"
        );
        let refused = told(&x, &other, "zero", &mut fake);
        assert_eq!(
            refused,
            "a kernel of shape [N, 2, 8, 6] is not as long as [N, 3, 8, 6]"
        );
        let refused = told(&x, &x, "causal", &mut fake);
        assert_eq!(
            refused,
            "`causal` needs an order of the positions, [N, 3, 8, 6] are a plane at 10"
        );
        let refused = told(&none, &none, "zero", &mut fake);
        assert_eq!(refused, "[N, 3] has no positions for a window to move over");
    }

    #[test]
    fn the_work_grows_more_slowly_than_the_square() {
        let mut fake = Fake::default();
        let mut work = |n: usize| {
            let x = fake.images(1, &[n]);
            let causal = vec![x.clone(), x, word("causal")];
            fake.call("long_conv", causal).unwrap();
            let (op, shape) = fake.nodes.last().unwrap().clone();
            op.work(&fake.graph(), &shape).multiply_adds as f64
        };
        let (short, long) = (work(1 << 10), work(1 << 16));
        let exponent = (long / short).log2() / 6.0;
        assert!((1.0..1.15).contains(&exponent), "{exponent}");
    }
}
