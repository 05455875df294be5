//! The frame of an emitted Python file.

use serde::Serialize;
use tera::{Context, Tera};

use super::structure::{escaped, source as structure_source};
use super::syntax::PyTorch;
use crate::bug::bug;
use crate::emit::form::Form;
use crate::emit::items::items;
use crate::emit::options::{EmitOptions, INPUT, LOGITS};
use crate::emit::paths::renamed;
use crate::emit::support;
use crate::emit::text::file_name;
use crate::emit::used::functions;
use crate::emit::writer::Scope;
use crate::model::Model;

const TEMPLATE: &str = include_str!("../templates/pytorch/file.py.tera");

#[derive(Serialize)]
struct View {
    header: String,
    imports: Vec<&'static str>,
    /// Whether something calls PyTorch's functions.
    functional: bool,
    classes: usize,
    input: String,
    parameters: u64,
    blocks: Vec<String>,
    support: String,
    renamed: Vec<RenamedView>,
    model: String,
    /// The weight file beside the source, as a Python literal; empty without one.
    weights: String,
    /// The file that the self-check reads, likewise.
    check: String,
    input_name: &'static str,
    logits_name: &'static str,
}

/// A path in files and its place in the module, as literals.
#[derive(Serialize)]
struct RenamedView {
    name: String,
    field: String,
}

/// The whole file.
pub(in crate::emit) fn source(model: &Model, form: &Form, options: &EmitOptions<'_>) -> String {
    let graph = model.primitives();
    let items = items(form, &PyTorch, functions(form, &PyTorch));
    let Some(named) = items.structures.first() else {
        bug!("a model has no structure")
    };
    let scope = Scope {
        target: &PyTorch,
        form,
        items: &items,
    };
    // What a class needs stands above it only by custom: names are looked up when it is made.
    let blocks: Vec<String> = (0..form.structures.len())
        .map(|at| structure_source(scope, graph, at))
        .collect();
    let support = support::pick_python(&blocks.join("\n"));
    let code = format!("{}\n{support}", blocks.join("\n"));
    let beside = options.beside;
    let literal = |name: &str| serde_json::Value::from(name).to_string();
    let needed = [
        ("import math", code.contains("math.")),
        ("import re", true),
        ("import sys", true),
        ("from pathlib import Path", beside.is_some()),
    ];
    let sizes = [graph.input.channels]
        .into_iter()
        .chain(graph.input.sizes.as_slice().iter().copied());
    let sizes: Vec<String> = sizes.map(|n| n.to_string()).collect();
    let pairs = renamed(graph, form, &items).into_iter();
    let view = View {
        header: escaped(&format!(
            "`{}`, emitted by termc {} from `{}`.",
            model.name,
            env!("CARGO_PKG_VERSION"),
            file_name(options.sources)
        )),
        imports: needed
            .iter()
            .filter(|(_, used)| *used)
            .map(|(line, _)| *line)
            .collect(),
        functional: code.contains("F."),
        classes: graph.classes,
        input: format!("({})", sizes.join(", ")),
        parameters: graph.parameter_count(),
        blocks,
        support,
        renamed: pairs
            .map(|[name, field]| RenamedView {
                name: literal(&name),
                field: literal(&field),
            })
            .collect(),
        model: named.name.clone(),
        weights: beside.map(|b| literal(b.weights)).unwrap_or_default(),
        check: beside
            .and_then(|b| b.check)
            .map(literal)
            .unwrap_or_default(),
        input_name: INPUT,
        logits_name: LOGITS,
    };
    let rendered = Context::from_serialize(&view).and_then(|context| {
        let mut tera = Tera::default();
        tera.add_raw_template("file.py", TEMPLATE)?;
        tera.render("file.py", &context)
    });
    let text = rendered.unwrap_or_else(|error| bug!("a template of emission: {error:?}"));
    tidy(&text)
}

/// Two empty lines at most between items, and a line break at the end.
fn tidy(text: &str) -> String {
    let mut out = String::new();
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 3 {
            out += line;
            out.push('\n');
        }
    }
    out.trim_end().to_owned() + "\n"
}
