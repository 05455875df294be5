//! Concatenations in which a value follows itself: all channels again and again. A concatenation of one value is that value.

use super::rewrite::{Replacement, Run};
use super::view::View;
use crate::model::NodeId;
use crate::primitives::{Concat, Tile};

/// The concatenation as a tiling, or of tilings.
pub(super) fn tile(view: &View<'_>, id: NodeId, concat: &Concat) -> Option<Replacement> {
    let mut runs: Vec<Run> = vec![];
    for part in &concat.parts {
        match runs.last_mut() {
            Some(run) if run.x == *part => run.times += 1,
            _ => runs.push(Run { x: *part, times: 1 }),
        }
    }
    match runs.as_slice() {
        [Run { x, times: 1 }] => same(view, id, *x),
        [Run { x, times }] => Some(Replacement::Op(
            Tile {
                x: *x,
                times: *times,
            }
            .into(),
        )),
        _ if runs.len() < concat.parts.len() => Some(Replacement::Joined(runs)),
        _ => None,
    }
}

fn same(view: &View<'_>, id: NodeId, x: NodeId) -> Option<Replacement> {
    (view.node(id).shape == view.node(x).shape).then_some(Replacement::Same(x))
}
