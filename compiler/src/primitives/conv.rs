//! `conv(x, channels, size, ...)`: a convolution with learned kernels.

use super::linear::Starts;
use super::window::{Stated, Window, two};
use super::written::{Code, Holds, Number, Written, n, x};
use super::{Affine, Build, Primitive, Signature, Visitor, Work, scalars};
use crate::diagnostics::ShapeKind;
use crate::language::limits::MAX_CHANNELS;
use crate::language::{Given, Refusal, Start, Traced, Value, parameters};
use crate::parts::{NodeId, Penalty, Shape};
use crate::primitives::Operands;

/// A convolution (cross-correlation: kernels are not flipped) of groups of channels by themselves, zeros beyond the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// The value.
    pub x: NodeId,
    /// Kernels `[out, in / groups, height, width]`, the width of a line being 1, and bias `[out]`.
    pub affine: Affine,
    /// Over what the kernels are laid.
    pub window: Window,
    /// Equal parts of the channels, each mapped by itself to an equal part of the result's.
    pub groups: usize,
}

impl Primitive for Conv {
    fn name(&self) -> &'static str {
        "conv"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        self.affine.visit(visitor);
    }

    fn work(&self, graph: &dyn Operands, shape: &Shape) -> Work {
        let inputs = graph.tensor(self.affine.weight).shape.iter().skip(1);
        let inputs = inputs.fold(1u64, |all, n| all.saturating_mul(*n as u64));
        let out = scalars(shape);
        Work {
            multiply_adds: out.saturating_mul(inputs),
            elementwise: if self.affine.bias.is_some() { out } else { 0 },
            per_image: None,
        }
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// The channels of the result.
        channels: Given<i64>,
        /// Positions of a kernel along each axis.
        size: Given<i64>,
        /// Positions from one place of a kernel to the next.
        stride: Given<i64> = "1",
        /// Zeros beyond each edge, fewer than `size`; half of the others in a kernel, rounded down, if left out.
        padding: Given<i64> = "(size - 1 - (size - 1) % 2) / 2",
        /// Equal parts of the channels that are mapped each by itself.
        groups: Given<i64> = "1",
        /// How the kernels start.
        weight: Given<Start> = "kaiming_uniform(1 / sqrt(3))",
        /// How the bias starts; `none` for no bias.
        bias: Given<Start> = "kaiming_uniform(1 / sqrt(3))",
        /// Which part of `weight_norm` counts the kernels.
        penalty: Given<Penalty> = "none",
        /// Which part of `weight_norm` counts the bias.
        bias_penalty: Given<Penalty> = "none",
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "conv",
    doc: "A convolution with learned kernels of `size` positions along each axis, not flipped (cross-correlation), zeros beyond the \
          edges: `(n + 2 padding - size) / stride + 1` positions, rounded down, as many as before for an odd `size` and no more said.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let x = given.x.value;
    let from = build.shape(x);
    let channels = given.channels.whole("`channels`", 1, MAX_CHANNELS)?;
    let stated = Stated {
        size: &given.size,
        stride: &given.stride,
        padding: &given.padding,
    };
    let (window, sizes) = stated.over(from, |size| size - 1)?;
    let groups = given.groups.whole("`groups`", 1, MAX_CHANNELS)?;
    for channels in [from.channels, channels] {
        if !channels.is_multiple_of(groups) {
            let parts = groups;
            let kind = ShapeKind::Groups { channels, parts };
            return Err(Refusal::argument(kind, &given.groups));
        }
    }
    let starts = Starts {
        weight: &given.weight,
        bias: &given.bias,
        penalty: &given.penalty,
        bias_penalty: &given.bias_penalty,
    };
    let [[height, width], ..] = window.plane(from.sizes.rank());
    let affine = starts.make(build, &[channels, from.channels / groups, height, width])?;
    let op = Conv {
        x,
        affine,
        window,
        groups,
    };
    let shape = Shape {
        channels,
        sizes,
        ..from
    };
    build.make(op, shape)
}

impl Conv {
    /// What a call of the module is given: the value, stride, padding, groups.
    fn arguments() -> [Code; 4] {
        [x(0), two(0), two(2), n(4)]
    }
}

impl Written for Conv {
    fn numbers(&self, _graph: &dyn Operands, shape: &Shape) -> Vec<(&'static str, Number)> {
        let groups = [("groups", Number::Int(self.groups))];
        let moves = self.window.moves(shape.sizes.rank());
        moves.into_iter().chain(groups).collect()
    }

    fn holds(&self, graph: &dyn Operands) -> Holds {
        let names = ["outputs", "inputs", "height", "width"];
        self.affine.module(graph, ["Conv", "UnbiasedConv"], &names)
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        Code::Held.method("forward", Self::arguments())
    }

    fn torch(&self) -> Code {
        Code::Apply(Self::arguments().into())
    }
}

#[cfg(test)]
mod tests {
    use crate::language::{StartKind, Traced};
    use crate::model::Init;
    use crate::primitives::fake::*;

    fn call(x: &Traced, numbers: [i64; 5]) -> Vec<Traced> {
        let numbers = numbers.map(int);
        [x.clone()].into_iter().chain(numbers).collect()
    }

    #[test]
    fn positions_are_counted_and_kernels_have_the_shape_that_pytorch_gives_them() {
        let mut fake = Fake::default();
        let x = fake.images(6, &[9, 8]);
        assert_eq!(
            fake.yields("conv", call(&x, [4, 3, 2, 1, 2])),
            "[N, 4, 5, 4]"
        );
        let [weight, bias] = fake.params.as_slice() else {
            panic!("not two tensors")
        };
        assert_eq!(
            (weight.shape.as_slice(), bias.shape.as_slice()),
            ([4, 3, 3, 3].as_slice(), [4].as_slice())
        );
        for param in [weight, bias] {
            let Init::Uniform { bound } = param.init else {
                panic!("not uniform")
            };
            assert!((bound - 1.0 / 27f64.sqrt()).abs() < 1e-12);
        }
        let line = fake.images(6, &[9]);
        assert_eq!(
            fake.yields("conv", call(&line, [4, 3, 1, 2, 1])),
            "[N, 4, 11]"
        );
        assert_eq!(fake.params[2].shape, [4, 6, 3, 1]);
    }

    #[test]
    fn the_work_is_that_of_each_group() {
        let mut fake = Fake::default();
        let x = fake.images(6, &[9, 8]);
        fake.call("conv", call(&x, [4, 3, 1, 1, 2])).unwrap();
        let (op, shape) = fake.nodes.last().unwrap().clone();
        let mut graph = fake.graph();
        graph.params = fake.stored();
        let work = op.work(&graph, &shape);
        assert_eq!(work.multiply_adds, 4 * 9 * 8 * 3 * 9);
        assert_eq!(work.elementwise, 4 * 9 * 8);
    }

    #[test]
    fn what_does_not_fit_is_refused_where_it_was_written() {
        let mut fake = Fake::default();
        let x = fake.images(6, &[9, 8]);
        let refused = |numbers, fake: &mut Fake| {
            let refusal = fake.call("conv", call(&x, numbers)).unwrap_err();
            told(&refusal)
        };
        assert_eq!(
            refused([4, 3, 1, 1, 4], &mut fake),
            "6 channels do not divide into 4 equal parts at 7"
        );
        assert_eq!(
            refused([4, 3, 1, 1, 3], &mut fake),
            "4 channels do not divide into 3 equal parts at 7"
        );
        assert_eq!(
            refused([4, 3, 1, 3, 1], &mut fake),
            "`padding` is 3, it must be from 0 to 2 at 7"
        );
        assert_eq!(
            refused([4, 9, 1, 0, 1], &mut fake),
            "a window of 9 x 9 is larger than the 9 x 8 positions that it moves over at 7"
        );
        let none = start(StartKind::None);
        let mut values = call(&x, [4, 3, 1, 1, 1]);
        values.push(none);
        assert_eq!(
            fake.refused("conv", values),
            "a weight cannot be left out at 11"
        );
        let flat = fake.images(6, &[]);
        assert_eq!(
            fake.refused("conv", call(&flat, [4, 1, 1, 0, 1])),
            "[N, 6] has no positions for a window to move over"
        );
    }
}
