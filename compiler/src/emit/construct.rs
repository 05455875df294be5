//! How emitted structures are made, and how with fresh parameters.

use super::Form;
use super::fields::{FieldKind, Start};
use super::layout::{Expr, tail};
use super::plan::{Block, Choice, Num, Number, Plan};
use super::rust::{Items, SpecView, context_name};
use super::stored::stored;

/// The body of a structure's constructor, which has `device` or `from` and, if instances differ, `size`.
pub(super) fn construct(block: &Block, items: &Items, form: Form) -> String {
    let parameters = block.fields.iter().map(|field| {
        let value = match form {
            Form::Std => fresh(block, &field.kind, items),
            Form::NoStd => stored(block, &field.kind, items),
        };
        (field.name.clone(), Some(value))
    });
    let kept = block.sizes.iter().filter(|size| size.in_body).map(|size| {
        let value = Expr::atom(format!("size.{}", size.name));
        (size.name.clone(), Some(value))
    });
    let fields: Vec<_> = parameters.chain(kept).collect();
    let value = match fields.is_empty() {
        true => Expr::atom("Self"),
        false => Expr::Struct("Self".into(), fields),
    };
    tail(&value, 8)
}

/// Whether a linear map's bias starts at anything but zero.
pub(super) fn has_bias(block: &Block, kind: &FieldKind) -> bool {
    match kind {
        FieldKind::Affine { bias, .. } => !starts_at_zero(block, *bias),
        _ => false,
    }
}

fn starts_at_zero(block: &Block, start: Num) -> bool {
    let zero = Choice::Fixed(Number::Start(Start::Constant(0.0)));
    block.numbers.get(start) == Some(&zero)
}

fn fresh(block: &Block, kind: &FieldKind, items: &Items) -> Expr {
    let value = |n: &Num| chosen(block, *n, items);
    let pair = |a: &Num, b: &Num| Expr::atom(format!("[{}, {}]", value(a), value(b)));
    let atom = |n: &Num| Expr::atom(value(n));
    let device = || Expr::atom("device");
    match kind {
        FieldKind::Affine {
            outputs,
            inputs,
            weight,
            bias,
        } => match starts_at_zero(block, *bias) {
            true => Expr::call(
                "Affine::new",
                vec![pair(outputs, inputs), atom(weight), device()],
            ),
            false => Expr::call(
                "Affine::with_bias",
                vec![pair(outputs, inputs), atom(weight), atom(bias), device()],
            ),
        },
        FieldKind::Scalar { start } => {
            Expr::call("fresh", vec![Expr::atom("[1]"), atom(start), device()])
        }
        FieldKind::Spatial {
            height,
            width,
            start,
        } => Expr::call("fresh", vec![pair(height, width), atom(start), device()]),
        FieldKind::Constant {
            channels,
            height,
            width,
            start,
        } => {
            let sizes = [channels, height, width].map(value).join(", ");
            let sizes = Expr::atom(format!("[1, {sizes}]"));
            Expr::call("fresh", vec![sizes, atom(start), device()])
        }
        FieldKind::Rescale { channels } => {
            Expr::call("Rescale::new", vec![atom(channels), device()])
        }
        FieldKind::Plane {
            spec,
            outputs,
            height,
            width,
        } => Expr::call(
            "SlowPlane::new",
            vec![
                spec_of(block, *spec, items),
                atom(outputs),
                pair(height, width),
                device(),
            ],
        ),
        FieldKind::Line { spec, length } => Expr::call(
            "SlowLine::new",
            vec![spec_of(block, *spec, items), atom(length), device()],
        ),
        FieldKind::Context {
            spec,
            outputs,
            inputs,
            height,
            width,
            alpha,
            beta,
        } => Expr::call(
            format!("{}::new", context_name(*alpha, *beta)),
            vec![
                spec_of(block, *spec, items),
                pair(outputs, inputs),
                pair(height, width),
                pair(&alpha.value, &beta.value),
                device(),
            ],
        ),
        FieldKind::Child {
            block: child,
            sizes,
        } => {
            let name = items.blocks.get(*child).cloned().unwrap_or_default();
            let sizes = child_sizes(block, *child, sizes, items);
            Expr::call(
                format!("{name}::new"),
                sizes.into_iter().chain([device()]).collect(),
            )
        }
    }
}

pub(super) fn child_sizes(
    block: &Block,
    child: usize,
    sizes: &[Num],
    items: &Items,
) -> Option<Expr> {
    if sizes.is_empty() {
        return None;
    }
    let names = items.size_names.get(child).cloned().unwrap_or_default();
    let fields = names
        .into_iter()
        .zip(sizes)
        .map(|(name, n)| match block.numbers.get(*n) {
            Some(Choice::Fixed(Number::Spec(_))) => (name, Some(spec_of(block, *n, items))),
            _ => (name, Some(Expr::atom(chosen(block, *n, items)))),
        });
    let name = items.sizes.get(child).cloned().unwrap_or_default();
    Some(Expr::Struct(format!("&{name}"), fields.collect()))
}

/// A reference to a slow net's specification.
fn spec_of(block: &Block, spec: Num, items: &Items) -> Expr {
    let text = chosen(block, spec, items);
    match block.numbers.get(spec) {
        Some(Choice::Fixed(_)) => Expr::atom(format!("&{text}")),
        _ => Expr::atom(text),
    }
}

/// A number in a constructor.
pub(super) fn chosen(block: &Block, num: Num, items: &Items) -> String {
    match block.numbers.get(num) {
        Some(Choice::Fixed(value)) => number(*value, items),
        Some(Choice::Size(size)) => {
            let name = block.sizes.get(*size).map_or("", |s| s.name.as_str());
            format!("size.{name}")
        }
        None => String::new(),
    }
}

/// A number as Rust.
pub(super) fn number(value: Number, items: &Items) -> String {
    match value {
        Number::Int(n) => n.to_string(),
        Number::Float(x) => float(x),
        Number::Spec(spec) => items.specs.get(spec).cloned().unwrap_or_default(),
        Number::Start(start) => self::start(start),
    }
}

fn start(start: Start) -> String {
    match start {
        Start::Constant(x) => format!("Init::Constant({})", float(x)),
        Start::Uniform(x) => format!("Init::Uniform({})", float(x)),
        Start::Normal(x) => format!("Init::Normal({})", float(x)),
        Start::KaimingUniform => "Init::KaimingUniform".into(),
        Start::KaimingNormal => "Init::KaimingNormal".into(),
    }
}

/// A 64-bit float that reads back as the same.
pub(super) fn float(x: f64) -> String {
    format!("{x:?}")
}

/// The slow nets' constants.
pub(super) fn specs(plan: &Plan, items: &Items) -> Vec<SpecView> {
    let specs = plan.specs.iter().zip(&items.specs);
    let views = specs.map(|(spec, name)| {
        let concentrations: Vec<String> = spec.concentrations.iter().map(|c| float(*c)).collect();
        SpecView {
            name: name.clone(),
            hidden: spec.hidden,
            omega: float(spec.omega),
            concentrations: concentrations.join(", "),
            weight: start(spec.weight),
            bias: float(spec.bias),
        }
    });
    views.collect()
}
