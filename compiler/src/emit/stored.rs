//! How emitted structures are made of the numbers of a flat file, which a value `from` hands out in order.

use super::construct::{child_sizes, chosen};
use super::fields::FieldKind;
use super::layout::Expr;
use super::plan::{Block, Num};
use super::rust::Items;

/// A field's value; what it takes is what [`super::flat`] lists, in that order.
pub(super) fn stored(block: &Block, kind: &FieldKind, items: &Items) -> Expr {
    let value = |n: &Num| chosen(block, *n, items);
    let list = |sizes: &[&Num]| {
        let sizes: Vec<String> = sizes.iter().map(|n| value(n)).collect();
        format!("[{}]", sizes.join(", "))
    };
    let from = || Expr::atom("from");
    let take = |shape: String| Expr::Method("from".into(), "take".into(), vec![Expr::Atom(shape)]);
    match kind {
        FieldKind::Affine {
            outputs, inputs, ..
        } => {
            let sizes = Expr::Atom(list(&[outputs, inputs]));
            Expr::call("Affine::read", vec![sizes, from()])
        }
        FieldKind::Scalar { .. } => take("[1]".into()),
        FieldKind::Spatial { height, width, .. } => take(list(&[height, width])),
        FieldKind::Constant {
            channels,
            height,
            width,
            ..
        } => {
            let sizes = [channels, height, width].map(value).join(", ");
            take(format!("[1, {sizes}]"))
        }
        FieldKind::Rescale { channels } => {
            Expr::call("Rescale::read", vec![Expr::Atom(value(channels)), from()])
        }
        FieldKind::Child {
            block: child,
            sizes,
        } => {
            let name = items.blocks.get(*child).cloned().unwrap_or_default();
            let sizes = child_sizes(block, *child, sizes, items);
            let arguments = sizes.into_iter().chain([from()]).collect();
            Expr::call(format!("{name}::read"), arguments)
        }
        // Models with slow nets are refused.
        FieldKind::Plane { .. } | FieldKind::Line { .. } | FieldKind::Context { .. } => {
            Expr::atom("")
        }
    }
}
