//! The statements of an emitted forward pass, in the model's order.

use std::collections::HashMap;

use super::EmitOptions;
use super::construct::float;
use super::layout::{self, binding, tail};
use super::names::{Names, RUST_KEYWORDS, snake};
use super::plan::{Block, Choice, Expr, Local, Num, Number};
use super::support;
use super::text::comment;

/// A forward pass.
pub(super) struct Body {
    /// Names of its inputs.
    pub inputs: Vec<String>,
    /// Its statements and its value.
    pub text: String,
}

/// Writes the body of a structure's forward pass; the model's also flattens its result to `[N, classes]`.
pub(super) fn body(block: &Block, is_model: bool, options: &EmitOptions<'_>) -> Body {
    let functions = support::reserved();
    let mut names = Names::reserving(RUST_KEYWORDS.iter().copied().chain(functions));
    let mut known: HashMap<Local, String> = HashMap::new();
    for (i, input) in block.inputs.iter().enumerate() {
        known.insert(Local::Input(i), names.allocate(&snake(input)));
    }
    let inputs = (0..block.inputs.len()).filter_map(|i| known.get(&Local::Input(i)).cloned());
    let inputs = inputs.collect();
    let mut left = uses(block);
    let mut text = String::new();
    let mut quoted_last = None;
    for (i, statement) in block.statements.iter().enumerate() {
        let wanted = match statement.name.as_str() {
            "" => "output".to_owned(),
            name => snake(name),
        };
        let name = names.allocate(&wanted);
        if quoted_last != Some(statement.span) {
            let same = block.statements.iter().skip(i);
            let last = same.take_while(|s| s.span == statement.span).last();
            let author = last.filter(|s| s.named).map(|s| s.name.as_str());
            let place = comment(options.sources, author, statement.span);
            text += &format!("        // {place}\n");
            quoted_last = Some(statement.span);
        }
        let mut read = |local: Local| read(local, &known, &mut left);
        let value = expression(block, &statement.expr, &mut read);
        text += &binding(&name, &value, 8);
        known.insert(Local::Result(i), name);
    }
    if let Some(result) = block.result {
        let result = known.get(&result).cloned().unwrap_or_default();
        let value = match is_model {
            true => layout::Expr::Method(
                result,
                "reshape".into(),
                vec![layout::Expr::atom("[-1, Self::CLASSES as i32]")],
            ),
            false => layout::Expr::atom(result),
        };
        text += &tail(&value, 8);
    }
    Body { inputs, text }
}

/// How often each value is read.
fn uses(block: &Block) -> HashMap<Local, usize> {
    let mut uses = HashMap::new();
    let operands = block.statements.iter().flat_map(|s| s.expr.operands());
    for local in operands.chain(block.result) {
        *uses.entry(local).or_default() += 1;
    }
    uses
}

/// A value, cloned unless this is its last use.
fn read(
    local: Local,
    known: &HashMap<Local, String>,
    left: &mut HashMap<Local, usize>,
) -> layout::Expr {
    let name = known.get(&local).cloned().unwrap_or_default();
    let left = left.entry(local).or_insert(1);
    *left = left.saturating_sub(1);
    match *left {
        0 => layout::Expr::Atom(name),
        _ => layout::Expr::Atom(format!("{name}.clone()")),
    }
}

fn expression(
    block: &Block,
    expr: &Expr,
    read: &mut impl FnMut(Local) -> layout::Expr,
) -> layout::Expr {
    use layout::Expr as E;
    let field = |i: &usize| {
        let name = block.fields.get(*i).map_or("", |f| f.name.as_str());
        format!("self.{name}")
    };
    let value = |i: &usize| E::atom(format!("{}.val()", field(i)));
    let method = |i: &usize, name: &str, arguments| E::Method(field(i), name.into(), arguments);
    let number = |n: &Num| E::atom(number(block, *n));
    match expr {
        Expr::Kernel { field } => method(field, "kernel", vec![]),
        Expr::ContextKernel { field, source } => method(field, "kernel", vec![read(*source)]),
        Expr::Constant { field } => value(field),
        Expr::Add(a, b) => E::Binary(Box::new(read(*a)), "+", Box::new(read(*b))),
        Expr::Mul(a, b) => E::Binary(Box::new(read(*a)), "*", Box::new(read(*b))),
        Expr::MatMul(a, b) => E::call("Tensor::matmul", vec![read(*a), read(*b)]),
        Expr::Pointwise { field, x } => method(field, "forward", vec![read(*x)]),
        Expr::Depthwise { x, kernel } => E::call("depthwise", vec![read(*x), read(*kernel)]),
        Expr::StandardizeInstance(x) => E::call("standardize_instance", vec![read(*x)]),
        Expr::StandardizeBatch(x) => E::call("standardize_batch", vec![read(*x)]),
        Expr::StandardizeGroups { x, groups } => {
            E::call("standardize_groups", vec![read(*x), number(groups)])
        }
        Expr::StandardizeScaled { x, scale } => {
            E::call("standardize_scaled", vec![read(*x), read(*scale)])
        }
        Expr::StandardizeOdd { x, groups } => {
            E::call("standardize_odd", vec![read(*x), number(groups)])
        }
        Expr::Rescale { field, x } => method(field, "forward", vec![read(*x)]),
        Expr::Gelu(x) => E::call("gelu", vec![read(*x)]),
        Expr::Sigmoid(x) => E::call("sigmoid", vec![read(*x)]),
        Expr::BiasScalar { field, x } => E::call("bias_scalar", vec![read(*x), value(field)]),
        Expr::BiasSpatial { field, x } => E::call("bias_spatial", vec![read(*x), value(field)]),
        Expr::Concat(parts) => {
            let parts = parts.iter().map(|part| read(*part)).collect();
            E::call("concat", vec![E::Vec(parts)])
        }
        Expr::Tile { x, times } => E::call("tile", vec![read(*x), number(times)]),
        Expr::ChannelMean(x) => E::call("channel_mean", vec![read(*x)]),
        Expr::SpatialMean(x) => E::call("spatial_mean", vec![read(*x)]),
        Expr::Dropout { x, rate } => E::call("dropout_channels", vec![read(*x), number(rate)]),
        Expr::Call { field, inputs } => {
            let inputs = inputs.iter().map(|x| read(*x)).collect();
            method(field, "forward", inputs)
        }
    }
}

/// A number in a body: a literal, or a field that remembers it.
fn number(block: &Block, num: Num) -> String {
    match block.numbers.get(num) {
        Some(Choice::Fixed(Number::Int(n))) => n.to_string(),
        Some(Choice::Fixed(Number::Float(x))) => float(*x),
        Some(Choice::Size(size)) => {
            let name = block.sizes.get(*size).map_or("", |s| s.name.as_str());
            format!("self.{name}")
        }
        // Nothing else occurs in a body.
        Some(Choice::Fixed(Number::Spec(_) | Number::Start(_))) | None => String::new(),
    }
}
