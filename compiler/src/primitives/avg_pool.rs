//! `avg_pool(x, size, stride, padding)`: the mean of each window.

use super::window::{Stated, Window, two};
use super::written::{Code, Number, Written, call, text, x};
use super::{Build, Primitive, Signature, Visitor, Work, scalars};
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape};
use crate::primitives::Operands;

/// The mean of what there is in each window; beyond the edges there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvgPool {
    /// The value.
    pub x: NodeId,
    /// The windows.
    pub window: Window,
}

impl Primitive for AvgPool {
    fn name(&self) -> &'static str {
        "avg_pool"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        // Each window is read once.
        let window = (self.window.size as u64).saturating_pow(shape.sizes.rank() as u32);
        Work {
            elementwise: scalars(shape).saturating_mul(window),
            ..Work::default()
        }
    }
}

parameters! {
    struct Arguments {
        /// The value.
        x: Given<NodeId>,
        /// Positions of a window along each axis.
        size: Given<i64>,
        /// Positions from one window to the next.
        stride: Given<i64> = "size",
        /// Positions beyond each edge, at most half of a window.
        padding: Given<i64> = "0",
    }
}

pub(super) const SIGNATURE: Signature = Signature {
    name: "avg_pool",
    doc: "The mean of each window of `size` positions along each axis: `(n + 2 padding - size) / stride + 1` positions, rounded down. \
          What lies beyond an edge does not count.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let x = given.x.value;
    let from = build.shape(x);
    let stated = Stated {
        size: &given.size,
        stride: &given.stride,
        padding: &given.padding,
    };
    let (window, sizes) = stated.over(from, |size| size / 2)?;
    build.make(AvgPool { x, window }, Shape { sizes, ..from })
}

impl Written for AvgPool {
    fn numbers(&self, _graph: &dyn Operands, shape: &Shape) -> Vec<(&'static str, Number)> {
        self.window.numbers(shape.sizes.rank())
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        call("avg_pool", [x(0), two(0), two(2), two(4)])
    }

    fn torch(&self) -> Code {
        // Neither rounded up nor with what lies beyond an edge.
        let [up, beyond] = [text("False"), text("False")];
        call("F.avg_pool2d", [x(0), two(0), two(2), two(4), up, beyond])
    }
}

#[cfg(test)]
mod tests {
    use crate::primitives::fake::*;

    #[test]
    fn windows_are_counted() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[8, 7]);
        let pooled = fake.yields("avg_pool", vec![x.clone(), int(2), int(2), int(0)]);
        assert_eq!(pooled, "[N, 3, 4, 3]");
        let pooled = fake.yields("avg_pool", vec![x.clone(), int(3), int(2), int(1)]);
        assert_eq!(pooled, "[N, 3, 4, 4]");
        let line = fake.images(3, &[9]);
        let pooled = fake.yields("avg_pool", vec![line, int(3), int(1), int(0)]);
        assert_eq!(pooled, "[N, 3, 7]");
        let told = fake.refused("avg_pool", vec![x.clone(), int(9), int(1), int(0)]);
        assert_eq!(
            told,
            "a window of 9 x 9 is larger than the 8 x 7 positions that it moves over at 7"
        );
        assert!(
            fake.refused("avg_pool", vec![x, int(3), int(1), int(2)])
                .contains("`padding`")
        );
    }
}
