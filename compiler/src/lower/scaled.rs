//! The standardization of each image and channel of `x * sigmoid(score)` with one score for each: without the product.

use super::groups::EPSILON;
use super::rewrite::Replacement;
use super::view::{View, both};
use crate::model::{Axes, Function, NodeId, Op, Over};
use crate::primitives::{Activation, Mul, Standardize, StandardizeScaled};

/// The standardization from the factors of the product. The product stays for whoever else reads it.
pub(super) fn scaled(view: &View<'_>, standardize: &Standardize) -> Option<Replacement> {
    let Standardize { x, over, eps } = *standardize;
    let Op::Mul(Mul { a, b }) = *view.op(x) else {
        return None;
    };
    if over != Over::Axes(Axes::INSTANCE) || eps != EPSILON {
        return None;
    }
    let product = view.node(x).shape;
    let fits = |x: NodeId, scale: NodeId| {
        let (x, one) = (view.node(x).shape, view.node(scale).shape);
        let one_each = one.sizes.rank() == 0 && one.channels == x.channels;
        // Where no image changes the score but images change `x`, it is not one score for each.
        x == product && one_each && one.batched == x.batched
    };
    let sigmoid = |id: NodeId| {
        matches!(
            view.op(id),
            Op::Activation(Activation {
                function: Function::Sigmoid,
                ..
            })
        )
    };
    let (x, scale) = both(a, b)
        .into_iter()
        .find(|(x, scale)| sigmoid(*scale) && fits(*x, *scale))?;
    Some(Replacement::Op(StandardizeScaled { x, scale }.into()))
}
