//! Channel and spatial scores made with slow nets: hyper-channel interaction and hyper interaction.

use super::Operation;
use super::kernel::slow;
use crate::check::Checker;
use crate::check::signature::needed;
use crate::check::value::{SlowSpec, Ty, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Grid, NodeId, Op};

pub(super) static HYPER_CHANNEL: Operation = Operation {
    name: "hyper_channel",
    slots: &[needed("x", Ty::Feature), needed("slow", Ty::Slow)],
    doc: "Hyper-channel interaction: `x * sigmoid(y * k * y)` with `y` the mean of `x` over positions and `k` the slow net's \
          one-dimensional kernel over the channels.",
    lower: |cx, args| {
        let (x, net) = (args.feature(0)?, slow(args, 1)?);
        cx.plain(&net, args.span(1));
        let path = cx.builder.instance("hyper_channel");
        let score = cx.channel_score(&path, "", x, &net)?;
        let gate = cx.node(format!("{path}_gate"), Op::Sigmoid(score))?;
        cx.node(path, Op::Mul(x, gate)).map(Value::Feature)
    },
};

pub(super) static HYPER_INTERACT: Operation = Operation {
    name: "hyper_interact",
    slots: &[
        needed("guide", Ty::Feature),
        needed("over", Ty::Feature),
        needed("channel", Ty::Slow),
        needed("spatial", Ty::Slow),
    ],
    doc: "Hyper interaction: `over * sigmoid((s * k_s * s) * (y * k_c * y))` with `s` the mean of `guide` over channels, `y` its \
          mean over positions, `k_s` a two-dimensional kernel of the slow net `spatial`, `k_c` a one-dimensional one of \
          `channel`.",
    lower: |cx, args| {
        let (guide, over) = (args.feature(0)?, args.feature(1)?);
        let (channel, spatial) = (slow(args, 2)?, slow(args, 3)?);
        let (shape, target) = (cx.builder.shape(guide), cx.builder.shape(over));
        if shape != target {
            let diagnostic = Diagnostic::new(
                Code::Elementwise,
                args.span(1),
                format!("`hyper_interact` needs equal shapes, found {shape} and {target}"),
            )
            .label(format!("this is {target}"))
            .help("guide and target must come from feature maps of one shape");
            let diagnostic =
                cx.operands(diagnostic, &[(guide, args.span(0)), (over, args.span(1))]);
            cx.report(diagnostic);
            return None;
        }
        cx.plain(&channel, args.span(2));
        cx.plain(&spatial, args.span(3));
        let path = cx.builder.instance("hyper_interact");
        let s = cx.node(format!("{path}_plane"), Op::ChannelMean(guide))?;
        let grid = Grid::Plane {
            height: shape.height,
            width: shape.width,
        };
        let kernel = cx.score_kernel(&format!("{path}_spatial"), &spatial, grid)?;
        let weighted = cx.node(format!("{path}_plane_kernel"), Op::Mul(s, kernel))?;
        let plane = cx.node(format!("{path}_plane_score"), Op::Mul(weighted, s))?;
        let channels = cx.channel_score(&path, "_channel", guide, &channel)?;
        let score = cx.node(format!("{path}_score"), Op::Mul(plane, channels))?;
        let gate = cx.node(format!("{path}_gate"), Op::Sigmoid(score))?;
        cx.node(path, Op::Mul(over, gate)).map(Value::Feature)
    },
};

impl Checker<'_> {
    /// `y * k * y` with `y` the mean over positions and `k` a kernel over the channels: `[N, C, 1, 1]`.
    fn channel_score(
        &mut self,
        path: &str,
        part: &str,
        x: NodeId,
        net: &SlowSpec,
    ) -> Option<NodeId> {
        let length = self.builder.shape(x).channels;
        let y = self.node(format!("{path}_mean"), Op::SpatialMean(x))?;
        let kernel = self.score_kernel(&format!("{path}{part}"), net, Grid::Line { length })?;
        let weighted = self.node(format!("{path}_mean_kernel"), Op::Mul(y, kernel))?;
        self.node(format!("{path}_mean_score"), Op::Mul(weighted, y))
    }

    /// A kernel of one output, its parameters directly under `path`.
    fn score_kernel(&mut self, path: &str, net: &SlowSpec, grid: Grid) -> Option<NodeId> {
        let net = self.builder.slow_net(path, net, grid, 1);
        let net = self.limited(net)?;
        self.node(format!("{path}_kernel"), Op::Kernel(net))
    }
}
