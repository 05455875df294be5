//! Operands of calls that take any number: runs of one value, and of successive elements of a list.

use super::draft::{Builder, Place};
use super::tree::{Name, Part, Segment, Value};
use crate::model::NodeId;
use crate::primitives::written::Number;

/// Some successive operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// One value, so often.
    Same(NodeId, usize),
    /// Successive elements of a list, by any of its names: from, to, and the length of the list.
    Elements(Vec<Name>, [usize; 3]),
}

/// Operands as runs, the longest first. `places` gives the lists that a value is in: name, place, and length.
pub(super) fn compress(
    nodes: &[NodeId],
    places: impl Fn(NodeId) -> Vec<(Name, usize, usize)>,
) -> Vec<Run> {
    let mut runs = vec![];
    let mut rest = nodes;
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|node| *node == first).count();
        let lists = places(*first).into_iter().map(|(name, from, count)| {
            let successive = rest.iter().enumerate().take_while(|(at, node)| {
                let known = places(**node);
                known
                    .iter()
                    .any(|(other, place, _)| *other == name && *place == from + at)
            });
            (successive.count(), name, from, count)
        });
        let lists: Vec<_> = lists.collect();
        let longest = lists.iter().map(|(length, ..)| *length).max().unwrap_or(0);
        let (run, length) = match longest >= same && longest > 0 {
            true => {
                let names = lists.iter().filter(|(length, ..)| *length == longest);
                let span = lists.iter().find(|(length, ..)| *length == longest);
                let [from, count] = span.map_or([0; 2], |(_, _, from, count)| [*from, *count]);
                let names = names.map(|(_, name, ..)| name.clone()).collect();
                (Run::Elements(names, [from, from + longest, count]), longest)
            }
            false => (Run::Same(*first, same), same),
        };
        runs.push(run);
        rest = rest.get(length..).unwrap_or_default();
    }
    runs
}

impl Run {
    /// As it stands in a body.
    pub fn part(self, builder: &mut Builder<'_>, place: Place) -> Part {
        match self {
            Self::Same(node, 1) => Part::One(builder.expr(node, place, true)),
            Self::Same(node, times) => {
                let expr = builder.expr(node, place, true);
                let times = Value::Number(Number::Int(times));
                let mut slot = builder.slot("times", times, place);
                slot.missing = Some(Value::Number(Number::Int(1)));
                Part::Repeat(expr, slot)
            }
            Self::Elements(lists, span) => Part::Segment(Segment {
                lists,
                spans: vec![(builder.at_place(place), span)],
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_become_runs() {
        let node = |n| NodeId(n);
        let list = |node: NodeId| match node.0 {
            n @ 10..13 => vec![(Name::Local("skip".into()), n as usize - 10, 3)],
            _ => vec![],
        };
        let nodes = [1, 11, 12, 2, 2].map(node);
        let skip = vec![Name::Local("skip".into())];
        let wanted = [
            Run::Same(node(1), 1),
            Run::Elements(skip, [1, 3, 3]),
            Run::Same(node(2), 2),
        ];
        assert_eq!(compress(&nodes, list), wanted);
    }
}
