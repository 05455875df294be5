//! `standardize(x, over, eps)`: zero mean and unit variance over axes.

use super::written::{Code, Number, Written, call, n, text, x};
use super::{Build, Primitive, Signature, Visitor, Work, scalars};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{Axes, NodeId, Shape};
use crate::primitives::Operands;

/// Over what a standardization takes its mean and variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// These axes.
    Axes(Axes),
    /// G-IBS: this many equal groups of channels, even ones (0, 2, ...) over batch and positions, odd ones over the positions of each image. Only lowering makes it.
    Groups(usize),
    /// The same with the even groups left as they are; only in frozen models.
    OddGroups(usize),
}

/// `(x - mean) / sqrt(var + eps)` with the biased variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standardize {
    /// The value.
    pub x: NodeId,
    /// Where mean and variance are taken.
    pub over: Over,
    /// Added to the variance.
    pub eps: f64,
}

impl Primitive for Standardize {
    fn name(&self) -> &'static str {
        "standardize"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        // Mean, centred squares, scale.
        let each = 6;
        match self.over {
            Over::Axes(_) | Over::Groups(_) => Work::each(shape, each),
            Over::OddGroups(groups) => {
                let groups = groups.max(1) as u64;
                let odd = scalars(shape) / groups * (groups / 2);
                Work {
                    elementwise: odd.saturating_mul(each),
                    ..Work::default()
                }
            }
        }
    }

    fn couples(&self) -> bool {
        match self.over {
            Over::Axes(axes) => axes.batch,
            // The even groups, group 0 among them, are standardized over the batch.
            Over::Groups(_) => true,
            Over::OddGroups(_) => false,
        }
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// The axes that mean and variance are over.
        over: Given<Axes>,
        /// Added to the variance.
        eps: Given<f64> = "1e-5",
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "standardize",
    doc: "Zero mean and unit biased variance over axes, `(x - mean) / sqrt(variance + eps)`, nothing trained. Over `batch` it couples \
          the images of a batch.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let (x, over) = (given.x.value, Over::Axes(given.over.some()?));
    let eps = given.eps.within("`eps`", 1e-12, 1.0)?;
    let shape = build.shape(x);
    build.make(Standardize { x, over, eps }, shape)
}

/// What emitted functions add to the variance unless they are told.
const USUAL: f64 = 1e-5;

impl Written for Standardize {
    fn numbers(&self, _graph: &dyn Operands, _shape: &Shape) -> Vec<(&'static str, Number)> {
        match self.over {
            Over::Groups(groups) | Over::OddGroups(groups) => vec![("groups", Number::Int(groups))],
            Over::Axes(_) if self.eps == USUAL => vec![],
            Over::Axes(_) => vec![("eps", Number::Float(self.eps))],
        }
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        match self.over {
            Over::Groups(_) => call("standardize_groups", [x(0), n(0)]),
            Over::OddGroups(_) => call("standardize_odd", [x(0), n(0)]),
            Over::Axes(Axes::INSTANCE) if self.eps == USUAL => call("standardize_instance", [x(0)]),
            Over::Axes(Axes::BATCH) if self.eps == USUAL => call("standardize_batch", [x(0)]),
            Over::Axes(axes) => {
                let eps = if self.eps == USUAL {
                    text(format!("{USUAL:e}"))
                } else {
                    n(0)
                };
                call("standardize_over", [x(0), axes.burn(), eps])
            }
        }
    }

    fn torch(&self) -> Code {
        match self.over {
            Over::Groups(_) => call("standardize_groups", [x(0), n(0)]),
            Over::OddGroups(_) => call("standardize_odd", [x(0), n(0)]),
            Over::Axes(axes) if self.eps == USUAL => call("standardize", [x(0), axes.torch()]),
            Over::Axes(axes) => call("standardize", [x(0), axes.torch(), n(0)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::primitives::fake::*;

    #[test]
    fn statistics_keep_the_shape() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[4, 5]);
        assert_eq!(
            fake.yields("standardize", vec![x.clone(), word("batch")]),
            "[N, 3, 4, 5]"
        );
        assert!(fake.last().couples());
        assert_eq!(
            fake.yields("normalize", vec![x.clone(), word("positions")]),
            "[N, 3, 4, 5]"
        );
        assert!(!fake.last().couples());
        let told = fake.refused("standardize", vec![x, word("positions"), float(0.0)]);
        assert_eq!(told, "`eps` is 0, it must be from 1e-12 to 1 at 8");
    }
}
