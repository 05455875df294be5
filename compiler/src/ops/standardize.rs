//! Standardizations: zero mean, unit biased variance, eps 1e-5, nothing learned.

use super::Operation;
use crate::check::Checker;
use crate::check::signature::{Args, needed};
use crate::check::value::{Ty, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{NodeId, Op, Over, Shape};

pub(super) static INSTANCE_STD: Operation = Operation {
    name: "instance_std",
    slots: &[needed("x", Ty::Feature)],
    doc: "`(x - mean) / sqrt(var + 1e-5)` over positions, for each image and channel.",
    lower: |cx, args| {
        let Some((x, scale)) = scaled(cx, args.feature(0)?) else {
            return standardize(cx, args, "instance_std", Over::Instance);
        };
        let path = cx.builder.instance("instance_std");
        let op = Op::StandardizeScaled { x, scale };
        cx.node(path, op).map(Value::Feature)
    },
};

/// The factors of a product that nobody named, if the second is positive and one number per image and channel: its
/// standardization needs no product.
fn scaled(cx: &Checker<'_>, product: NodeId) -> Option<(NodeId, NodeId)> {
    let node = cx.builder.nodes.get(product.index())?;
    let Op::Mul(x, scale) = node.op else {
        return None;
    };
    let one_each = |shape: Shape| (shape.height, shape.width) == (1, 1);
    let positive = matches!(cx.builder.nodes.get(scale.index())?.op, Op::Sigmoid(_));
    let fits = positive && one_each(cx.builder.shape(scale)) && cx.builder.shape(x) == node.shape;
    (fits && !node.named).then_some((x, scale))
}

pub(super) static BATCH_STD: Operation = Operation {
    name: "batch_std",
    slots: &[needed("x", Ty::Feature)],
    doc: "`(x - mean) / sqrt(var + 1e-5)` over images and positions, for each channel: couples the images of a batch.",
    lower: |cx, args| standardize(cx, args, "batch_std", Over::Batch),
};

pub(super) static G_IBS: Operation = Operation {
    name: "g_ibs",
    slots: &[needed("x", Ty::Feature), needed("groups", Ty::Int)],
    doc: "Splits the channels into `groups` equal parts; parts 0, 2, ... are batch-standardized, parts 1, 3, ... \
          instance-standardized.",
    lower: |cx, args| {
        let x = args.feature(0)?;
        let groups = cx.whole(args, 1, 1, i64::MAX)?;
        let channels = cx.builder.shape(x).channels;
        if !channels.is_multiple_of(groups) {
            let near: Vec<String> = (1..=channels.min(64))
                .filter(|g| channels.is_multiple_of(*g))
                .map(|g| g.to_string())
                .collect();
            let diagnostic = Diagnostic::new(
                Code::Groups,
                args.span(1),
                format!("{channels} channels do not divide into {groups} groups"),
            )
            .label(format!("leaves {} over", channels % groups))
            .help(format!("use one of {}", near.join(", ")));
            let diagnostic = cx.operands(diagnostic, &[(x, args.span(0))]);
            cx.report(diagnostic);
            return None;
        }
        standardize(cx, args, "g_ibs", Over::Groups(groups))
    },
};

fn standardize(cx: &mut Checker<'_>, args: &Args, name: &str, over: Over) -> Option<Value> {
    let path = cx.builder.instance(name);
    cx.node(
        path,
        Op::Standardize {
            x: args.feature(0)?,
            over,
        },
    )
    .map(Value::Feature)
}
