//! Pointwise (1x1) maps: mixer, free width, bottleneck, classification head.

use super::{Operation, init, init_arg};
use crate::check::Checker;
use crate::check::builder::{AffineSpec, MAX_CHANNELS};
use crate::check::signature::{Args, needed};
use crate::check::value::{Ty, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Penalty;

pub(super) static MIXER: Operation = Operation {
    name: "mixer",
    slots: &[needed("x", Ty::Feature), init("kaiming_normal")],
    doc: "A pointwise map that keeps the channels.",
    lower: |cx, args| {
        let channels = cx.builder.shape(args.feature(0)?).channels;
        map(cx, args, "mixer", channels, 1, Penalty::Fast)
    },
};

pub(super) static POINTWISE: Operation = Operation {
    name: "pointwise",
    slots: &[
        needed("x", Ty::Feature),
        needed("channels", Ty::Int),
        init("framework"),
    ],
    doc: "A pointwise map to `channels` channels.",
    lower: |cx, args| {
        let channels = cx.whole(args, 1, 1, MAX_CHANNELS as i64)?;
        map(cx, args, "pointwise", channels, 2, Penalty::Fast)
    },
};

pub(super) static BOTTLENECK: Operation = Operation {
    name: "bottleneck",
    slots: &[
        needed("x", Ty::Feature),
        needed("expand", Ty::Int),
        init("kaiming_normal"),
    ],
    doc: "A pointwise map to `expand` times the channels of the enclosing block's first feature map (of its own input outside \
          blocks).",
    lower: |cx, args| {
        let expand = cx.whole(args, 1, 1, MAX_CHANNELS as i64)?;
        let base = cx
            .base
            .unwrap_or(cx.builder.shape(args.feature(0)?).channels);
        map(
            cx,
            args,
            "bottleneck",
            base.saturating_mul(expand),
            2,
            Penalty::Fast,
        )
    },
};

pub(super) static LINEAR: Operation = Operation {
    name: "linear",
    slots: &[needed("x", Ty::Feature), init("kaiming_normal")],
    doc: "The classification head: a linear map of `[N, C, 1, 1]` to the number of classes. Only in `output`.",
    lower: |cx, args| {
        let Some(head) = cx.head else {
            let diagnostic = Diagnostic::new(
                Code::Type,
                args.span,
                "`linear` is the classification head of `output`",
            )
            .label("not inside `output`")
            .help("use `pointwise(..., channels)` for a linear map of channels");
            cx.report(diagnostic);
            return None;
        };
        let x = args.feature(0)?;
        let shape = cx.builder.shape(x);
        if (shape.height, shape.width) != (1, 1) {
            let diagnostic = Diagnostic::new(
                Code::Type,
                args.span(0),
                format!("`linear` needs one value per channel, found {shape}"),
            )
            .label(format!("this is {shape}"))
            .help("average over positions first: `global_mean(...) |> linear`");
            let diagnostic = cx.operands(diagnostic, &[(x, args.span(0))]);
            cx.report(diagnostic);
            return None;
        }
        map(cx, args, "linear", head?, 1, Penalty::None)
    },
};

fn map(
    cx: &mut Checker<'_>,
    args: &Args,
    name: &str,
    out: usize,
    init: usize,
    penalty: Penalty,
) -> Option<Value> {
    let x = args.feature(0)?;
    let path = cx.builder.instance(name);
    let spec = AffineSpec::fast(init_arg(args, init)?, penalty, penalty);
    let result = cx.builder.pointwise(path, x, out, spec);
    cx.limited(result).map(Value::Feature)
}
