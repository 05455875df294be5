//! The Rust target: a plan becomes a view that holds every emitted word, and templates print it.

use std::collections::BTreeSet;

use serde::Serialize;
use tera::{Context, Tera};

use super::body::{Body, body};
use super::construct::{construct, number, specs};
use super::fields::{Factor, FieldKind};
use super::layout::{Expr, binding, constant, signature};
use super::names::{Names, RUST_KEYWORDS, RUST_TYPES, camel};
use super::plan::{Block, Number, Plan};
use super::support;
use super::text::{file_name, quoted};
use super::{Beside, EmitOptions, Form, INPUT, LOGITS};
use crate::model::Model;

const TEMPLATES: [(&str, &str); 8] = [
    ("file.rs", include_str!("templates/rust/file.rs.tera")),
    ("model.rs", include_str!("templates/rust/model.rs.tera")),
    ("struct.rs", include_str!("templates/rust/struct.rs.tera")),
    ("block.rs", include_str!("templates/rust/block.rs.tera")),
    ("parts.rs", include_str!("templates/rust/parts.rs.tera")),
    ("check.rs", include_str!("templates/rust/check.rs.tera")),
    ("flat.rs", include_str!("templates/rust/flat.rs.tera")),
    (
        "flat_check.rs",
        include_str!("templates/rust/flat_check.rs.tera"),
    ),
];

/// Everything the templates print.
#[derive(Serialize)]
struct View {
    /// Lines of the comment at the top.
    header: Vec<String>,
    /// Whether there is no standard library.
    no_std: bool,
    imports: Vec<String>,
    /// Structures with a field whose name is not in Rust's style, sorted.
    odd_names: Vec<String>,
    model: ModelView,
    block: BlockView,
    blocks: Vec<BlockView>,
    parts: Parts,
    specs: Vec<SpecView>,
    support: String,
    /// The test that the parameters give what they gave; None without them.
    check: Option<CheckView>,
}

#[derive(Serialize)]
struct ModelView {
    classes: usize,
    input: String,
    parameters: u64,
    /// The constant that holds the embedded weight file; empty without one.
    weights: String,
}

#[derive(Serialize)]
struct CheckView {
    /// Name of its module.
    module: String,
    /// The statement that takes in its file.
    bytes: String,
    /// The statement that makes the network.
    network: String,
    /// Names in its file.
    input: &'static str,
    logits: &'static str,
}

/// One structure and its code.
#[derive(Serialize)]
pub(super) struct BlockView {
    pub name: String,
    doc: Vec<String>,
    fields: Vec<FieldView>,
    /// Whether a field's name is not in Rust's style.
    odd_names: bool,
    /// The type of what its instances differ in, and its fields; empty if nothing.
    pub sizes: String,
    size_fields: Vec<FieldView>,
    new: String,
    /// Before what the constructor takes, if it does not read it.
    unread: &'static str,
    signature: String,
    body: String,
}

#[derive(Serialize)]
struct FieldView {
    doc: String,
    name: String,
    kind: String,
    /// Whether it is no parameter.
    skip: bool,
}

/// Which of the parameter structures are needed.
#[derive(Serialize)]
struct Parts {
    affine: bool,
    /// Whether some bias of a linear map does not start at zero.
    affine_bias: bool,
    rescale: bool,
    slow: bool,
    plane: bool,
    line: bool,
    contexts: Vec<ContextPart>,
}

/// A context-dependent slow net, by which factors are trained.
#[derive(Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct ContextPart {
    name: &'static str,
    alpha: bool,
    beta: bool,
}

#[derive(Serialize)]
pub(super) struct SpecView {
    pub name: String,
    pub hidden: usize,
    pub omega: String,
    pub concentrations: String,
    pub weight: String,
    pub bias: String,
}

/// The names of types, constants and functions.
pub(super) struct Items {
    /// One per block of the plan.
    pub blocks: Vec<String>,
    /// Each block's type of sizes.
    pub sizes: Vec<String>,
    /// That type's fields.
    pub size_names: Vec<Vec<String>>,
    /// One per specification of the plan.
    pub specs: Vec<String>,
    /// The module of the test.
    pub check: String,
}

/// The whole file.
pub(super) fn source(model: &Model, plan: &Plan, options: &EmitOptions<'_>, form: Form) -> String {
    let items = items(model, plan);
    let mut blocks: Vec<BlockView> = plan
        .blocks
        .iter()
        .enumerate()
        .map(|(i, b)| block(model, plan, &items, i, b, options, form))
        .collect();
    // The model is read first.
    blocks.rotate_right(1);
    let [channels, height, width] = model.input;
    let mut view = View {
        header: header(model, options, form),
        no_std: form == Form::NoStd,
        imports: vec![],
        odd_names: odd_names(&blocks),
        model: ModelView {
            classes: model.classes,
            input: format!("[{channels}, {height}, {width}]"),
            parameters: model.parameter_count(),
            weights: options
                .beside
                .map(|files| embedded(model, files, form))
                .unwrap_or_default(),
        },
        check: options.beside.and_then(|files| check(files.check?, &items)),
        block: blocks.remove(0),
        blocks,
        parts: parts(plan),
        specs: specs(plan, &items),
        support: String::new(),
    };
    // What is pasted and imported depends on what the rest says.
    let rest = render(&view);
    view.support = support::pick(&rest);
    view.imports = support::imports(&render(&view), form);
    render(&view)
}

/// The constant that holds the weight file.
fn embedded(model: &Model, files: Beside<'_>, form: Form) -> String {
    let kind = match form {
        Form::Std => "[u8]".to_owned(),
        Form::NoStd => format!("[u8; {}]", 4 * model.parameter_count()),
    };
    constant(
        &format!("const WEIGHTS: &'static {kind}"),
        &Expr::Include(files.weights.into()),
        4,
    )
}

fn check(file: &str, items: &Items) -> Option<CheckView> {
    let model = items.blocks.last()?;
    let network = Expr::atom(format!("{model}::embedded(&device)?"));
    Some(CheckView {
        module: items.check.clone(),
        bytes: binding("stored", &Expr::Include(file.into()), 8),
        network: binding("network", &network, 8),
        input: INPUT,
        logits: LOGITS,
    })
}

fn odd_names(blocks: &[BlockView]) -> Vec<String> {
    let odd = blocks.iter().filter(|block| block.odd_names);
    let mut names: Vec<String> = odd.map(|block| block.name.clone()).collect();
    names.sort();
    names
}

#[allow(
    clippy::expect_used,
    reason = "the templates are constants, rendered by the tests of this crate"
)]
fn render(view: &View) -> String {
    let mut tera = Tera::default();
    tera.add_raw_templates(TEMPLATES)
        .expect("the templates are well-formed");
    let context = Context::from_serialize(view).expect("a view is a map");
    tera.render("file.rs", &context)
        .expect("the templates mention only what the view has")
}

/// What the comment at the top says a program needs.
const NEEDS: [&str; 5] = [
    "Needs only `burn`, with the features of the devices that it is to run on; `flex` is the CPU:",
    "    burn = { version = \"0.22\", features = [\"flex\", \"store\"] }",
    "On CUDA (feature `cuda`), `cubecl-cuda` 0.11 needs its feature `cpp`, so that NVRTC compiles the",
    "kernels, and a stand-in for `cubecl-llvm`, whose build downloads LLVM: `runtime/cubecl-llvm` of",
    "termc is one.",
];
/// The same for a program without the standard library.
const NEEDS_NO_STD: [&str; 2] = [
    "Needs no `std`: only `alloc`, and `burn` for the CPU with nothing besides:",
    "    burn = { version = \"0.22\", default-features = false, features = [\"flex\"] }",
];

fn header(model: &Model, options: &EmitOptions<'_>, form: Form) -> Vec<String> {
    let file = file_name(options.sources);
    let version = env!("CARGO_PKG_VERSION");
    let mut lines = vec![format!(
        "`{}`, emitted by termc {version} from `{file}`.",
        model.name
    )];
    let needs: &[&str] = match form {
        Form::Std => &NEEDS,
        Form::NoStd => &NEEDS_NO_STD,
    };
    lines.extend(needs.iter().map(|line| line.to_string()));
    if let Some(files) = options.beside {
        lines.push(format!("Embeds `{}`, which lies beside it.", files.weights));
    }
    if form == Form::Std && options.beside.is_some_and(|files| files.check.is_some()) {
        lines.push("Its test needs the feature `flex` of `burn`.".into());
    }
    lines
}

fn items(model: &Model, plan: &Plan) -> Items {
    let mut names = Names::reserving(
        RUST_TYPES
            .iter()
            .copied()
            .chain(support::reserved())
            .chain(RUST_KEYWORDS.iter().copied()),
    );
    // The model first, so that it keeps its name.
    let of_model = names.allocate_type(&camel(&model.name));
    let last = plan.blocks.len().saturating_sub(1);
    let mut blocks: Vec<String> = plan
        .blocks
        .iter()
        .take(last)
        .map(|b| names.allocate_type(&camel(&b.name)))
        .collect();
    blocks.push(of_model);
    let sizes = blocks
        .iter()
        .map(|b| names.allocate_type(&format!("{b}Sizes")));
    let sizes = sizes.collect();
    let specs = plan.specs.iter().map(|spec| {
        let layers = spec.concentrations.len().saturating_sub(1);
        names.allocate(&format!("SLOW_{}_{layers}", spec.hidden))
    });
    let fields = |b: &Block| b.sizes.iter().map(|s| s.name.clone()).collect();
    Items {
        specs: specs.collect(),
        check: names.allocate("emitted"),
        size_names: plan.blocks.iter().map(fields).collect(),
        blocks,
        sizes,
    }
}

fn block(
    model: &Model,
    plan: &Plan,
    items: &Items,
    index: usize,
    block: &Block,
    options: &EmitOptions<'_>,
    form: Form,
) -> BlockView {
    let own = |list: &[String]| list.get(index).cloned().unwrap_or_default();
    let is_model = index + 1 == plan.blocks.len();
    let doc = match (is_model, model.doc.is_empty(), block.doc.is_empty()) {
        (true, false, _) => &model.doc,
        (_, _, false) => &block.doc,
        (true, ..) => &format!("The network `{}`.", model.name),
        _ => &format!("The block `{}`.", block.name),
    };
    let sources = options.sources;
    let mut fields: Vec<FieldView> = block
        .fields
        .iter()
        .map(|field| FieldView {
            doc: field_doc(&field.kind, &quoted(sources, field.span)),
            name: field.name.clone(),
            kind: kind(&field.kind, items),
            skip: false,
        })
        .collect();
    let size_fields: Vec<FieldView> = block
        .sizes
        .iter()
        .map(|size| FieldView {
            doc: format!("`{}` for the first instance.", number(size.example, items)),
            name: size.name.clone(),
            kind: number_kind(size.example).to_owned(),
            skip: true,
        })
        .collect();
    fields.extend(block.sizes.iter().filter(|s| s.in_body).map(|size| {
        let example = number(size.example, items);
        FieldView {
            doc: format!("`{example}` for the first instance."),
            name: size.name.clone(),
            kind: number_kind(size.example).to_owned(),
            skip: true,
        }
    }));
    let sizes = match block.sizes.is_empty() {
        true => String::new(),
        false => own(&items.sizes),
    };
    let Body { inputs, text } = body(block, is_model, options);
    let arguments = std::iter::once("&self".to_owned());
    let arguments: Vec<String> = arguments
        .chain(inputs.iter().map(|x| format!("{x}: Tensor<4>")))
        .collect();
    let result = if is_model { "Tensor<2>" } else { "Tensor<4>" };
    BlockView {
        name: own(&items.blocks),
        doc: doc.lines().map(|l| l.trim_end().to_owned()).collect(),
        odd_names: fields
            .iter()
            .any(|f| f.name.chars().any(char::is_uppercase)),
        new: construct(block, items, form),
        unread: if block.fields.is_empty() { "_" } else { "" },
        signature: match block.result {
            Some(_) => signature("pub fn forward", &arguments, result, 4),
            None => String::new(),
        },
        body: text,
        fields,
        sizes,
        size_fields,
    }
}

fn field_doc(kind: &FieldKind, place: &str) -> String {
    match kind {
        FieldKind::Affine { .. } => format!("Linear map of {place}."),
        FieldKind::Scalar { .. } => format!("Bias of {place}, `[1]`."),
        FieldKind::Spatial { .. } => format!("Bias of {place}, `[height, width]`."),
        FieldKind::Constant { .. } => {
            format!("Value of {place}, `[1, channels, height, width]`.")
        }
        FieldKind::Rescale { .. } => format!("Known statistics of {place}."),
        FieldKind::Plane { .. } | FieldKind::Line { .. } => format!("Slow net of {place}."),
        FieldKind::Context { .. } => {
            format!("Slow net of {place}, which also reads an activation.")
        }
        FieldKind::Child { .. } => format!("{place}."),
    }
}

fn kind(kind: &FieldKind, items: &Items) -> String {
    match kind {
        FieldKind::Affine { .. } => "Affine".into(),
        FieldKind::Scalar { .. } => "Param<Tensor<1>>".into(),
        FieldKind::Spatial { .. } => "Param<Tensor<2>>".into(),
        FieldKind::Constant { .. } => "Param<Tensor<4>>".into(),
        FieldKind::Rescale { .. } => "Rescale".into(),
        FieldKind::Plane { .. } => "SlowPlane".into(),
        FieldKind::Line { .. } => "SlowLine".into(),
        FieldKind::Context { alpha, beta, .. } => context_name(*alpha, *beta).into(),
        FieldKind::Child { block, .. } => items.blocks.get(*block).cloned().unwrap_or_default(),
    }
}

/// The structure of a context-dependent slow net.
pub(super) fn context_name(alpha: Factor, beta: Factor) -> &'static str {
    match (alpha.trained, beta.trained) {
        (false, false) => "SlowContext",
        (true, false) => "SlowContextAlpha",
        (false, true) => "SlowContextBeta",
        (true, true) => "SlowContextTrained",
    }
}

fn number_kind(number: Number) -> &'static str {
    match number {
        Number::Int(_) => "usize",
        Number::Float(_) => "f64",
        Number::Spec(_) => "&'static SlowSpec",
        Number::Start(_) => "Init",
    }
}

fn parts(plan: &Plan) -> Parts {
    let kinds = || {
        plan.blocks
            .iter()
            .flat_map(|b| b.fields.iter().map(move |f| (b, &f.kind)))
    };
    let any = |test: fn(&FieldKind) -> bool| kinds().any(|(_, kind)| test(kind));
    let contexts: BTreeSet<ContextPart> = kinds()
        .filter_map(|(_, kind)| match kind {
            FieldKind::Context { alpha, beta, .. } => Some(ContextPart {
                name: context_name(*alpha, *beta),
                alpha: alpha.trained,
                beta: beta.trained,
            }),
            _ => None,
        })
        .collect();
    let slow = |k: &FieldKind| {
        matches!(
            k,
            FieldKind::Plane { .. } | FieldKind::Line { .. } | FieldKind::Context { .. }
        )
    };
    Parts {
        affine: any(|k| matches!(k, FieldKind::Affine { .. })),
        affine_bias: kinds().any(|(block, kind)| super::construct::has_bias(block, kind)),
        rescale: any(|k| matches!(k, FieldKind::Rescale { .. })),
        slow: any(slow),
        plane: any(|k| matches!(k, FieldKind::Plane { .. })),
        line: any(|k| matches!(k, FieldKind::Line { .. })),
        contexts: contexts.into_iter().collect(),
    }
}
