//! Windows that move over positions: their parameters, how many there are, how emitted source writes them, and what poolings
//! share.

use super::written::{Code, Number, list, n};
use super::{Build, Op, Work, scalars};
use crate::diagnostics::ShapeKind;
use crate::language::limits::longest_axis;
use crate::language::{Given, Refusal, Traced, Value, parameters};
use crate::parts::{NodeId, Shape, Sizes};

/// Windows of as many positions along each axis: `(n + 2 padding - size) / stride + 1` of them, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Positions of a window along each axis.
    pub size: usize,
    /// Positions from one window to the next.
    pub stride: usize,
    /// Positions beyond each edge.
    pub padding: usize,
}

/// What a call says of its windows.
pub(super) struct Stated<'a> {
    pub size: &'a Given<i64>,
    pub stride: &'a Given<i64>,
    pub padding: &'a Given<i64>,
}

impl Stated<'_> {
    /// The windows, and the positions that there are of them; `padded` is the largest padding for a size.
    ///
    /// # Errors
    /// If a number is out of range, there are no positions, or a window is larger than what it moves over.
    pub fn over(
        &self,
        from: Shape,
        padded: fn(usize) -> usize,
    ) -> Result<(Window, Sizes), Refusal> {
        let rank = from.sizes.rank();
        if rank == 0 {
            return Err(Refusal::call(ShapeKind::NoPositions { x: from }));
        }
        let most = longest_axis(rank);
        let size = self.size.whole("`size`", 1, most)?;
        let stride = self.stride.whole("`stride`", 1, most)?;
        let padding = self.padding.whole("`padding`", 0, padded(size))?;
        let mut positions = vec![];
        for side in from.sizes.as_slice() {
            match (side + 2 * padding).checked_sub(size) {
                Some(rest) => positions.push(rest / stride + 1),
                None => {
                    let sizes = Sizes::new(&vec![size; rank]).unwrap_or(from.sizes);
                    let kind = ShapeKind::OversizedWindow { x: from, sizes };
                    return Err(Refusal::argument(kind, self.size));
                }
            }
        }
        let window = Window {
            size,
            stride,
            padding,
        };
        Ok((window, Sizes::new(&positions).unwrap_or(from.sizes)))
    }
}

parameters! {
    /// What a pooling is told.
    pub(super) struct Pooling {
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

impl Pooling {
    /// Makes a pooling of the values given.
    ///
    /// # Errors
    /// As [`Stated::over`].
    pub fn build(
        build: &mut dyn Build,
        values: Vec<Traced>,
        pooling: fn(NodeId, Window) -> Op,
    ) -> Result<Value, Refusal> {
        let given = Self::read(values);
        let x = given.x.value;
        let from = build.shape(x);
        let stated = Stated {
            size: &given.size,
            stride: &given.stride,
            padding: &given.padding,
        };
        let (window, sizes) = stated.over(from, |size| size / 2)?;
        build.make(pooling(x, window), Shape { sizes, ..from })
    }
}

impl Window {
    /// Of a pooling with a result of this shape: each window is read once.
    pub(super) fn work(self, shape: &Shape) -> Work {
        let window = (self.size as u64).saturating_pow(shape.sizes.rank() as u32);
        Work {
            elementwise: scalars(shape).saturating_mul(window),
            ..Work::default()
        }
    }

    /// Height and width of size, stride and padding over positions of this rank; a line has one column.
    pub fn plane(self, rank: usize) -> [[usize; 2]; 3] {
        let across = |of: usize, one: usize| if rank > 1 { of } else { one };
        [
            [self.size, across(self.size, 1)],
            [self.stride, across(self.stride, 1)],
            [self.padding, across(self.padding, 0)],
        ]
    }

    /// Stride and padding as numbers of emitted source.
    pub(super) fn moves(self, rank: usize) -> Vec<(&'static str, Number)> {
        let [_, [stride, stride_across], [padding, padding_across]] = self.plane(rank);
        vec![
            ("stride", Number::Int(stride)),
            ("stride_across", Number::Int(stride_across)),
            ("padding", Number::Int(padding)),
            ("padding_across", Number::Int(padding_across)),
        ]
    }

    /// Size, stride and padding as numbers of emitted source.
    pub(super) fn numbers(self, rank: usize) -> Vec<(&'static str, Number)> {
        let [[size, width], ..] = self.plane(rank);
        let sizes = [("size", Number::Int(size)), ("width", Number::Int(width))];
        sizes.into_iter().chain(self.moves(rank)).collect()
    }
}

/// Two numbers of emitted source, the first of which has this place.
pub(super) fn two(first: usize) -> Code {
    list([n(first), n(first + 1)])
}

#[cfg(test)]
mod tests {
    use crate::primitives::fake::*;

    #[test]
    fn windows_of_poolings_are_counted() {
        for pooling in ["avg_pool", "max_pool"] {
            let mut fake = Fake::default();
            let x = fake.images(3, &[8, 7]);
            let pooled = fake.yields(pooling, vec![x.clone(), int(2), int(2), int(0)]);
            assert_eq!(pooled, "[N, 3, 4, 3]");
            let pooled = fake.yields(pooling, vec![x.clone(), int(3), int(2), int(1)]);
            assert_eq!(pooled, "[N, 3, 4, 4]");
            let line = fake.images(3, &[9]);
            let pooled = fake.yields(pooling, vec![line, int(3), int(1), int(0)]);
            assert_eq!(pooled, "[N, 3, 7]");
            let told = fake.refused(pooling, vec![x.clone(), int(9), int(1), int(0)]);
            assert_eq!(
                told,
                "a window of 9 x 9 is larger than the 8 x 7 positions that it moves over at 7"
            );
            assert!(
                fake.refused(pooling, vec![x, int(3), int(1), int(2)])
                    .contains("`padding`")
            );
        }
    }
}
