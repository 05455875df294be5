//! `max_pool(x, size, stride, padding)`: the largest scalar of each window.

use super::written::{Code, Number, Written, call, list, n, x};
use super::{Build, Primitive, Signature, Visitor, Work, scalars};
use crate::diagnostics::ShapeKind;
use crate::language::limits::longest_axis;
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape, Sizes};
use crate::primitives::Operands;

/// The largest scalar of each square window; beyond the edges there is nothing. The positions are those of the node's
/// shape: `(n + 2 padding - size) / stride + 1`, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// The value.
    pub x: NodeId,
    /// Positions of a window along each axis.
    pub size: usize,
    /// Positions from one window to the next.
    pub stride: usize,
    /// Positions beyond each edge, at most half of a window.
    pub padding: usize,
}

impl Primitive for MaxPool {
    fn name(&self) -> &'static str {
        "max_pool"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &dyn Operands, shape: &Shape) -> Work {
        // Each window is read once.
        let window = (self.size as u64).saturating_pow(shape.sizes.rank() as u32);
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
    name: "max_pool",
    doc: "The largest scalar of each window of `size` positions along each axis: `(n + 2 padding - size) / stride + 1` positions, \
          rounded down.",
    parameters: Arguments::parameters,
    build,
};

fn build(build: &mut dyn Build, values: Vec<Traced>) -> Result<Value, Refusal> {
    let given = Arguments::read(values);
    let from = build.shape(given.x.value);
    let rank = from.sizes.rank();
    if rank == 0 {
        return Err(Refusal::call(ShapeKind::NoAxes));
    }
    let most = longest_axis(rank);
    let size = given.size.whole("`size`", 1, most)?;
    let stride = given.stride.whole("`stride`", 1, most)?;
    let padding = given.padding.whole("`padding`", 0, size / 2)?;
    let mut positions = vec![];
    for side in from.sizes.as_slice() {
        match (side + 2 * padding).checked_sub(size) {
            Some(rest) => positions.push(rest / stride + 1),
            None => {
                let window = Sizes::new(&vec![size; rank]).unwrap_or(from.sizes);
                let kind = ShapeKind::OversizedPool {
                    x: from,
                    sizes: window,
                };
                return Err(Refusal::argument(kind, &given.size));
            }
        }
    }
    let op = MaxPool {
        x: given.x.value,
        size,
        stride,
        padding,
    };
    let sizes = Sizes::new(&positions).unwrap_or(from.sizes);
    build.make(op, Shape { sizes, ..from })
}

impl Written for MaxPool {
    fn numbers(&self, _graph: &dyn Operands, shape: &Shape) -> Vec<(&'static str, Number)> {
        // A line has one column: its windows are as wide.
        let wide = |of: usize, one: usize| if shape.sizes.rank() > 1 { of } else { one };
        vec![
            ("size", Number::Int(self.size)),
            ("width", Number::Int(wide(self.size, 1))),
            ("stride", Number::Int(self.stride)),
            ("stride_across", Number::Int(wide(self.stride, 1))),
            ("padding", Number::Int(self.padding)),
            ("padding_across", Number::Int(wide(self.padding, 0))),
        ]
    }

    fn burn(&self, _graph: &dyn Operands) -> Code {
        let pair = |first: usize| list([n(first), n(first + 1)]);
        call("max_pool", [x(0), pair(0), pair(2), pair(4)])
    }

    fn torch(&self) -> Code {
        let pair = |first: usize| list([n(first), n(first + 1)]);
        call("F.max_pool2d", [x(0), pair(0), pair(2), pair(4)])
    }
}

#[cfg(test)]
mod tests {
    use crate::primitives::fake::*;

    #[test]
    fn windows_are_counted() {
        let mut fake = Fake::default();
        let x = fake.images(3, &[8, 7]);
        let pooled = fake.yields("max_pool", vec![x.clone(), int(2), int(2), int(0)]);
        assert_eq!(pooled, "[N, 3, 4, 3]");
        let pooled = fake.yields("max_pool", vec![x.clone(), int(3), int(2), int(1)]);
        assert_eq!(pooled, "[N, 3, 4, 4]");
        let line = fake.images(3, &[9]);
        let pooled = fake.yields("max_pool", vec![line, int(3), int(1), int(0)]);
        assert_eq!(pooled, "[N, 3, 7]");
        let told = fake.refused("max_pool", vec![x.clone(), int(9), int(1), int(0)]);
        assert!(
            told.starts_with("8 x 7 positions cannot be pooled"),
            "{told}"
        );
        assert!(
            fake.refused("max_pool", vec![x, int(3), int(1), int(2)])
                .contains("`padding`")
        );
    }
}
