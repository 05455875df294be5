//! Operations that change the shape only: tiling and means.

use super::Operation;
use crate::check::signature::needed;
use crate::check::value::{Ty, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::Op;

pub(super) static TILE: Operation = Operation {
    name: "tile",
    slots: &[needed("x", Ty::FeatureOrList), needed("like", Ty::Feature)],
    doc: "Repeats all channels of `x` in order until there are as many as in `like`; of a list, each element by itself (an \
          empty list stays empty).",
    lower: |cx, args| {
        let like = args.feature(1)?;
        let (list, single) = match args.value(0) {
            Value::List(items) => (items.clone(), false),
            one => (vec![one.clone()], true),
        };
        let mut tiled = vec![];
        for item in list {
            let Value::Feature(x) = item else { return None };
            let (shape, target) = (cx.builder.shape(x), cx.builder.shape(like));
            if shape.channels == 0
                || !target.channels.is_multiple_of(shape.channels)
                || shape.channels > target.channels
            {
                let diagnostic = Diagnostic::new(
                    Code::Tile,
                    args.span(0),
                    format!("{} channels do not tile into {}", shape.channels, target.channels),
                )
                .label(format!("this is {shape}"))
                .help("skip from a block whose channels divide those here, or bring them there with `pointwise`");
                let diagnostic =
                    cx.operands(diagnostic, &[(x, args.span(0)), (like, args.span(1))]);
                cx.report(diagnostic);
                return None;
            }
            let times = target.channels / shape.channels;
            if times == 1 {
                tiled.push(Value::Feature(x));
                continue;
            }
            let path = cx.builder.instance("tile");
            tiled.push(Value::Feature(cx.node(path, Op::Tile { x, times })?));
        }
        match tiled.pop() {
            Some(only) if single => Some(only),
            Some(last) => {
                tiled.push(last);
                Some(Value::List(tiled))
            }
            None => Some(Value::List(vec![])),
        }
    },
};

pub(super) static CHANNEL_MEAN: Operation = Operation {
    name: "channel_mean",
    slots: &[needed("x", Ty::Feature)],
    doc: "The mean over channels, `[N, 1, H, W]`.",
    lower: |cx, args| {
        let path = cx.builder.instance("channel_mean");
        cx.node(path, Op::ChannelMean(args.feature(0)?))
            .map(Value::Feature)
    },
};

pub(super) static GLOBAL_MEAN: Operation = Operation {
    name: "global_mean",
    slots: &[needed("x", Ty::Feature)],
    doc: "The mean over positions, `[N, C, 1, 1]`.",
    lower: |cx, args| {
        let path = cx.builder.instance("global_mean");
        cx.node(path, Op::SpatialMean(args.feature(0)?))
            .map(Value::Feature)
    },
};
