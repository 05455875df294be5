//! `g_ibs`: equal groups of channels standardized over the batch and over each image by turns, as one standardization.

use super::rewrite::Replacement;
use super::view::View;
use crate::model::{Axes, NodeId, Op, Over};
use crate::primitives::{Concat, Part, Standardize};

/// What the fused standardization adds to the variance.
pub(super) const EPSILON: f64 = 1e-5;

/// All groups as one operation, if nothing else reads them.
pub(super) fn groups(view: &View<'_>, concat: &Concat) -> Option<Replacement> {
    let groups = concat.parts.len();
    let Part { x, .. } = group(view, *concat.parts.first()?)?.0;
    let channels = view.node(x).shape.channels;
    if !channels.is_multiple_of(groups) {
        return None;
    }
    let size = channels / groups;
    for (i, part) in concat.parts.iter().enumerate() {
        let (found, over) = group(view, *part)?;
        let axes = match i.is_multiple_of(2) {
            true => Axes::BATCH,
            false => Axes::INSTANCE,
        };
        let start = i * size;
        let fits = view.node(*part).shape.channels == size && over == Over::Axes(axes);
        if !fits || found != (Part { x, start }) {
            return None;
        }
    }
    let op = Standardize {
        x,
        over: Over::Groups(groups),
        eps: EPSILON,
    };
    Some(Replacement::Op(op.into()))
}

/// A standardization of some channels that is read once: the channels, and the axes.
fn group(view: &View<'_>, id: NodeId) -> Option<(Part, Over)> {
    let Op::Standardize(Standardize { x, over, eps }) = *view.op(id) else {
        return None;
    };
    let Op::Part(part) = *view.op(x) else {
        return None;
    };
    (view.once(id) && eps == EPSILON).then_some((part, over))
}
