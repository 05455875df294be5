//! Sums and products with a stored scalar, a stored plane or a number.

use super::rewrite::Replacement;
use super::view::{View, both};
use crate::model::{NodeId, Op};
use crate::primitives::{Add, Bias, Fill, Mul, Offset, ScaleBy, Stored};

/// `x + value` with the shape of `x`: a bias where the value is a stored scalar or one stored number for each position.
pub(super) fn add(view: &View<'_>, id: NodeId, add: &Add) -> Option<Replacement> {
    let shape = view.node(id).shape;
    let terms = both(add.a, add.b).into_iter();
    let mut terms = terms.filter(|(x, _)| view.node(*x).shape == shape);
    terms.find_map(|(x, value)| match *view.op(value) {
        Op::Stored(Stored { param }) => {
            let stored = view.node(value).shape;
            let sizes = stored.sizes.rank() == 0 || stored.sizes == shape.sizes;
            let bias = stored.channels == 1 && sizes;
            bias.then(|| Replacement::Op(Bias { x, bias: param }.into()))
        }
        Op::Fill(Fill { value }) => Some(Replacement::Op(Offset { x, by: value }.into())),
        _ => None,
    })
}

/// `x * number` with the shape of `x`; for one it is `x`.
pub(super) fn mul(view: &View<'_>, id: NodeId, mul: &Mul) -> Option<Replacement> {
    let shape = view.node(id).shape;
    let factors = both(mul.a, mul.b).into_iter();
    let mut factors = factors.filter(|(x, _)| view.node(*x).shape == shape);
    factors.find_map(|(x, value)| match *view.op(value) {
        Op::Fill(Fill { value: 1.0 }) => Some(Replacement::Same(x)),
        Op::Fill(Fill { value }) => Some(Replacement::Op(ScaleBy { x, by: value }.into())),
        _ => None,
    })
}
