//! Operations that make kernels with slow nets: `hyper` (global) and `local` (depthwise, context-dependent).

use super::{Operation, init, init_arg};
use crate::check::Checker;
use crate::check::builder::AffineSpec;
use crate::check::signature::{Args, Default, Slot, needed};
use crate::check::value::{ScaleSpec, SlowSpec, Ty, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{Grid, Init, Op, Over, Penalty};

pub(super) static HYPER: Operation = Operation {
    name: "hyper",
    slots: &[needed("net", Ty::Slow), needed("over", Ty::Feature)],
    doc: "The global hyper-kernel `[1, C, H, W]` of the slow net, for a feature map `over` of `[N, C, H, W]`. No image \
          changes it.",
    lower: |cx, args| {
        let net = slow(args, 0)?;
        let shape = cx.builder.shape(args.feature(1)?);
        if !cx.plain(&net, args.span(0)) {
            return None;
        }
        let path = cx.builder.instance("hyper");
        let grid = Grid::Plane {
            height: shape.height,
            width: shape.width,
        };
        let net = cx.builder.slow_net(&path, &net, grid, shape.channels);
        let net = cx.limited(net)?;
        cx.node(path, Op::Kernel(net)).map(Value::Feature)
    },
};

pub(super) static LOCAL: Operation = Operation {
    name: "local",
    slots: &[
        needed("size", Ty::Int),
        needed("from", Ty::Feature),
        needed("over", Ty::Feature),
        needed("slow", Ty::Slow),
        Slot {
            name: "mixer",
            ty: Ty::Bool,
            default: Some(Default::Bool(true)),
        },
        init("kaiming_normal"),
    ],
    doc: "`gelu(batch_std(mixer(depthwise(over, kernel)))) + bias`: a depthwise convolution of odd `size` whose kernel \
          the slow net makes from the context of `from` (averaged over the batch), then a pointwise mixer (`init`) unless \
          `mixer: false`, batch standardization, GELU and a scalar bias.",
    lower: |cx, args| {
        let (from, over, net) = (args.feature(1)?, args.feature(2)?, slow(args, 3)?);
        let (source, shape) = (cx.builder.shape(from), cx.builder.shape(over));
        let size = cx.whole(args, 0, 1, i64::MAX)?;
        if size.is_multiple_of(2) {
            let diagnostic = Diagnostic::new(
                Code::EvenKernel,
                args.span(0),
                format!("a local kernel of size {size} has no centre"),
            )
            .label("must be odd")
            .help(format!("use {} or {}", size - 1, size + 1));
            cx.report(diagnostic);
            return None;
        }
        let side = shape.height.min(shape.width);
        if size > side {
            let odd = if side.is_multiple_of(2) {
                side.saturating_sub(1)
            } else {
                side
            };
            let diagnostic = Diagnostic::new(
                Code::OversizedKernel,
                args.span(0),
                format!(
                    "a kernel of size {size} is larger than the image of {} x {}",
                    shape.height, shape.width
                ),
            )
            .label("too large")
            .help(format!("use at most {odd}"));
            let diagnostic = cx.operands(diagnostic, &[(over, args.span(2))]);
            cx.report(diagnostic);
            return None;
        }
        if !source.batched || !shape.batched {
            let i = if source.batched { 2 } else { 1 };
            let diagnostic = Diagnostic::new(
                Code::Type,
                args.span(i),
                "`local` works on feature maps of images, this is a kernel",
            )
            .label("the same for every image");
            cx.report(diagnostic);
            return None;
        }
        let path = cx.builder.instance("local");
        let grid = Grid::Plane {
            height: size,
            width: size,
        };
        let slow = cx.builder.slow_net(&path, &net, grid, shape.channels);
        let slow = cx.limited(slow)?;
        let context = cx.builder.context(&path, &net, source.channels);
        let context = cx.limited(context)?;
        let kernel = cx.node(
            format!("{path}_kernel"),
            Op::ContextKernel {
                net: slow,
                context,
                source: from,
            },
        )?;
        let depthwise = cx.node(
            format!("{path}_depthwise"),
            Op::Depthwise { x: over, kernel },
        )?;
        let spec = AffineSpec::fast(init_arg(args, 5)?, Penalty::Fast, Penalty::Fast);
        let mixed = if args.bool(4)? {
            let mixed =
                cx.builder
                    .pointwise(format!("{path}_mixer"), depthwise, shape.channels, spec);
            cx.limited(mixed)?
        } else {
            if args.given(5) {
                let diagnostic = Diagnostic::new(
                    Code::NoEffect,
                    args.span(5),
                    "`init` has no effect without the mixer",
                )
                .help("leave it out");
                cx.report(diagnostic);
            }
            depthwise
        };
        let std = cx.node(
            format!("{path}_std"),
            Op::Standardize {
                x: mixed,
                over: Over::Batch,
            },
        )?;
        let gelu = cx.node(format!("{path}_gelu"), Op::Gelu(std))?;
        let bias = cx.param(
            format!("{path}_bias"),
            vec![1],
            Init::Constant(0.0),
            Penalty::Fast,
        )?;
        cx.node(path, Op::Bias { x: gelu, bias })
            .map(Value::Feature)
    },
};

/// The slow net in a slot.
pub(super) fn slow(args: &Args, i: usize) -> Option<std::rc::Rc<SlowSpec>> {
    match args.value(i) {
        Value::Slow(spec) => Some(spec.clone()),
        _ => None,
    }
}

impl Checker<'_> {
    /// Warns where alpha or beta of a slow net would do nothing: without context.
    pub(super) fn plain(&mut self, net: &SlowSpec, span: crate::model::Span) -> bool {
        let defaults = (ScaleSpec::Constant(1.0), ScaleSpec::Constant(0.1));
        if (net.alpha, net.beta) != defaults {
            let diagnostic = Diagnostic::new(
                Code::NoEffect,
                span,
                "`alpha` and `beta` have no effect here",
            )
            .label("this kernel has no context")
            .help("they weigh the context-dependent part of `local` kernels; leave them out here");
            self.report(diagnostic);
        }
        true
    }
}
