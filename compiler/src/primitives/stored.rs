//! `param(channels, sizes, init, penalty)`: a stored tensor.

use super::written::{Code, Holds, Written};
use super::{Build, Fill, NewParam, Parameterized, Primitive, Signature, Visitor, Work};
use crate::diagnostics::ShapeKind;
use crate::language::limits::{MAX_CHANNELS, limited};
use crate::language::{Given, Refusal, Start, Traced, Value, parameters};
use crate::parts::{ParamId, Penalty, Shape};
use crate::primitives::Operands;

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

    fn work(&self, _graph: &dyn Operands, _shape: &Shape) -> Work {
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

impl Written for Stored {
    fn holds(&self, _graph: &dyn Operands) -> Holds {
        Holds::Tensor(self.param)
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        Code::Held
    }

    fn torch(&self) -> Code {
        Code::Held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::StartKind;
    use crate::parts::Init;
    use crate::primitives::fake::*;

    #[test]
    fn a_param_is_stored_with_its_channels_first() {
        let mut fake = Fake::default();
        assert_eq!(
            fake.yields("param", vec![int(3), ints(&[4, 5])]),
            "[1, 3, 4, 5]"
        );
        assert_eq!(
            fake.params,
            [FakeParam {
                name: String::new(),
                shape: vec![3, 4, 5],
                init: Init::Constant(0.0),
                penalty: Penalty::None,
            }]
        );
        assert_eq!(fake.yields("param", vec![int(3)]), "[1, 3]");
    }

    #[test]
    fn a_fixed_number_is_not_stored() {
        let mut fake = Fake::default();
        let mut one = Start::new(StartKind::Number(0.5));
        one.fixed = true;
        let one = at(11, Value::Init(one));
        assert_eq!(fake.yields("param", vec![int(3), ints(&[]), one]), "[1, 3]");
        assert_eq!(*fake.last(), Fill { value: 0.5 }.into());
        assert!(fake.params.is_empty());
    }

    #[test]
    fn a_param_cannot_be_left_out() {
        let none = start(StartKind::None);
        let told = Fake::default().refused("param", vec![int(3), ints(&[]), none]);
        assert_eq!(told, "a trained tensor cannot be left out at 11");
    }

    #[test]
    fn a_param_is_no_larger_than_a_value_may_be() {
        let mut fake = Fake::default();
        let told = fake.refused("param", vec![int(1 << 20), ints(&[64, 64])]);
        assert_eq!(
            told,
            "too large: a value of shape [1, 1048576, 64, 64], at most 2147483648 scalars are allowed"
        );
        let none = fake.refused("param", vec![int(0)]);
        assert_eq!(none, "`channels` is 0, it must be from 1 to 1048576 at 7");
    }
}
