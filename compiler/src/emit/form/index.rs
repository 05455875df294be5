//! The place of an element of a list: all ways in which it can be said, of which those that hold everywhere are kept.

/// A place in a list, by every way to say it that holds wherever it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index {
    /// This place.
    pub fixed: Option<usize>,
    /// This far from the round of the loop.
    pub offset: Option<isize>,
    /// This far from the last.
    pub from_end: Option<usize>,
    /// Whether it is the last that there is at that time.
    pub latest: bool,
}

impl Index {
    /// Element `place` of `count`, in a round of a loop or outside of loops.
    pub fn new(place: usize, count: usize, round: Option<usize>, latest: bool) -> Self {
        Self {
            fixed: Some(place),
            offset: round.map(|round| place as isize - round as isize),
            from_end: count.checked_sub(place + 1),
            latest,
        }
    }

    /// The ways that both allow; None if there is none.
    pub fn meet(self, other: Self) -> Option<Self> {
        let both = Self {
            fixed: self.fixed.filter(|_| self.fixed == other.fixed),
            offset: self.offset.filter(|_| self.offset == other.offset),
            from_end: self.from_end.filter(|_| self.from_end == other.from_end),
            latest: self.latest && other.latest,
        };
        let any = both.fixed.is_some() || both.offset.is_some() || both.from_end.is_some();
        any.then_some(both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_leave_the_distance_from_the_round() {
        let first = Index::new(1, 4, Some(0), false);
        let second = Index::new(2, 4, Some(1), false);
        let both = first.meet(second).unwrap();
        assert_eq!(
            (both.fixed, both.offset, both.from_end),
            (None, Some(1), None)
        );
    }

    #[test]
    fn lists_of_different_lengths_leave_the_distance_from_the_last() {
        let three = Index::new(2, 3, None, true);
        let four = Index::new(3, 4, None, true);
        let both = three.meet(four).unwrap();
        assert_eq!(
            (both.fixed, both.from_end, both.latest),
            (None, Some(0), true)
        );
        assert_eq!(
            three.meet(Index::new(2, 4, None, false)).map(|i| i.fixed),
            Some(Some(2))
        );
        assert_eq!(three.meet(Index::new(1, 4, None, false)), None);
    }
}
