//! The gated unit, activations, biases and dropout.

use super::{Operation, init, init_arg};
use crate::check::builder::AffineSpec;
use crate::check::signature::needed;
use crate::check::value::{Ty, Value};
use crate::model::{Init, Op, Over, Penalty};

pub(super) static RGU: Operation = Operation {
    name: "rgu",
    slots: &[needed("x", Ty::Feature), init("kaiming_uniform")],
    doc: "Recursive gated unit: `y(gelu(instance_std(k(x) * q(v(x)))) + spatial_bias)` with pointwise `k`, `v`, `q`, `y` \
          that keep the channels.",
    lower: |cx, args| {
        let x = args.feature(0)?;
        let shape = cx.builder.shape(x);
        let spec = AffineSpec::fast(init_arg(args, 1)?, Penalty::Slow, Penalty::None);
        let path = cx.builder.instance("rgu");
        let part = |cx: &mut crate::check::Checker<'_>, name: &str, x| {
            let result = cx
                .builder
                .pointwise(format!("{path}_{name}"), x, shape.channels, spec);
            cx.limited(result)
        };
        let k = part(cx, "k", x)?;
        let v = part(cx, "v", x)?;
        let q = part(cx, "q", v)?;
        let gate = cx.node(format!("{path}_gate"), Op::Mul(k, q))?;
        let std = cx.node(
            format!("{path}_std"),
            Op::Standardize {
                x: gate,
                over: Over::Instance,
            },
        )?;
        let gelu = cx.node(format!("{path}_gelu"), Op::Gelu(std))?;
        let bias = cx.param(
            format!("{path}_bias"),
            vec![shape.height, shape.width],
            Init::Constant(0.0),
            Penalty::None,
        )?;
        let biased = cx.node(format!("{path}_biased"), Op::Bias { x: gelu, bias })?;
        part(cx, "y", biased).map(Value::Feature)
    },
};

pub(super) static SI_GLU: Operation = Operation {
    name: "si_glu",
    slots: &[needed("x", Ty::Feature)],
    doc: "Self-gated linear unit: `sigmoid(x) * x`.",
    lower: |cx, args| {
        let x = args.feature(0)?;
        let path = cx.builder.instance("si_glu");
        let gate = cx.node(format!("{path}_gate"), Op::Sigmoid(x))?;
        cx.node(path, Op::Mul(gate, x)).map(Value::Feature)
    },
};

pub(super) static GELU: Operation = Operation {
    name: "gelu",
    slots: &[needed("x", Ty::Feature)],
    doc: "`x * Phi(x)` with the normal distribution function Phi (exact, by erf).",
    lower: |cx, args| {
        let path = cx.builder.instance("gelu");
        cx.node(path, Op::Gelu(args.feature(0)?))
            .map(Value::Feature)
    },
};

pub(super) static SIGMOID: Operation = Operation {
    name: "sigmoid",
    slots: &[needed("x", Ty::Feature)],
    doc: "`1 / (1 + exp(-x))`.",
    lower: |cx, args| {
        let path = cx.builder.instance("sigmoid");
        cx.node(path, Op::Sigmoid(args.feature(0)?))
            .map(Value::Feature)
    },
};

pub(super) static BIAS: Operation = Operation {
    name: "bias",
    slots: &[needed("x", Ty::Feature)],
    doc: "Adds one trained scalar, zero at the start.",
    lower: |cx, args| {
        let path = cx.builder.instance("bias");
        let bias = cx.param(path.clone(), vec![1], Init::Constant(0.0), Penalty::None)?;
        cx.node(
            path,
            Op::Bias {
                x: args.feature(0)?,
                bias,
            },
        )
        .map(Value::Feature)
    },
};

pub(super) static SPATIAL_BIAS: Operation = Operation {
    name: "spatial_bias",
    slots: &[needed("x", Ty::Feature)],
    doc: "Adds one trained scalar per position, zero at the start, the same for all channels.",
    lower: |cx, args| {
        let x = args.feature(0)?;
        let shape = cx.builder.shape(x);
        let path = cx.builder.instance("spatial_bias");
        let bias = cx.param(
            path.clone(),
            vec![shape.height, shape.width],
            Init::Constant(0.0),
            Penalty::None,
        )?;
        cx.node(path, Op::Bias { x, bias }).map(Value::Feature)
    },
};

pub(super) static DROPOUT: Operation = Operation {
    name: "dropout",
    slots: &[needed("x", Ty::Feature), needed("rate", Ty::Float)],
    doc: "In training, zeroes whole channels of single images with probability `rate` and scales the others by \
          `1 / (1 - rate)`; otherwise nothing. A rate of 0 adds nothing to the network.",
    lower: |cx, args| {
        let (x, rate) = (args.feature(0)?, cx.fraction(args, 1)?);
        if rate == 0.0 {
            return Some(Value::Feature(x));
        }
        let path = cx.builder.instance("dropout");
        cx.node(path, Op::Dropout { x, rate }).map(Value::Feature)
    },
};
