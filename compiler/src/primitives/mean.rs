//! `mean(x, over)`: a mean over axes.

use super::written::{Code, Written, call, text, x};
use super::{Build, Primitive, Signature, Visitor, Work, scalars};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{Axes, NodeId, Shape, Sizes};
use crate::primitives::Operands;

/// The mean over axes: batch and channels become 1, positions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mean {
    /// The value.
    pub x: NodeId,
    /// The axes.
    pub over: Axes,
}

impl Primitive for Mean {
    fn name(&self) -> &'static str {
        "mean"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, graph: &dyn Operands, shape: &Shape) -> Work {
        let from = graph.shape(self.x);
        let read = scalars(from);
        if from.batched && !shape.batched {
            // Every image is read, whatever the size of the batch.
            return Work {
                per_image: Some((0, read)),
                ..Work::default()
            };
        }
        Work {
            elementwise: read,
            ..Work::default()
        }
    }

    fn couples(&self) -> bool {
        self.over.batch
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// The axes that the mean is over.
        over: Given<Axes>,
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "mean",
    doc: "The mean over axes: `batch` and `channels` become 1, `positions` go.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let (x, over) = (given.x.value, given.over.some()?);
    let from = build.shape(x);
    let shape = Shape {
        batched: from.batched && !over.batch,
        channels: if over.channels { 1 } else { from.channels },
        sizes: if over.positions {
            Sizes::NONE
        } else {
            from.sizes
        },
    };
    build.make(Mean { x, over }, shape)
}

impl Written for Mean {
    fn burn(&self, _graph: &dyn Operands) -> Code {
        match self.over {
            Axes::INSTANCE => call("spatial_mean", [x(0)]),
            Axes {
                batch: false,
                channels: true,
                positions: false,
            } => x(0).method("mean_dim", [text("1")]),
            Axes {
                batch: true,
                channels: false,
                positions: false,
            } => x(0).method("mean_dim", [text("0")]),
            over => call("mean_over", [x(0), over.burn()]),
        }
    }

    fn torch(&self) -> Code {
        x(0).method("mean", [self.over.torch(), text("keepdim=True")])
    }
}

#[cfg(test)]
mod tests {
    use crate::language::Value;
    use crate::primitives::fake::*;

    #[test]
    fn batch_and_channels_become_one_and_positions_go() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[4, 5]);
        assert_eq!(
            fake.yields("mean", vec![x.clone(), word("positions")]),
            "[N, 3]"
        );
        assert_eq!(
            fake.yields("mean", vec![x.clone(), word("channels")]),
            "[N, 1, 4, 5]"
        );
        assert_eq!(
            fake.yields("mean", vec![x.clone(), word("batch")]),
            "[1, 3, 4, 5]"
        );
        let all = ["batch", "channels", "positions"];
        let all = traced(Value::List(all.map(word).into()));
        assert_eq!(fake.yields("mean", vec![x, all]), "[1, 1]");
    }

    #[test]
    fn a_mean_is_over_something() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[4, 5]);
        for name in ["mean", "standardize", "normalize"] {
            let told = fake.refused(name, vec![x.clone(), ints(&[])]);
            assert_eq!(told, "at least one axis is needed at 9");
        }
    }
}
