//! The parameters of a scope as fields of its structure, named so that field paths are parameter paths.

use std::collections::HashMap;

use super::plan::{Draft, Num, Number, Plan, Spec};
use crate::model::{
    Affine, Context, Grid, Init, Model, NodeId, Op, ParamId, Scale, ScopeId, SlowNet, Span,
};

/// A distribution of fresh values; gains are relative to `1 / sqrt(fan in)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Start {
    Constant(f64),
    Uniform(f64),
    Normal(f64),
    /// `Uniform(sqrt(3))`
    KaimingUniform,
    /// `Normal(sqrt(2))`
    KaimingNormal,
}

/// One field of a structure.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The last part of its path.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// The source it comes from.
    pub span: Span,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FieldKind {
    /// Weight `[outputs, inputs]` and bias `[outputs]`.
    Affine {
        outputs: Num,
        inputs: Num,
        weight: Num,
        bias: Num,
    },
    /// `[1]`
    Scalar { start: Num },
    /// `[height, width]`
    Spatial { height: Num, width: Num, start: Num },
    /// A stored value `[1, channels, height, width]`.
    Constant {
        channels: Num,
        height: Num,
        width: Num,
        start: Num,
    },
    /// Scale and shift `[channels]`.
    Rescale { channels: Num },
    /// A slow net over a plane.
    Plane {
        spec: Num,
        outputs: Num,
        height: Num,
        width: Num,
    },
    /// A slow net over a line.
    Line { spec: Num, length: Num },
    /// A slow net over a plane that reads an activation of `inputs` channels.
    Context {
        spec: Num,
        outputs: Num,
        inputs: Num,
        height: Num,
        width: Num,
        alpha: Factor,
        beta: Factor,
    },
    /// An instance of a structure, by its index, and the values of that structure's sizes.
    Child { block: usize, sizes: Vec<Num> },
}

/// A factor of a context path: its (first) value, and whether it is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Factor {
    pub value: Num,
    pub trained: bool,
}

/// Adds the fields of a node's parameters and notes which field each parameter belongs to.
pub(super) fn fields(
    model: &Model,
    scope: ScopeId,
    id: NodeId,
    plan: &mut Plan,
    draft: &mut Draft,
    owners: &mut HashMap<ParamId, usize>,
) {
    let node = &model[id];
    let owner = |p: ParamId| model[p].path.clone();
    let (path, kind) = match &node.op {
        Op::Pointwise { affine, .. } => {
            let path = owner(affine.weight);
            let path = path.trim_end_matches(".weight");
            let field = local_name(model, scope, path);
            (
                field.clone(),
                pointwise(model, scope, affine, draft, &field),
            )
        }
        Op::Bias { bias, .. } => {
            let field = local_name(model, scope, &owner(*bias));
            (field.clone(), bias_kind(model, *bias, draft, &field))
        }
        Op::Constant(value) => {
            let field = local_name(model, scope, &owner(*value));
            let kind = constant(model, scope, *value, draft, &field);
            (field, kind)
        }
        Op::Rescale { scale, .. } => {
            let path = owner(*scale);
            let field = local_name(model, scope, path.trim_end_matches(".scale"));
            let channels = node.shape.channels;
            let channels = int(draft, model, scope, channels, format!("{field}_channels"));
            (field, FieldKind::Rescale { channels })
        }
        Op::Kernel(net) => {
            let field = slow_name(model, scope, net);
            (
                field.clone(),
                slow(model, scope, net, None, plan, draft, &field),
            )
        }
        Op::ContextKernel { net, context, .. } => {
            let field = slow_name(model, scope, net);
            let kind = slow(model, scope, net, Some(context), plan, draft, &field);
            (field, kind)
        }
        _ => return,
    };
    let index = draft.block.fields.len();
    draft.block.fields.push(Field {
        name: path,
        kind,
        span: node.span,
    });
    owners.extend(node.op.params().into_iter().map(|p| (p, index)));
}

/// A path without its scope; empty for the scope's own.
pub(super) fn local_name(model: &Model, scope: ScopeId, path: &str) -> String {
    let prefix = model[scope].name.as_str();
    match path.strip_prefix(prefix) {
        Some("") => String::new(),
        Some(local) if prefix.is_empty() => local.to_owned(),
        Some(local) => local.strip_prefix('.').unwrap_or(path).to_owned(),
        None => path.to_owned(),
    }
}

fn slow_name(model: &Model, scope: ScopeId, net: &SlowNet) -> String {
    let path = &model[net.output.weight].path;
    local_name(model, scope, path.trim_end_matches(".output.weight"))
}

fn int(draft: &mut Draft, model: &Model, scope: ScopeId, value: usize, hint: String) -> Num {
    let scope = &model[scope];
    let channels = |id: NodeId| model[id].shape.channels;
    let hint = if scope.inputs.first().is_some_and(|x| channels(*x) == value) {
        "channels".to_owned()
    } else if channels(scope.result) == value {
        "output_channels".to_owned()
    } else {
        hint
    };
    draft.number(Number::Int(value), super::names::snake(&hint))
}

fn pointwise(
    model: &Model,
    scope: ScopeId,
    affine: &Affine,
    draft: &mut Draft,
    field: &str,
) -> FieldKind {
    let (outputs, inputs) = sizes(model, affine.weight);
    let weight = start(model[affine.weight].init, inputs);
    let bias = start(model[affine.bias].init, inputs);
    FieldKind::Affine {
        outputs: int(draft, model, scope, outputs, format!("{field}_outputs")),
        inputs: int(draft, model, scope, inputs, format!("{field}_inputs")),
        weight: draft.number(Number::Start(weight), format!("{field}_weight")),
        bias: draft.number(Number::Start(bias), format!("{field}_bias")),
    }
}

fn bias_kind(model: &Model, bias: ParamId, draft: &mut Draft, field: &str) -> FieldKind {
    let param = &model[bias];
    let number = start(param.init, 1);
    let start = draft.number(Number::Start(number), format!("{field}_start"));
    match param.shape.as_slice() {
        [height, width] => FieldKind::Spatial {
            height: draft.number(Number::Int(*height), format!("{field}_height")),
            width: draft.number(Number::Int(*width), format!("{field}_width")),
            start,
        },
        _ => FieldKind::Scalar { start },
    }
}

fn constant(
    model: &Model,
    scope: ScopeId,
    value: ParamId,
    draft: &mut Draft,
    field: &str,
) -> FieldKind {
    let param = &model[value];
    let number = start(param.init, 1);
    let start = draft.number(Number::Start(number), format!("{field}_start"));
    let size = |i: usize| param.shape.get(i).copied().unwrap_or(1);
    FieldKind::Constant {
        channels: int(draft, model, scope, size(1), format!("{field}_channels")),
        height: draft.number(Number::Int(size(2)), format!("{field}_height")),
        width: draft.number(Number::Int(size(3)), format!("{field}_width")),
        start,
    }
}

fn slow(
    model: &Model,
    scope: ScopeId,
    net: &SlowNet,
    context: Option<&Context>,
    plan: &mut Plan,
    draft: &mut Draft,
    field: &str,
) -> FieldKind {
    let spec = specification(model, net);
    let known = plan.specs.iter().position(|s| *s == spec);
    let spec = known.unwrap_or_else(|| {
        plan.specs.push(spec);
        plan.specs.len() - 1
    });
    let spec = draft.number(Number::Spec(spec), format!("{field}_net"));
    let (height, width) = match net.grid {
        Grid::Line { length } => {
            let length = int(draft, model, scope, length, format!("{field}_length"));
            return FieldKind::Line { spec, length };
        }
        Grid::Plane { height, width } => (height, width),
    };
    let outputs = int(draft, model, scope, net.outputs, format!("{field}_outputs"));
    let height = draft.number(Number::Int(height), format!("{field}_height"));
    let width = draft.number(Number::Int(width), format!("{field}_width"));
    let Some(context) = context else {
        return FieldKind::Plane {
            spec,
            outputs,
            height,
            width,
        };
    };
    let (_, inputs) = sizes(model, context.reduce.weight);
    FieldKind::Context {
        spec,
        outputs,
        inputs: int(draft, model, scope, inputs, format!("{field}_inputs")),
        height,
        width,
        alpha: factor(model, context.alpha, draft, format!("{field}_alpha")),
        beta: factor(model, context.beta, draft, format!("{field}_beta")),
    }
}

fn factor(model: &Model, scale: Scale, draft: &mut Draft, hint: String) -> Factor {
    let (value, trained) = match scale {
        Scale::Constant(value) => (value, false),
        Scale::Trained(id) => match model[id].init {
            Init::Constant(value) => (value, true),
            _ => (1.0, true),
        },
    };
    let value = draft.number(Number::Float(value), hint);
    Factor { value, trained }
}

/// What distinguishes one slow net's construction from another's, apart from its outputs and positions.
fn specification(model: &Model, net: &SlowNet) -> Spec {
    let filters = net.filters.iter().map(|f| model[f.weight].init);
    let (scales, concentrations): (Vec<f64>, Vec<f64>) = filters
        .map(|init| match init {
            Init::Filter {
                scale,
                concentration,
                ..
            } => (scale, concentration),
            _ => (1.0, 1.0),
        })
        .unzip();
    let layers = net
        .linears
        .first()
        .map(|l| (model[l.weight].init, model[l.bias].init));
    // A net without hidden layers tells its distribution by its output alone, where the positions are worked in.
    let (weight, bias) = match layers {
        Some((weight, Init::Constant(bias))) => (start(weight, net.hidden), bias),
        Some((weight, _)) => (start(weight, net.hidden), 0.0),
        None => {
            let positions = (net.grid.positions() as f64).sqrt();
            let weight = scaled(model[net.output.weight].init, positions);
            (start(weight, net.hidden), 0.0)
        }
    };
    Spec {
        hidden: net.hidden,
        omega: tidy(scales.first().copied().unwrap_or(1.0) / std::f64::consts::TAU),
        concentrations: concentrations.into_iter().map(tidy).collect(),
        weight,
        bias,
    }
}

fn scaled(init: Init, factor: f64) -> Init {
    match init {
        Init::Constant(x) => Init::Constant(x * factor),
        Init::Uniform { bound } => Init::Uniform {
            bound: bound * factor,
        },
        Init::Normal { std } => Init::Normal { std: std * factor },
        Init::Filter { .. } => init,
    }
}

/// A distribution relative to its fan.
fn start(init: Init, inputs: usize) -> Start {
    let fan = (inputs as f64).sqrt();
    match init {
        Init::Constant(value) => Start::Constant(value),
        Init::Uniform { bound } => match tidy(bound * fan) {
            gain if gain == tidy(3f64.sqrt()) => Start::KaimingUniform,
            gain => Start::Uniform(gain),
        },
        Init::Normal { std } => match tidy(std * fan) {
            gain if gain == tidy(2f64.sqrt()) => Start::KaimingNormal,
            gain => Start::Normal(gain),
        },
        // Only filters have it, and they are described by their net.
        Init::Filter { bound, .. } => Start::Uniform(tidy(bound * fan)),
    }
}

/// Rounded to 12 decimals, which rids a gain of the fan's rounding.
fn tidy(x: f64) -> f64 {
    (x * 1e12).round() / 1e12
}

fn sizes(model: &Model, weight: ParamId) -> (usize, usize) {
    match model[weight].shape.as_slice() {
        [outputs, inputs] => (*outputs, *inputs),
        _ => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, compile};

    /// Emitted constructors know a slow net by its specification alone: that must say how each of its parameters starts.
    fn explains(model: &Model, net: &SlowNet, context: Option<&Context>) {
        let spec = specification(model, net);
        let init = |p: ParamId| model[p].init;
        let zero = Init::Constant(0.0);
        assert_eq!(spec.concentrations.len(), net.filters.len());
        for (filter, concentration) in net.filters.iter().zip(&spec.concentrations) {
            let Init::Filter {
                bound,
                scale,
                concentration: found,
            } = init(filter.weight)
            else {
                panic!("not a filter");
            };
            assert_eq!(tidy(bound), tidy(1.0 / (net.grid.dims() as f64).sqrt()));
            assert_eq!(tidy(scale / std::f64::consts::TAU), spec.omega);
            assert_eq!(tidy(found), *concentration);
            assert_eq!(init(filter.bias), zero);
        }
        let layers = context.map_or(&[][..], |c| &c.layers);
        for linear in net.linears.iter().chain(layers) {
            assert_eq!(start(init(linear.weight), net.hidden), spec.weight);
            assert_eq!(init(linear.bias), Init::Constant(spec.bias));
        }
        let output = scaled(
            init(net.output.weight),
            (net.grid.positions() as f64).sqrt(),
        );
        assert_eq!(start(output, net.hidden), spec.weight);
        assert_eq!(init(net.output.bias), zero);
        assert_eq!(init(net.bias), zero);
        for map in context.into_iter().flat_map(|c| [&c.reduce, &c.fc1]) {
            let (_, inputs) = sizes(model, map.weight);
            assert_eq!(start(init(map.weight), inputs), Start::Uniform(1.0));
            assert_eq!(start(init(map.bias), inputs), Start::Uniform(1.0));
        }
    }

    #[test]
    fn specifications_explain_every_initial_distribution() {
        let mut nets = 0;
        for file in ["cifar10", "digits", "tiny", "paper", "ablations/kernels"] {
            let path = format!("{}/../examples/{file}.term", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).unwrap();
            let model = compile(file, &text, &Options::default()).model.unwrap();
            for node in &model.nodes {
                match &node.op {
                    Op::Kernel(net) => explains(&model, net, None),
                    Op::ContextKernel { net, context, .. } => explains(&model, net, Some(context)),
                    _ => continue,
                }
                nets += 1;
            }
        }
        assert!(nets > 50);
    }
}
