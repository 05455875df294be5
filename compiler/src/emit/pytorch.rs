//! The PyTorch target: a plan becomes a view of Python lines, and a template prints it.

use std::collections::HashMap;

use serde::Serialize;
use tera::{Context, Tera};

use super::fields::{Field, FieldKind, Start};
use super::names::{MODULE_RESERVED, Names, PYTHON_RESERVED, camel, snake};
use super::plan::{Block, Choice, Expr, Local, Num, Number, Plan};
use super::text::{comment, file_name};
use super::{EmitOptions, INPUT, LOGITS};
use crate::model::Model;

const TEMPLATE: &str = include_str!("templates/pytorch/file.py.tera");

#[derive(Serialize)]
struct View {
    header: String,
    classes: usize,
    input: String,
    parameters: u64,
    /// Whether it is frozen.
    frozen: bool,
    specs: Vec<SpecView>,
    blocks: Vec<BlockView>,
    model: String,
    /// The weight file beside the source, as a Python literal; empty without one.
    weights: String,
    /// The file that the self-check reads, likewise.
    check: String,
    /// Names in that file.
    input_name: &'static str,
    logits_name: &'static str,
}

#[derive(Serialize)]
struct SpecView {
    name: String,
    hidden: usize,
    omega: String,
    concentrations: String,
    weight: String,
    bias: String,
}

#[derive(Serialize)]
struct BlockView {
    name: String,
    doc: String,
    /// Arguments of its constructor.
    sizes: Vec<String>,
    /// Statements of its constructor.
    fields: Vec<String>,
    /// Arguments of its forward pass; empty if it has none.
    inputs: String,
    forward_doc: &'static str,
    body: Vec<String>,
}

/// Global names.
struct Items {
    blocks: Vec<String>,
    specs: Vec<String>,
    size_names: Vec<Vec<String>>,
}

/// The whole file.
#[allow(
    clippy::expect_used,
    reason = "the template is a constant, rendered by the tests of this crate"
)]
pub(super) fn source(model: &Model, plan: &Plan, options: &EmitOptions<'_>) -> String {
    let items = items(model, plan);
    let [channels, height, width] = model.input;
    let blocks = plan.blocks.iter().enumerate();
    let view = View {
        header: docstring(&format!(
            "`{}`, emitted by termc {} from `{}`.",
            model.name,
            env!("CARGO_PKG_VERSION"),
            file_name(options.sources)
        )),
        classes: model.classes,
        input: format!("({channels}, {height}, {width})"),
        parameters: model.parameter_count(),
        frozen: model.frozen,
        specs: specs(plan, &items),
        blocks: blocks
            .map(|(i, b)| block(model, plan, &items, i, b, options))
            .collect(),
        model: items.blocks.last().cloned().unwrap_or_default(),
        weights: options
            .beside
            .map(|b| literal(b.weights))
            .unwrap_or_default(),
        check: options
            .beside
            .and_then(|b| b.check)
            .map(literal)
            .unwrap_or_default(),
        input_name: INPUT,
        logits_name: LOGITS,
    };
    let mut tera = Tera::default();
    tera.add_raw_template("file.py", TEMPLATE)
        .expect("the template is well-formed");
    let context = Context::from_serialize(&view).expect("a view is a map");
    tera.render("file.py", &context)
        .expect("the template mentions only what the view has")
}

/// A text as a Python literal: JSON's escapes are Python's too.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn items(model: &Model, plan: &Plan) -> Items {
    let mut names = Names::reserving(PYTHON_RESERVED.iter().copied());
    let of_model = names.allocate_type(&camel(&model.name));
    let inner = plan.blocks.len().saturating_sub(1);
    let inner = plan.blocks.iter().take(inner);
    let blocks = inner.map(|b| names.allocate_type(&camel(&b.name)));
    let mut blocks: Vec<String> = blocks.collect();
    blocks.push(of_model);
    let specs = plan.specs.iter().map(|spec| {
        let layers = spec.concentrations.len().saturating_sub(1);
        names.allocate(&format!("SLOW_{}_{layers}", spec.hidden))
    });
    Items {
        specs: specs.collect(),
        blocks,
        size_names: plan.blocks.iter().map(size_names).collect(),
    }
}

fn size_names(block: &Block) -> Vec<String> {
    let mut names = Names::reserving(PYTHON_RESERVED.iter().copied());
    let sizes = block.sizes.iter().map(|size| names.allocate(&size.name));
    sizes.collect()
}

fn specs(plan: &Plan, items: &Items) -> Vec<SpecView> {
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

fn float(x: f64) -> String {
    format!("{x:?}")
}

fn start(start: Start) -> String {
    match start {
        Start::Constant(x) => format!("(\"constant\", {})", float(x)),
        Start::Uniform(x) => format!("(\"uniform\", {})", float(x)),
        Start::Normal(x) => format!("(\"normal\", {})", float(x)),
        Start::KaimingUniform => "(\"uniform\", math.sqrt(3))".into(),
        Start::KaimingNormal => "(\"normal\", math.sqrt(2))".into(),
    }
}

fn block(
    model: &Model,
    plan: &Plan,
    items: &Items,
    index: usize,
    block: &Block,
    options: &EmitOptions<'_>,
) -> BlockView {
    let is_model = index + 1 == plan.blocks.len();
    let doc = match (is_model, model.doc.is_empty(), block.doc.is_empty()) {
        (true, false, _) => &model.doc,
        (_, _, false) => &block.doc,
        (true, ..) => &format!("The network `{}`.", model.name),
        _ => &format!("The block `{}`.", block.name),
    };
    let one = Structure {
        block,
        items,
        sizes: items.size_names.get(index).map_or(&[], Vec::as_slice),
    };
    let kept = block.sizes.iter().zip(one.sizes);
    let kept = kept
        .filter(|(size, _)| size.in_body)
        .map(|(_, name)| format!("self.{name} = {name}"));
    let (inputs, body) = one.body(is_model, options);
    BlockView {
        name: items.blocks.get(index).cloned().unwrap_or_default(),
        doc: docstring(&doc.split_whitespace().collect::<Vec<_>>().join(" ")),
        sizes: one.sizes.to_vec(),
        fields: one.fields().chain(kept).collect(),
        inputs: match block.result {
            Some(_) => inputs.join(", "),
            None => String::new(),
        },
        forward_doc: match is_model {
            true => "The logits `[N, CLASSES]` of images `[N, channels, height, width]`.",
            false => "From and to feature maps `[N, channels, height, width]`.",
        },
        body,
    }
}

/// One structure while its class is written.
struct Structure<'a> {
    block: &'a Block,
    items: &'a Items,
    sizes: &'a [String],
}

impl Structure<'_> {
    /// A number: a literal, or an argument of the constructor.
    fn number(&self, num: Num) -> String {
        match self.block.numbers.get(num) {
            Some(Choice::Fixed(Number::Int(n))) => n.to_string(),
            Some(Choice::Fixed(Number::Float(x))) => float(*x),
            Some(Choice::Fixed(Number::Spec(i))) => {
                self.items.specs.get(*i).cloned().unwrap_or_default()
            }
            Some(Choice::Fixed(Number::Start(s))) => start(*s),
            Some(Choice::Size(size)) => self.sizes.get(*size).cloned().unwrap_or_default(),
            None => String::new(),
        }
    }

    /// A number in the forward pass, where what differs between instances is an attribute.
    fn body_number(&self, num: Num) -> String {
        match self.block.numbers.get(num) {
            Some(Choice::Size(_)) => format!("self.{}", self.number(num)),
            _ => self.number(num),
        }
    }

    /// The statements that make the fields.
    fn fields(&self) -> impl Iterator<Item = String> {
        let fields = self.block.fields.iter();
        fields.map(|field| format!("{} = {}", attribute(field), self.fresh(&field.kind)))
    }

    fn fresh(&self, kind: &FieldKind) -> String {
        let n = |num: &Num| self.number(*num);
        match kind {
            FieldKind::Affine {
                outputs,
                inputs,
                weight,
                bias,
            } => {
                let zero = Choice::Fixed(Number::Start(Start::Constant(0.0)));
                let bias = match self.block.numbers.get(*bias) {
                    Some(start) if *start == zero => String::new(),
                    _ => format!(", {}", n(bias)),
                };
                format!("Affine({}, {}, {}{bias})", n(outputs), n(inputs), n(weight))
            }
            FieldKind::Scalar { start } => format!("fresh((1,), {})", n(start)),
            FieldKind::Spatial {
                height,
                width,
                start,
            } => format!("fresh(({}, {}), {})", n(height), n(width), n(start)),
            FieldKind::Constant {
                channels,
                height,
                width,
                start,
            } => {
                let sizes = [channels, height, width].map(n).join(", ");
                format!("fresh((1, {sizes}), {})", n(start))
            }
            FieldKind::Rescale { channels } => format!("Rescale({})", n(channels)),
            FieldKind::Plane {
                spec,
                outputs,
                height,
                width,
            } => format!(
                "SlowNet({}, {}, ({}, {}))",
                n(spec),
                n(outputs),
                n(height),
                n(width)
            ),
            FieldKind::Line { spec, length } => {
                format!("SlowNet({}, 1, ({},))", n(spec), n(length))
            }
            FieldKind::Context {
                spec,
                outputs,
                inputs,
                height,
                width,
                alpha,
                beta,
            } => {
                let bool = |b: bool| if b { "True" } else { "False" };
                format!(
                    "SlowNet({}, {}, ({}, {}), {}, ({}, {}), ({}, {}))",
                    n(spec),
                    n(outputs),
                    n(height),
                    n(width),
                    n(inputs),
                    n(&alpha.value),
                    n(&beta.value),
                    bool(alpha.trained),
                    bool(beta.trained)
                )
            }
            FieldKind::Child { block, sizes } => {
                let names = self.items.size_names.get(*block);
                let names = names.into_iter().flatten();
                let arguments: Vec<String> = names
                    .zip(sizes)
                    .map(|(name, size)| format!("{name}={}", n(size)))
                    .collect();
                let name = self.items.blocks.get(*block).map_or("", String::as_str);
                format!("{name}({})", arguments.join(", "))
            }
        }
    }

    /// The arguments and statements of the forward pass.
    fn body(&self, is_model: bool, options: &EmitOptions<'_>) -> (Vec<String>, Vec<String>) {
        let mut names = Names::reserving(PYTHON_RESERVED.iter().copied());
        let mut known: HashMap<Local, String> = HashMap::new();
        let inputs: Vec<String> = self
            .block
            .inputs
            .iter()
            .map(|x| names.allocate(&snake(x)))
            .collect();
        known.extend(
            inputs
                .iter()
                .enumerate()
                .map(|(i, x)| (Local::Input(i), x.clone())),
        );
        let mut lines = vec![];
        let mut quoted = None;
        let statements = &self.block.statements;
        for (i, statement) in statements.iter().enumerate() {
            if quoted != Some(statement.span) {
                let same = statements.iter().skip(i);
                let last = same.take_while(|s| s.span == statement.span).last();
                let author = last.filter(|s| s.named).map(|s| s.name.as_str());
                let place = comment(options.sources, author, statement.span);
                lines.push(format!("# {place}"));
                quoted = Some(statement.span);
            }
            let wanted = match statement.name.as_str() {
                "" => "output".to_owned(),
                name => snake(name),
            };
            let name = names.allocate(&wanted);
            lines.push(format!(
                "{name} = {}",
                self.expression(&statement.expr, &known)
            ));
            known.insert(Local::Result(i), name);
        }
        if let Some(result) = self.block.result.and_then(|r| known.get(&r)) {
            let flat = if is_model { ".flatten(1)" } else { "" };
            lines.push(format!("return {result}{flat}"));
        }
        (inputs, lines)
    }

    fn expression(&self, expr: &Expr, known: &HashMap<Local, String>) -> String {
        let x = |local: &Local| known.get(local).cloned().unwrap_or_default();
        let list = |all: &[Local]| all.iter().map(x).collect::<Vec<_>>().join(", ");
        let field = |i: &usize| self.block.fields.get(*i).map(attribute).unwrap_or_default();
        let n = |num: &Num| self.body_number(*num);
        match expr {
            Expr::Kernel { field: f } => format!("{}.kernel()", field(f)),
            Expr::ContextKernel { field: f, source } => {
                format!("{}.kernel({})", field(f), x(source))
            }
            Expr::Constant { field: f } => field(f),
            Expr::Add(a, b) => format!("{} + {}", x(a), x(b)),
            Expr::Mul(a, b) => format!("{} * {}", x(a), x(b)),
            Expr::MatMul(a, b) => format!("{} @ {}", x(a), x(b)),
            Expr::Pointwise { field: f, x: a } => format!("{}({})", field(f), x(a)),
            Expr::Depthwise { x: a, kernel } => format!("depthwise({}, {})", x(a), x(kernel)),
            Expr::StandardizeInstance(a) => format!("standardize_instance({})", x(a)),
            Expr::StandardizeBatch(a) => format!("standardize_batch({})", x(a)),
            Expr::StandardizeGroups { x: a, groups } => {
                format!("standardize_groups({}, {})", x(a), n(groups))
            }
            Expr::StandardizeScaled { x: a, scale } => {
                format!("standardize_scaled({}, {})", x(a), x(scale))
            }
            Expr::StandardizeOdd { x: a, groups } => {
                format!("standardize_odd({}, {})", x(a), n(groups))
            }
            Expr::Rescale { field: f, x: a } => format!("{}({})", field(f), x(a)),
            Expr::Gelu(a) => format!("F.gelu({})", x(a)),
            Expr::Sigmoid(a) => format!("torch.sigmoid({})", x(a)),
            Expr::BiasScalar { field: f, x: a } | Expr::BiasSpatial { field: f, x: a } => {
                format!("{} + {}", x(a), field(f))
            }
            Expr::Concat(parts) => format!("torch.cat([{}], 1)", list(parts)),
            Expr::Tile { x: a, times } => format!("{}.repeat(1, {}, 1, 1)", x(a), n(times)),
            Expr::ChannelMean(a) => format!("{}.mean(1, keepdim=True)", x(a)),
            Expr::SpatialMean(a) => format!("{}.mean((2, 3), keepdim=True)", x(a)),
            Expr::Dropout { x: a, rate } => {
                format!("F.dropout2d({}, {}, self.training)", x(a), n(rate))
            }
            Expr::Call { field: f, inputs } => format!("{}({})", field(f), list(inputs)),
        }
    }
}

/// How a field is reached. Names that Python or `nn.Module` keep for themselves go through the module's own tables.
fn attribute(field: &Field) -> String {
    let name = field.name.as_str();
    let kept = MODULE_RESERVED.contains(&name) || PYTHON_RESERVED.contains(&name);
    let table = match field.kind {
        FieldKind::Scalar { .. } | FieldKind::Spatial { .. } | FieldKind::Constant { .. } => {
            "_parameters"
        }
        _ => "_modules",
    };
    match kept || name.starts_with('_') {
        true => format!("self.{table}[\"{name}\"]"),
        false => format!("self.{name}"),
    }
}

/// As it stands in a docstring.
fn docstring(text: &str) -> String {
    let text = text.replace('\\', "\\\\");
    match text.contains("\"\"\"") || text.ends_with('"') {
        true => text.replace('"', "\\\""),
        false => text,
    }
}
