//! `fourier(grid, channels, ...)`: sines of a linear map of coordinates.

use super::linear::Starts;
use super::written::{Code, Holds, Written, call, x};
use super::{Affine, Build, Primitive, Signature, Visitor, Work, scalars};
use crate::language::limits::MAX_CHANNELS;
use crate::language::{Given, OnGrid, Refusal, Start, Traced, Value, parameters};
use crate::parts::{NodeId, Penalty, Shape};
use crate::primitives::Operands;

/// Operations of one sine.
pub(super) const SINE: u64 = 8;

/// `sin(weight g + bias)`, with arguments and their reduction exact in float32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fourier {
    /// The coordinates.
    pub grid: NodeId,
    /// Weight and bias.
    pub affine: Affine,
}

impl Primitive for Fourier {
    fn name(&self) -> &'static str {
        "fourier"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.grid);
        self.affine.visit(visitor);
    }

    fn work(&self, graph: &dyn Operands, shape: &Shape) -> Work {
        let map = self.affine.work(graph.shape(self.grid).channels, shape);
        Work {
            elementwise: (scalars(shape).saturating_mul(SINE)).saturating_add(map.elementwise),
            ..map
        }
    }
}

parameters! {
    struct Arguments {
        /// The coordinates, as `grid(...)` makes them.
        grid: Given<OnGrid>,
        /// The channels of the result.
        channels: Given<i64>,
        /// How the weight starts: frequencies in radians per unit of the grid.
        weight: Given<Start>,
        /// How the bias starts: phases in radians; `none` for no bias.
        bias: Given<Start> = "0",
        /// Which part of `weight_norm` counts the weight.
        penalty: Given<Penalty> = "none",
        /// Which part of `weight_norm` counts the bias.
        bias_penalty: Given<Penalty> = "none",
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "fourier",
    doc: "Sines of a linear map of coordinates, `sin(weight grid + bias)`; arguments and their reduction are exact also where \
          frequencies are high.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let OnGrid(grid) = given.grid.value;
    let from = build.shape(grid);
    let channels = given.channels.whole("`channels`", 1, MAX_CHANNELS)?;
    let starts = Starts {
        weight: &given.weight,
        bias: &given.bias,
        penalty: &given.penalty,
        bias_penalty: &given.bias_penalty,
    };
    let affine = starts.make(build, &[channels, from.channels])?;
    build.make(Fourier { grid, affine }, Shape { channels, ..from })
}

impl Written for Fourier {
    fn holds(&self, graph: &dyn Operands) -> Holds {
        self.affine.held(graph)
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("fourier", [x(0), Code::Held.method("tensors", [])])
    }

    fn torch(&self) -> Code {
        call("fourier", [x(0), Code::Held])
    }
}

#[cfg(test)]
mod tests {
    use crate::language::StartKind;
    use crate::parts::Init;
    use crate::primitives::fake::*;

    #[test]
    fn sines_of_a_grid_are_the_same_for_every_image() {
        let mut fake = Fake::default();
        let grid = traced(fake.call("grid", vec![ints(&[5, 5])]).unwrap());
        let weight = start(StartKind::GammaUniform(3.0, 2.0));
        assert_eq!(
            fake.yields("fourier", vec![grid, int(6), weight]),
            "[1, 6, 5, 5]"
        );
        assert_eq!(fake.params[0].shape, [6, 2]);
        assert_eq!(fake.params[1].init, Init::Constant(0.0));
    }
}
