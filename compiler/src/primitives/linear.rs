//! `linear(x, channels, ...)`: a linear map of the channels at each position.

use super::written::{Code, Holds, Written, x};
use super::{Build, NewParam, Primitive, Signature, Visitor, Work, scalars};
use crate::language::limits::MAX_CHANNELS;
use crate::language::{Given, Refusal, Start, Traced, Value, parameters};
use crate::parts::{NodeId, ParamId, Penalty, Shape};
use crate::primitives::Operands;

/// Weight `[out, in]` and bias `[out]` of a linear map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    /// `[out, in]`
    pub weight: ParamId,
    /// `[out]`; None where `bias=none` was written.
    pub bias: Option<ParamId>,
}

impl Affine {
    /// Shows the visitor the weight, then the bias.
    pub(crate) fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.param(&mut self.weight);
        if let Some(bias) = &mut self.bias {
            visitor.param(bias);
        }
    }

    /// What the map of so many channels takes: a multiply-add for each, and a sum with the bias.
    pub(super) fn work(&self, channels: usize, shape: &Shape) -> Work {
        let out = scalars(shape);
        Work {
            multiply_adds: out.saturating_mul(channels as u64),
            elementwise: if self.bias.is_some() { out } else { 0 },
            per_image: None,
        }
    }
}

/// How weight and bias of a call start and what counts them.
pub(super) struct Starts<'a> {
    pub weight: &'a Given<Start>,
    pub bias: &'a Given<Start>,
    pub penalty: &'a Given<Penalty>,
    pub bias_penalty: &'a Given<Penalty>,
}

impl Starts<'_> {
    /// Makes the tensors `weight`, of this shape, outputs first, and `bias`, which takes the weight's fan.
    ///
    /// # Errors
    /// If there would be too many parameters, or if the weight is `none`.
    pub(super) fn make(&self, build: &mut dyn Build, shape: &[usize]) -> Result<Affine, Refusal> {
        let fan_in = shape.iter().skip(1).product();
        let weight = NewParam {
            name: "weight",
            shape: shape.to_vec(),
            start: self.weight,
            fan_in,
            penalty: self.penalty.value,
            store_numbers: true,
        };
        let bias = NewParam {
            name: "bias",
            shape: shape.iter().take(1).copied().collect(),
            start: self.bias,
            fan_in,
            penalty: self.bias_penalty.value,
            store_numbers: true,
        };
        Ok(Affine {
            weight: build.needed("weight", weight)?,
            bias: build.optional(bias)?,
        })
    }
}

/// `weight x + bias` at each position: a 1x1 convolution, or a dense layer where there are no positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// The value.
    pub x: NodeId,
    /// Weight and bias.
    pub affine: Affine,
}

impl Primitive for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        self.affine.visit(visitor);
    }

    fn work(&self, graph: &dyn Operands, shape: &Shape) -> Work {
        self.affine.work(graph.shape(self.x).channels, shape)
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// The channels of the result.
        channels: Given<i64>,
        /// How the weight starts.
        weight: Given<Start> = "kaiming_uniform(1 / sqrt(3))",
        /// How the bias starts; `none` for no bias.
        bias: Given<Start> = "kaiming_uniform(1 / sqrt(3))",
        /// Which part of `weight_norm` counts the weight.
        penalty: Given<Penalty> = "none",
        /// Which part of `weight_norm` counts the bias.
        bias_penalty: Given<Penalty> = "none",
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "linear",
    doc: "A linear map of the channels at each position (a 1x1 convolution), a dense layer where there are no positions: \
          `weight x + bias`.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let x = given.x.value;
    let from = build.shape(x);
    let channels = given.channels.whole("`channels`", 1, MAX_CHANNELS)?;
    let starts = Starts {
        weight: &given.weight,
        bias: &given.bias,
        penalty: &given.penalty,
        bias_penalty: &given.bias_penalty,
    };
    let affine = starts.make(build, &[channels, from.channels])?;
    build.make(Linear { x, affine }, Shape { channels, ..from })
}

impl Affine {
    /// As a module.
    pub(super) fn held(&self, graph: &dyn Operands) -> Holds {
        self.module(graph, ["Linear", "Unbiased"], &["outputs", "inputs"])
    }

    /// As a module of one of two kinds, with and without a bias; `names` are those of the weight's sizes.
    pub(super) fn module(
        &self,
        graph: &dyn Operands,
        [biased, unbiased]: [&'static str; 2],
        names: &[&'static str],
    ) -> Holds {
        let (kind, bias) = match self.bias {
            Some(bias) => (biased, Some(("bias", bias))),
            None => (unbiased, None),
        };
        let sizes = names.iter().copied();
        let sizes = sizes.zip(graph.tensor(self.weight).shape.iter().copied());
        Holds::Module {
            kind,
            sizes: sizes.collect(),
            tensors: [("weight", self.weight)].into_iter().chain(bias).collect(),
            trained: true,
        }
    }
}

impl Written for Linear {
    fn holds(&self, graph: &dyn Operands) -> Holds {
        self.affine.held(graph)
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        Code::Held.method("forward", [x(0)])
    }

    fn torch(&self) -> Code {
        Code::Apply(vec![x(0)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::StartKind;
    use crate::parts::Init;
    use crate::primitives::Op;
    use crate::primitives::fake::*;

    #[test]
    fn a_map_keeps_the_positions_and_starts_as_in_pytorch() {
        let mut fake = Fake::default();
        let x = fake.images(4, &[8, 8]);
        assert_eq!(fake.yields("linear", vec![x, int(6)]), "[N, 6, 8, 8]");
        let [weight, bias] = fake.params.as_slice() else {
            panic!("not two tensors")
        };
        assert_eq!(
            (weight.name.as_str(), bias.name.as_str()),
            ("weight", "bias")
        );
        assert_eq!(
            (weight.shape.as_slice(), bias.shape.as_slice()),
            ([6, 4].as_slice(), [6].as_slice())
        );
        // 1 / sqrt(fan_in), the bias with the fan of its weight.
        for param in &fake.params {
            let Init::Uniform { bound } = param.init else {
                panic!("not uniform")
            };
            assert!((bound - 0.5).abs() < 1e-12);
        }
    }

    #[test]
    fn without_positions_it_is_a_dense_layer() {
        let mut fake = Fake::default();
        let x = fake.images(4, &[]);
        assert_eq!(fake.yields("linear", vec![x, int(6)]), "[N, 6]");
        let kernel = fake.same(4, &[9]);
        assert_eq!(fake.yields("linear", vec![kernel, int(6)]), "[1, 6, 9]");
    }

    #[test]
    fn the_bias_can_be_left_out_and_the_weight_cannot() {
        let mut fake = Fake::default();
        let x = fake.images(4, &[]);
        let (one, none) = (start(StartKind::Number(1.0)), start(StartKind::None));
        fake.call("linear", vec![x.clone(), int(6), one.clone(), none.clone()])
            .unwrap();
        assert!(matches!(
            fake.last(),
            Op::Linear(Linear {
                affine: Affine { bias: None, .. },
                ..
            })
        ));
        let told = fake.refused("linear", vec![x, int(6), none, one]);
        assert_eq!(told, "a weight cannot be left out at 11");
    }

    #[test]
    fn fixed_numbers_of_weights_are_stored() {
        let mut fake = Fake::default();
        let x = fake.images(4, &[]);
        let mut one = Start::new(StartKind::Number(1.0));
        one.fixed = true;
        let one = at(11, Value::Init(one));
        fake.call("linear", vec![x, int(6), one.clone(), one])
            .unwrap();
        assert_eq!(fake.params.len(), 2);
    }

    #[test]
    fn channels_are_blamed_where_they_were_written() {
        let mut fake = Fake::default();
        let x = fake.images(4, &[]);
        let told = fake.refused("linear", vec![x, int(0)]);
        assert_eq!(told, "`channels` is 0, it must be from 1 to 1048576 at 7");
    }
}
