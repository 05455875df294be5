//! `param(channels, sizes, init, penalty)`: a stored tensor.

use super::{Build, Fill, NewParam, Parameterized, Primitive, Signature, Visitor, Work};
use crate::diagnostics::ShapeKind;
use crate::language::limits::{MAX_CHANNELS, limited};
use crate::language::{Given, Refusal, Start, Traced, Value, parameters};
use crate::model::{Graph, ParamId, Penalty, Shape};

/// `[1, channels, sizes]`: a stored tensor as a value. In frozen models also a value that was computed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The tensor.
    pub param: ParamId,
}

impl Primitive for Stored {
    fn name(&self) -> &'static str {
        "param"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.param(&mut self.param);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}

parameters! {
    struct Arguments {
        /// Its channels.
        channels: Given<i64>,
        /// Its positions; none if left out.
        sizes: Given<Vec<Given<i64>>> = "[]",
        /// How it starts. `fixed(number)` is a constant and not stored.
        init: Given<Start> = "0",
        /// Which part of `weight_norm` counts it.
        penalty: Given<Penalty> = "none",
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "param",
    doc: "A trained tensor, `[1, channels, sizes]`, the same for every image.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let shape = limited(Shape {
        batched: false,
        channels: given.channels.whole("`channels`", 1, MAX_CHANNELS)?,
        sizes: given.sizes.sizes("`sizes`", 0..=2)?,
    })?;
    let mut dims = vec![shape.channels];
    dims.extend(shape.sizes.as_slice());
    let param = build.param(NewParam {
        name: "",
        shape: dims,
        start: &given.init,
        fan_in: 1,
        penalty: given.penalty.value,
        store_numbers: false,
    })?;
    match param {
        Parameterized::Stored(param) => build.make(Stored { param }, shape),
        Parameterized::Number(value) => build.make(Fill { value }, shape),
        Parameterized::None => {
            let what = "trained tensor";
            Err(Refusal::argument(ShapeKind::Needed { what }, &given.init))
        }
    }
}
