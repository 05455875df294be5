//! The frame of an emitted Rust file.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;
use tera::{Context, Tera};

use super::structure::{WIDTH, source as structure_source};
use super::syntax::{Rust, assigned, call};
use crate::bug::bug;
use crate::emit::doc::{ANY, all, bracketed, text};
use crate::emit::form::{Expr, Form, Making, Name, Num, Part, Read, Starts, Structure};
use crate::emit::items::items;
use crate::emit::options::{Beside, EmitOptions, INPUT, LOGITS};
use crate::emit::paths::as_stored;
use crate::emit::support;
use crate::emit::text::file_name;
use crate::emit::used::{functions, held};
use crate::emit::writer::Scope;
use crate::model::{Graph, Model};
use crate::primitives::written::Code;

const TEMPLATES: [(&str, &str); 6] = [
    ("file.rs", include_str!("../templates/rust/file.rs.tera")),
    ("model.rs", include_str!("../templates/rust/model.rs.tera")),
    ("init.rs", include_str!("../templates/rust/init.rs.tera")),
    (
        "loader.rs",
        include_str!("../templates/rust/loader.rs.tera"),
    ),
    ("flat.rs", include_str!("../templates/rust/flat.rs.tera")),
    ("check.rs", include_str!("../templates/rust/check.rs.tera")),
];

/// What emitted source may import; what stands in one module is imported in one line.
const IMPORTS: [&str; 28] = [
    "burn::module::Module",
    "burn::module::Param",
    "burn::module::RunningState",
    "burn::store::ModuleStore",
    "burn::store::SafetensorsStore",
    "burn::store::bridge",
    "burn::tensor::DType",
    "burn::tensor::Device",
    "burn::tensor::Distribution",
    "burn::tensor::Tensor",
    "burn::tensor::TensorData",
    "burn::tensor::activation",
    "burn::tensor::module::adaptive_avg_pool2d",
    "burn::tensor::module::avg_pool2d",
    "burn::tensor::module::conv2d",
    "burn::tensor::module::max_pool2d",
    "burn::tensor::ops::AvgPoolOptions",
    "burn::tensor::ops::ConvOptions",
    "burn::tensor::ops::MaxPoolOptions",
    "std::cell::RefCell",
    "std::collections::BTreeMap",
    "std::f64::consts::PI",
    "std::f64::consts::TAU",
    "std::fs",
    "std::io",
    "std::path::Path",
    "alloc::vec",
    "alloc::vec::Vec",
];

/// Everything that the templates print.
#[derive(Serialize)]
struct View {
    header: Vec<String>,
    no_std: bool,
    fresh: bool,
    imports: Vec<String>,
    model: String,
    model_struct: String,
    model_new: String,
    model_forward: String,
    classes: usize,
    rank: usize,
    input: String,
    /// What its sizes are called.
    input_names: String,
    /// Their product.
    product: String,
    parameters: u64,
    weights: String,
    blocks: Vec<String>,
    support: String,
    starts: StartsView,
    /// Whether something is made of what stands below a path.
    uses_at: bool,
    /// Whether there are lists.
    uses_list: bool,
    /// Whether what stands below a path is itself a tensor.
    uses_bare: bool,
    check: Option<CheckView>,
}

/// Which starts fresh tensors have.
#[derive(Clone, Copy, Default, Serialize)]
struct StartsView {
    any: bool,
    constant: bool,
    uniform: bool,
    normal: bool,
    kaiming_uniform: bool,
    kaiming_normal: bool,
    kaiming: bool,
    gamma_uniform: bool,
}

#[derive(Serialize)]
struct CheckView {
    module: &'static str,
    bytes: String,
    network: String,
    input: &'static str,
    logits: &'static str,
}

/// The whole file.
pub(in crate::emit) fn source(
    rust: Rust,
    model: &Model,
    form: &Form,
    options: &EmitOptions<'_>,
) -> String {
    let graph = model.primitives();
    as_stored(graph, form);
    let functions = support::rust_names(&functions(form, &rust));
    let items = items(form, &rust, functions);
    let scope = Scope {
        target: &rust,
        form,
        items: &items,
    };
    let mut sources = (0..form.structures.len()).map(|at| structure_source(rust, scope, graph, at));
    let (Some(first), Some(named)) = (sources.next(), items.structures.first()) else {
        bug!("a model has no structure")
    };
    let others = sources.zip(items.structures.iter().skip(1));
    let alike: Vec<Option<&str>> = form.structures.iter().map(only_calls).collect();
    let blocks = others.map(|(source, named)| {
        let functions = [source.new, source.forward].into_iter();
        let functions: Vec<String> = functions.filter(|text| !text.is_empty()).collect();
        match source.declaration.is_empty() {
            true => functions.concat(),
            false => format!(
                "{}\n\nimpl {} {{\n    {}\n}}",
                source.declaration,
                named.name,
                functions.join("\n\n    ")
            ),
        }
    });
    let names: &[&str] = match graph.input.sizes.rank() {
        1 => &["channels", "length"],
        _ => &["channels", "height", "width"],
    };
    let mut view = View {
        header: header(rust, model, options),
        no_std: rust == Rust::NoStd,
        fresh: rust == Rust::Fresh,
        imports: vec![],
        model: named.name.clone(),
        model_struct: first.declaration,
        model_new: format!("    {}", first.new),
        model_forward: format!("    {}", first.forward),
        classes: graph.classes,
        rank: graph.input.sizes.rank() + 1,
        input: input(graph),
        input_names: names.join(", "),
        product: names.join(" * "),
        parameters: graph.parameter_count(),
        weights: options
            .beside
            .map(|files| weights(rust, graph, files))
            .unwrap_or_default(),
        blocks: blocks.collect(),
        support: String::new(),
        starts: starts(form),
        uses_at: false,
        uses_list: false,
        uses_bare: false,
        check: options
            .beside
            .and_then(|files| check(files.check?, &named.name)),
    };
    let made = [view.model_new.clone(), view.blocks.concat()].concat();
    view.uses_list = made.contains("w.list(");
    view.uses_bare = made.contains("w.tensor(\"\"");
    view.uses_at = view.uses_list || made.contains("w.at(");
    let code = render(&view);
    view.support = support::pick(&code, &held(form));
    // A block that only calls a function of the support code is that function under the block's name.
    let mut taken: Vec<&str> = vec![];
    for (at, function) in alike.iter().enumerate().skip(1) {
        let Some(function) = function.filter(|function| !taken.contains(function)) else {
            continue;
        };
        taken.push(function);
        let (Some(block), Some(named)) = (view.blocks.get_mut(at - 1), items.structures.get(at))
        else {
            bug!("a block has no text")
        };
        let block = std::mem::take(block);
        view.support = support::under(&view.support, function, &named.name, &block);
        for text in view.blocks.iter_mut().chain([&mut view.model_forward]) {
            *text = support::with_word(text, function, &named.name);
        }
    }
    view.blocks.retain(|block| !block.is_empty());
    view.imports = imports(rust, &render(&view));
    tidy(&render(&view))
}

/// The function of the support code that a block calls with what it is given and nothing else.
fn only_calls(structure: &Structure) -> Option<&'static str> {
    let Some(Expr::Op(op)) = &structure.result else {
        return None;
    };
    let Code::Call(function, arguments) = &op.burn else {
        return None;
    };
    let inputs = structure.inputs.iter().map(|input| input.source.as_str());
    let read = op.operands.iter().map(|part| match part {
        Part::One(Expr::Read(Read {
            name: Name::Input(name),
            place: None,
        })) => Some(name.as_str()),
        _ => None,
    });
    let in_order = inputs.clone().map(Some).eq(read)
        && (0..inputs.count())
            .map(Code::Operand)
            .eq(arguments.iter().cloned());
    let alone = structure.is_function() && structure.fields.is_empty() && structure.body.is_empty();
    let plain = structure.parameters.is_empty() && !structure.device && op.held.is_none();
    (alone && plain && in_order && support::has_function(function)).then_some(*function)
}

/// The sizes of an input.
fn input(graph: &Graph) -> String {
    let sizes = [graph.input.channels]
        .into_iter()
        .chain(graph.input.sizes.as_slice().iter().copied());
    let sizes: Vec<String> = sizes.map(|n| n.to_string()).collect();
    format!("[{}]", sizes.join(", "))
}

fn weights(rust: Rust, graph: &Graph, files: Beside<'_>) -> String {
    let kind = match rust {
        Rust::Std | Rust::Fresh => "[u8]".to_owned(),
        Rust::NoStd => format!("[u8; {}]", 4 * graph.parameter_count()),
    };
    constant(&format!("const WEIGHTS: &'static {kind}"), files.weights, 4)
}

/// A constant or variable that holds the bytes of a file.
fn constant(head: &str, file: &str, indent: usize) -> String {
    let include = call("include_bytes!", vec![text(format!("{file:?}"))]);
    assigned(head, include).print(WIDTH, indent)
}

fn check(file: &str, model: &str) -> Option<CheckView> {
    let network = text(format!("{model}::embedded(&device)?"));
    Some(CheckView {
        module: "emitted",
        bytes: format!("        {}", constant("let stored", file, 8)),
        network: format!(
            "        {}",
            assigned("let network", network).print(WIDTH, 8)
        ),
        input: INPUT,
        logits: LOGITS,
    })
}

fn render(view: &View) -> String {
    let mut tera = Tera::default();
    let rendered = tera.add_raw_templates(TEMPLATES).and_then(|()| {
        let context = Context::from_serialize(view)?;
        tera.render("file.rs", &context)
    });
    rendered.unwrap_or_else(|error| bug!("a template of emission: {error:?}"))
}

/// One empty line at most between items, and a line break at the end.
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out += line;
            out.push('\n');
        }
    }
    out.trim_end().to_owned() + "\n"
}

/// What the comment at the top says a program needs.
const NEEDS: [&str; 3] = [
    "Needs only `burn`, with the features of the devices that it is to run on; `flex` is the CPU:",
    "    burn = { version = \"0.22\", features = [\"flex\", \"store\"] }",
    "On CUDA it needs two dependencies more, which `specs/embedding.md` of termc names.",
];
/// The same for a program without the standard library.
const NEEDS_NO_STD: [&str; 2] = [
    "Needs no `std`: only `alloc`, and `burn` for the CPU with nothing besides:",
    "    burn = { version = \"0.22\", default-features = false, features = [\"flex\"] }",
];

fn header(rust: Rust, model: &Model, options: &EmitOptions<'_>) -> Vec<String> {
    let file = file_name(options.sources);
    let version = env!("CARGO_PKG_VERSION");
    let mut lines = vec![format!(
        "`{}`, emitted by termc {version} from `{file}`.",
        model.name
    )];
    let needs: &[&str] = match rust {
        Rust::Std | Rust::Fresh => &NEEDS,
        Rust::NoStd => &NEEDS_NO_STD,
    };
    lines.extend(needs.iter().map(|line| (*line).to_owned()));
    if let Some(files) = options.beside {
        lines.push(format!("Embeds `{}`, which lies beside it.", files.weights));
    }
    if rust != Rust::NoStd && options.beside.is_some_and(|files| files.check.is_some()) {
        lines.push("Its test needs the feature `flex` of `burn`.".into());
    }
    lines
}

fn starts(form: &Form) -> StartsView {
    let mut found = StartsView::default();
    let mut see = |num: &Num| {
        if let Num::Init(starts, _) = num {
            found.any = true;
            match starts {
                Starts::Constant => found.constant = true,
                Starts::Uniform => found.uniform = true,
                Starts::Normal => found.normal = true,
                Starts::KaimingUniform => found.kaiming_uniform = true,
                Starts::KaimingNormal => found.kaiming_normal = true,
                Starts::GammaUniform => found.gamma_uniform = true,
            }
        }
    };
    for making in form
        .structures
        .iter()
        .flat_map(|s| s.fields.iter().flat_map(|f| &f.made))
    {
        match making {
            Making::One(numbers) | Making::Loop(_, numbers) => numbers.iter().for_each(&mut see),
        }
    }
    found.kaiming = found.kaiming_uniform || found.kaiming_normal;
    found
}

/// The `use` lines that `code` needs.
fn imports(rust: Rust, code: &str) -> Vec<String> {
    let mut words: HashSet<&str> = HashSet::new();
    for line in code.lines() {
        let line = line.split("//").next().unwrap_or(line);
        words.extend(line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    }
    let mut modules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for path in IMPORTS {
        let Some((module, name)) = path.rsplit_once("::") else {
            continue;
        };
        let offered = match module.split("::").next() {
            Some("alloc") => rust == Rust::NoStd,
            _ => true,
        };
        if offered && words.contains(name) {
            modules.entry(module).or_default().insert(name);
        }
    }
    let line = |(module, names): (&str, BTreeSet<&str>)| match names.len() {
        1 => format!("{module}::{}", names.into_iter().collect::<String>()),
        _ => {
            let names = names.into_iter().map(text).collect();
            let list = bracketed("{", names, "}", ANY);
            all([text(format!("{module}::")), list]).print(WIDTH - 5, 0)
        }
    };
    let mut paths: Vec<String> = modules.into_iter().map(line).collect();
    // As rustfmt sorts: braces after names.
    paths.sort();
    let (burn, own): (Vec<String>, Vec<String>) =
        paths.into_iter().partition(|path| path.starts_with("burn"));
    let lines = |paths: Vec<String>| paths.into_iter().map(|path| format!("use {path};"));
    let gap = (!own.is_empty()).then(String::new);
    lines(own).chain(gap).chain(lines(burn)).collect()
}
