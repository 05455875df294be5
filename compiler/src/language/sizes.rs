//! Lists of sizes and sets of axes as arguments: `[3, 3]`, `[batch, positions]`.

use std::ops::RangeInclusive;

use super::{Given, Refusal, limits::longest_axis};
use crate::diagnostics::ShapeKind;
use crate::parts::{Axes, Sizes};

impl Given<Vec<Given<i64>>> {
    /// Sizes of at least 1, as many as `ranks` says. `what` is the list in a message: "`sizes`".
    ///
    /// # Errors
    /// Blames the list if it has another length, an element that is out of range.
    pub fn sizes(&self, what: &str, ranks: RangeInclusive<usize>) -> Result<Sizes, Refusal> {
        let rank = self.value.len();
        let wrong_rank = || {
            let wanted = match (*ranks.start(), *ranks.end()) {
                (low, high) if low == high => format!("{low} sizes"),
                (0, high) => format!("at most {high} sizes"),
                (low, high) => format!("{low} to {high} sizes"),
            };
            let (what, found) = (what.into(), rank);
            let kind = ShapeKind::Rank {
                what,
                found,
                wanted,
            };
            Refusal::argument(kind, self)
        };
        if !ranks.contains(&rank) {
            return Err(wrong_rank());
        }
        let mut read = vec![];
        for size in &self.value {
            let size = size
                .whole("a size", 1, longest_axis(rank))
                .map_err(|refusal| Refusal::element(*refusal.kind, size, self))?;
            read.push(size);
        }
        Sizes::new(&read).ok_or_else(wrong_rank)
    }
}

impl Given<Axes> {
    /// The axes, if there are any.
    ///
    /// # Errors
    /// Blames the empty list.
    pub fn some(&self) -> Result<Axes, Refusal> {
        if self.value == Axes::default() {
            return Err(Refusal::argument(ShapeKind::NoAxes, self));
        }
        Ok(self.value)
    }
}
