//! `split(x, parts)`: the channels in parts, each a node of its own; `slice(x, start, end)`: one such part.

use super::written::{Code, Number, Written, n, text, x};
use super::{Build, Primitive, Signature, Visitor, Work};
use crate::diagnostics::ShapeKind;
use crate::language::limits::MAX_CHANNELS;
use crate::language::{Given, Parts, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;

/// As many channels as the node's shape has, from `start` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The value.
    pub x: NodeId,
    /// The first channel.
    pub start: usize,
}

impl Primitive for Part {
    fn name(&self) -> &'static str {
        "split"
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
        /// How many equal parts, or a list of the channels of each.
        parts: Given<Parts>,
    }
}

parameters! {
    struct Slice {
        /// The value.
        x: Given<NodeId>,
        /// The first channel, from 0.
        start: Given<i64>,
        /// The one after the last.
        end: Given<i64> = "x.channels",
    }
}

pub(super) const SIGNATURES: &[Signature] = &[
    Signature {
        name: "split",
        doc: "A list of parts of the channels of `x`, in order.",
        parameters: Arguments::parameters,
        build,
    },
    Signature {
        name: "slice",
        doc: "The channels of `x` from `start` to before `end`.",
        parameters: Slice::parameters,
        build: slice,
    },
];

fn slice(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Slice::read(values);
    let x = given.x.value;
    let from = build.shape(x);
    let start = given.start.whole("`start`", 0, from.channels - 1)?;
    let end = given.end.whole("`end`", start + 1, from.channels)?;
    let channels = end - start;
    build.make(Part { x, start }, Shape { channels, ..from })
}

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let x = given.x.value;
    let from = build.shape(x);
    let mut start = 0;
    let mut parts = vec![];
    for (index, channels) in channels_of_parts(&given.parts, from.channels)?
        .into_iter()
        .enumerate()
    {
        parts.push(build.make_element(index, Part { x, start }, Shape { channels, ..from })?);
        start += channels;
    }
    Ok(Value::List(parts))
}

/// The channels of each part; together they are those of the value.
fn channels_of_parts(parts: &Given<Parts>, channels: usize) -> Result<Vec<usize>, Refusal> {
    match &parts.value {
        Parts::Equal(n) => {
            let n = Given {
                value: *n,
                places: parts.places.clone(),
            };
            let n = n.whole("`parts`", 1, MAX_CHANNELS)?;
            if !channels.is_multiple_of(n) {
                let kind = ShapeKind::Groups { channels, parts: n };
                return Err(Refusal::argument(kind, parts));
            }
            Ok(vec![channels / n; n])
        }
        Parts::Channels(list) => {
            let read = |one: &Given<i64>| {
                one.whole("a part", 1, MAX_CHANNELS)
                    .map_err(|refusal| Refusal::element(*refusal.kind, one, parts))
            };
            let all = list.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let sum = all.iter().fold(0usize, |sum, n| sum.saturating_add(*n));
            if sum != channels {
                return Err(Refusal::argument(ShapeKind::Parts { channels, sum }, parts));
            }
            Ok(all)
        }
    }
}

impl Written for Part {
    fn numbers(&self, _graph: &dyn Operands, shape: &Shape) -> Vec<(&'static str, Number)> {
        vec![
            ("start", Number::Int(self.start)),
            ("channels", Number::Int(shape.channels)),
        ]
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        x(0).method("narrow", [text("1"), n(0), n(1)])
    }

    fn torch(&self) -> Code {
        x(0).method("narrow", [text("1"), n(0), n(1)])
    }
}

/// All equal parts of a value as a list, with Burn; number 0 is how many.
pub(crate) fn equal_parts_burn() -> Code {
    x(0).method("chunk", [n(0), text("1")])
}

/// The same with PyTorch.
pub(crate) fn equal_parts_torch() -> Code {
    x(0).method("chunk", [n(0), text("1")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::fake::*;

    #[test]
    fn parts_are_equal_or_as_a_list_says() {
        let mut fake = Fake::default();
        let x = fake.images(6, &[4]);
        assert_eq!(
            fake.yields("split", vec![x.clone(), int(2)]),
            "[N, 3, 4] [N, 3, 4]"
        );
        assert_eq!(
            fake.yields("split", vec![x.clone(), ints(&[1, 5])]),
            "[N, 1, 4] [N, 5, 4]"
        );
        let x = node(&x).value;
        assert_eq!(*fake.last(), Part { x, start: 1 }.into());
    }

    #[test]
    fn a_slice_is_one_part() {
        let mut fake = Fake::default();
        let x = fake.images(6, &[4]);
        let part = fake.yields("slice", vec![x.clone(), int(2), int(5)]);
        assert_eq!(part, "[N, 3, 4]");
        let id = node(&x).value;
        assert_eq!(*fake.last(), Part { x: id, start: 2 }.into());
        for (ends, expected) in [
            ([6, 6], "`start` is 6, it must be from 0 to 5 at 7"),
            ([2, 2], "`end` is 2, it must be from 3 to 6 at 7"),
            ([2, 7], "`end` is 7, it must be from 3 to 6 at 7"),
        ] {
            let [start, end] = ends.map(int);
            assert_eq!(fake.refused("slice", vec![x.clone(), start, end]), expected);
        }
    }

    #[test]
    fn each_channel_is_in_one_part() {
        let mut fake = Fake::default();
        let x = fake.images(12, &[4]);
        let refusal = fake.call("split", vec![x.clone(), int(5)]).unwrap_err();
        assert_eq!(
            told(&refusal),
            "12 channels do not divide into 5 equal parts at 7"
        );
        assert_eq!(refusal.kind.help().unwrap(), "use one of 1, 2, 3, 4, 6, 12");
        assert_eq!(
            fake.refused("split", vec![x.clone(), ints(&[5, 6])]),
            "the parts have 11 channels together, there are 12 at 9"
        );
        assert_eq!(
            fake.refused("split", vec![x.clone(), ints(&[12, 0])]),
            "a part is 0, it must be from 1 to 1048576 at 9"
        );
        assert_eq!(
            fake.refused("split", vec![x, int(0)]),
            "`parts` is 0, it must be from 1 to 1048576 at 7"
        );
    }
}
