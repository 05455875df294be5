//! `running_std(x, momentum, eps)`: statistics of the batch in training, their running averages afterwards.

use super::written::{Code, Holds, Number, Written, n, x};
use super::{Build, NewParam, Primitive, Signature, Visitor, Work};
use crate::language::{Given, Places, Refusal, Start, StartKind, Traced, Value, parameters};
use crate::parts::{NodeId, ParamId, Penalty, Shape};
use crate::primitives::Operands;

/// `(x - mean) / sqrt(var + eps)` of each channel. In training mean and biased variance are those of the batch, and each step
/// moves the stored ones by `momentum` towards the batch's mean and unbiased variance; else they are the stored ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunningStd {
    /// The value.
    pub x: NodeId,
    /// The running mean, `[C]`.
    pub mean: ParamId,
    /// The running variance, `[C]`.
    pub var: ParamId,
    /// How far a step moves them.
    pub momentum: f64,
    /// Added to the variance.
    pub eps: f64,
}

impl Primitive for RunningStd {
    fn name(&self) -> &'static str {
        "running_std"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        visitor.param(&mut self.mean);
        visitor.param(&mut self.var);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        // Centred and scaled.
        Work::each(shape, 2)
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// How far a step moves the running statistics, from 0 to 1.
        momentum: Given<f64> = "0.1",
        /// Added to the variance.
        eps: Given<f64> = "1e-5",
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "running_std",
    doc: "Zero mean and unit variance of each channel: by the batch's own statistics in training, by their running averages `mean` and \
          `var` (of the unbiased variance) in evaluation, so that there no image depends on the others.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let x = given.x.value;
    let momentum = given.momentum.within("`momentum`", 0.0, 1.0)?;
    let eps = given.eps.within("`eps`", 1e-12, 1.0)?;
    let shape = build.shape(x);
    let mut running = |name, first| {
        let mut start = Start::new(StartKind::Number(first));
        // No optimizer moves them.
        start.fixed = true;
        let start = Given {
            value: start,
            places: Places::default(),
        };
        let param = NewParam {
            name,
            shape: vec![shape.channels],
            start: &start,
            fan_in: 1,
            penalty: Penalty::None,
            store_numbers: true,
        };
        build.needed(name, param)
    };
    let (mean, var) = (running("mean", 0.0)?, running("var", 1.0)?);
    let op = RunningStd {
        x,
        mean,
        var,
        momentum,
        eps,
    };
    build.make(op, shape)
}

impl Written for RunningStd {
    fn numbers(&self, _graph: &dyn Operands, _shape: &Shape) -> Vec<(&'static str, Number)> {
        vec![
            ("momentum", Number::Float(self.momentum)),
            ("eps", Number::Float(self.eps)),
        ]
    }

    fn holds(&self, graph: &dyn Operands) -> Holds {
        Holds::Module {
            kind: "Running",
            sizes: vec![("channels", graph.tensor(self.mean).count())],
            tensors: vec![("mean", self.mean), ("var", self.var)],
            trained: false,
        }
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        Code::Held.method("forward", [x(0), n(0), n(1)])
    }

    fn torch(&self) -> Code {
        Code::Apply(vec![x(0), n(0), n(1)])
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Init;
    use crate::primitives::fake::*;

    #[test]
    fn the_running_statistics_start_as_those_of_nothing_changed() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[4, 5]);
        assert_eq!(fake.yields("running_std", vec![x]), "[N, 3, 4, 5]");
        let told = fake.params.iter().map(|p| (p.name.as_str(), p.init));
        let expected = [("mean", Init::Constant(0.0)), ("var", Init::Constant(1.0))];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        // In evaluation, which is what is meant, no image depends on another.
        assert!(!fake.last().couples());
    }

    #[test]
    fn the_momentum_is_a_part_of_the_whole() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[4]);
        let told = fake.refused("running_std", vec![x, float(1.5)]);
        assert_eq!(told, "`momentum` is 1.5, it must be from 0 to 1 at 8");
    }
}
