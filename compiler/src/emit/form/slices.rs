//! Parts of lists that are passed: one way to say their bounds that holds wherever they were seen.

use super::finish::Finishing;
use super::numbers::Unsaid;
use super::structure::{Bound, Name, Part};
use super::tree::{self, Segment};
use crate::bug::bug;

impl Finishing<'_> {
    pub(super) fn segment(
        &mut self,
        segment: &Segment,
        parts: &tree::Parts,
    ) -> Result<Part, Unsaid> {
        let Some(name) = segment.lists.last() else {
            bug!("elements are read of a list that has no name")
        };
        // Elsewhere none of the list is passed.
        let missing = parts.seen.iter().filter(|(at, _)| {
            let mut spans = segment.spans.iter();
            spans.all(|(other, _)| other != at)
        });
        let missing = missing.map(|(at, lengths)| {
            let length = lengths.iter().find(|(known, _)| known == name);
            (at.round, length.map_or(0, |(_, length)| *length))
        });
        let missing: Vec<(Option<usize>, usize)> = missing.collect();
        let bounds = [Bound::Start, Bound::End];
        let counted = (0..=3).flat_map(|k| [Bound::AtMost(k), Bound::FromEnd(k)]);
        let first = segment.spans.iter().flat_map(|(at, [from, to, _])| {
            let of_round = at
                .round
                .map(|round| [*from, *to].map(|n| Bound::Round(n as isize - round as isize)));
            let fixed = [Bound::AtMost(*from), Bound::AtMost(*to)];
            of_round.into_iter().flatten().chain(fixed)
        });
        let all: Vec<Bound> = bounds
            .into_iter()
            .chain(counted)
            .chain(first.take(4))
            .collect();
        let pairs = all
            .iter()
            .flat_map(|from| all.iter().map(move |to| (*from, *to)));
        let holds = |(from, to): &(Bound, Bound)| {
            let seen = segment.spans.iter().all(|(at, [a, b, count])| {
                from.of(*count, at.round) == Some(*a) && to.of(*count, at.round) == Some(*b)
            });
            seen && missing
                .iter()
                .all(|(round, count)| from.of(*count, *round) >= to.of(*count, *round))
        };
        let (from, to) = pairs.into_iter().find(holds).ok_or(Unsaid)?;
        if let Name::Input(name) = name {
            self.read.insert(name.clone());
        }
        Ok(Part::Slice(name.clone(), from, to))
    }
}

impl Bound {
    /// The place it is in a list of so many; None where it is none.
    pub(super) fn of(self, count: usize, round: Option<usize>) -> Option<usize> {
        match self {
            Self::Start => Some(0),
            Self::End => Some(count),
            Self::AtMost(n) => Some(n.min(count)),
            Self::FromEnd(n) => count.checked_sub(n),
            Self::Round(n) => round?.checked_add_signed(n),
        }
    }
}
