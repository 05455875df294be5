//! What each name of the language means: blocks of the prelude with their definitions, and the rows of the compiler's
//! tables. Diagnostic codes explain themselves.

use termc_grammar::ast::ItemKind;

use crate::diagnostics;
use crate::language::losses::LOSSES;
use crate::language::settings::{Row, Takes, settings};
use crate::language::{FUNCTIONS, Parameter, Ty};
use crate::prelude;
use crate::primitives::signatures;

/// A name and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is: "block of the prelude".
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// A few words, on one line.
    pub title: String,
    /// All there is to say, with the definition where there is one.
    pub text: String,
}

/// The meanings of a name: several where it is, for example, a loss term and a setting. None if the language does not know it.
pub fn explain(name: &str) -> Vec<Entry> {
    entries()
        .into_iter()
        .filter(|entry| entry.name == name)
        .collect()
}

/// What a parameter of the tables' rows means, row by row; None if no row has one of that name.
pub fn parameter(name: &str) -> Option<Entry> {
    let mut text = String::new();
    for (kind, row, parameters) in rows() {
        for parameter in parameters.iter().filter(|p| p.name == name) {
            text += &format!(
                "- of the {kind} `{}`: {}\n",
                signature(row, &parameters),
                parameter.doc.trim()
            );
        }
    }
    (!text.is_empty()).then(|| Entry {
        kind: "parameter",
        name: name.into(),
        title: "A parameter".into(),
        text,
    })
}

/// Everything that takes parameters, apart from blocks: what it is, its name and its parameters.
fn rows() -> Vec<(&'static str, &'static str, Vec<Parameter>)> {
    let mut all = vec![];
    all.extend(
        signatures()
            .iter()
            .map(|row| (PRIMITIVE, row.name, (row.parameters)())),
    );
    all.extend(
        LOSSES
            .iter()
            .map(|row| (LOSS_TERM, row.name, (row.parameters)())),
    );
    for setting in settings() {
        if let Takes::One(rows) | Takes::Many(rows) = &setting.takes {
            all.extend(
                rows.iter()
                    .map(|row| (row.kind, row.name, (row.parameters)())),
            );
        }
    }
    all
}

const PRIMITIVE: &str = "primitive";
const LOSS_TERM: &str = "loss term";

/// The known name that an unknown one was probably meant to be.
pub fn nearest(name: &str) -> Option<String> {
    let (entries, rows) = (entries(), rows());
    let parameters = rows.iter().flat_map(|(.., parameters)| parameters);
    let names = entries.iter().map(|entry| entry.name.as_str());
    let names = names.chain(parameters.map(|parameter| parameter.name));
    diagnostics::nearest(name, names).map(str::to_owned)
}

/// All names, kind by kind, in the order of their tables.
pub fn entries() -> Vec<Entry> {
    let mut all = blocks();
    all.extend(
        signatures()
            .iter()
            .map(|row| built_in(PRIMITIVE, row.name, row.doc, &(row.parameters)())),
    );
    all.extend(FUNCTIONS.iter().map(|row| {
        let arguments = row.arguments.join(", ") + if row.more { ", ..." } else { "" };
        let short = if row.bare {
            format!("{} or ", row.name)
        } else {
            String::new()
        };
        let signature = format!("{short}{}({arguments})", row.name);
        entry(
            row.kind(),
            row.name,
            row.doc,
            format!("{signature}\n\n{}", row.doc),
        )
    }));
    all.extend(
        LOSSES
            .iter()
            .map(|row| built_in(LOSS_TERM, row.name, row.doc, &(row.parameters)())),
    );
    for setting in settings() {
        let values = match &setting.takes {
            Takes::Value(ty, _) => format!("It takes {}.", ty.described()),
            Takes::One(rows) => format!("It is one of {}.", names(rows)),
            Takes::Many(rows) => format!("It is a list of {}.", names(rows)),
        };
        let text = format!(
            "train {{\n    {} = ...\n}}\n\n{} {values} Where nothing is said: {}.",
            setting.name, setting.doc, setting.default
        );
        all.push(entry("setting of `train`", setting.name, setting.doc, text));
        if let Takes::One(rows) | Takes::Many(rows) = &setting.takes {
            let rows = rows
                .iter()
                .map(|row| built_in(row.kind, row.name, row.doc, &(row.parameters)()));
            all.extend(rows);
        }
    }
    all.extend(
        TYPES
            .iter()
            .map(|(name, doc)| entry("type", name, doc, (*doc).into())),
    );
    all.extend(
        WORDS
            .iter()
            .map(|(name, doc)| entry("word of the language", name, doc, (*doc).into())),
    );
    all
}

/// The prelude's blocks, each with its definition as it is written.
fn blocks() -> Vec<Entry> {
    let mut all = vec![];
    for (_, file) in prelude::files() {
        for item in &file.items {
            if let ItemKind::Block(block) = &item.kind {
                let text = termc_grammar::print_item(item);
                all.push(entry(
                    "block of the prelude",
                    &block.name.text,
                    &item.doc,
                    text,
                ));
            }
        }
    }
    all
}

fn entry(kind: &'static str, name: &str, doc: &str, text: String) -> Entry {
    Entry {
        kind,
        name: name.into(),
        title: first_sentence(doc),
        text,
    }
}

fn built_in(kind: &'static str, name: &str, doc: &str, parameters: &[Parameter]) -> Entry {
    let mut text = format!("{}\n\n{doc}\n", signature(name, parameters));
    if !parameters.is_empty() {
        text.push('\n');
    }
    for parameter in parameters {
        text += &format!("- {}: {}\n", parameter.name, parameter.doc.trim());
    }
    entry(kind, name, doc, text)
}

/// `dropout(x, rate: float, shared: axes = [])`
pub(crate) fn signature(name: &str, parameters: &[Parameter]) -> String {
    let written = |parameter: &Parameter| {
        let ty = match &parameter.ty {
            Ty::Tensor => String::new(),
            ty => format!(": {ty}"),
        };
        let default = parameter.default.map(|default| format!(" = {default}"));
        format!("{}{ty}{}", parameter.name, default.unwrap_or_default())
    };
    let parameters: Vec<String> = parameters.iter().map(written).collect();
    format!("{name}({})", parameters.join(", "))
}

fn names(rows: &[Row]) -> String {
    diagnostics::one_of(rows.iter().map(|row| row.name))
}

/// The first sentence on one line, without its full stop.
fn first_sentence(doc: &str) -> String {
    let line = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    // Not the dots of `0, 2, ...`, nor what stands inside of a formula.
    let ends = line.match_indices(". ").map(|(at, _)| line.split_at(at).0);
    let mut ends = ends.filter(|text| !text.ends_with('.') && text.matches('`').count() % 2 == 0);
    let sentence = ends.next().unwrap_or(&line);
    sentence.trim_end_matches('.').to_owned()
}

/// The types that a file may name, in the order of the page on the language.
const TYPES: &[(&str, &str)] = &[
    (
        "tensor",
        "A value of the network, `[N, C, positions...]`: the type of a parameter without one.",
    ),
    (
        "grid",
        "A tensor that `grid(...)` made: coordinates. A block with a `grid` parameter is a slow net.",
    ),
    ("int", "A whole number of 64 bits."),
    ("float", "A number; a whole number is one."),
    ("bool", "`true` or `false`."),
    (
        "init",
        "How a trained tensor starts: a number, or `kaiming_normal`, `uniform(bound)` and so on.",
    ),
    (
        "block",
        "A block or primitive with some arguments fixed by name: `siren(hidden=64)`.",
    ),
    (
        "axes",
        "`batch`, `channels` or `positions`, or a list of them.",
    ),
    (
        "penalty",
        "`none`, `fast` or `slow`: which coefficient of `weight_norm` counts a tensor.",
    ),
    (
        "edges",
        "`circular`, `zero` or `causal`: what a `long_conv` sees beyond the edges.",
    ),
];

/// Words with a meaning of their own.
const WORDS: &[(&str, &str)] = &[
    (
        "use",
        "`use \"blocks.term\"` brings the blocks and constants that another file defines.",
    ),
    ("const", "`const small = magnet(hidden=32)` names a value."),
    (
        "block",
        "`block name(x, width: int = 3) { ... }` defines a function of tensors and values that yields a tensor.",
    ),
    (
        "model",
        "`model Name(classes: int = 10) { ... }` has an input, bindings, an output and a loss.",
    ),
    (
        "variant",
        "`variant Name of Base { path = value }` changes a model, a variant or a member of a family.",
    ),
    (
        "input",
        "`input image[3, 32, 32]` is what the network reads: images, or sequences `input sequence[1, 784]`.",
    ),
    (
        "output",
        "`output logits = head(b[4], classes)` is what the network yields.",
    ),
    (
        "loss",
        "`loss { cross_entropy(logits) }` is the sum of its terms.",
    ),
    (
        "train",
        "`train { epochs = 20 }` says how the models of the file are trained.",
    ),
    (
        "for",
        "`for i in 0..3 { h[i + 1] = gelu(h[i]) }` binds the elements of lists, one after the other.",
    ),
    (
        "if",
        "`if x.rank == 2 { a } else { b }` is the value of the arm that holds.",
    ),
    (
        "else",
        "`if c { a } else { b }`, `if c { a } else if d { b } else { c }`: an `if` always has one.",
    ),
    (
        "in",
        "`for i in 0..3 { ... }`: what `i` is, one after the other.",
    ),
    ("and", "`a and b` is true where both are."),
    ("or", "`a or b` is true where one of them is."),
    ("not", "`not a` is true where `a` is not."),
    ("true", "What holds."),
    ("false", "What does not hold."),
    (
        "require",
        "`require size % 2 == 1, \"{size} is even\"` refuses what a block was not made for.",
    ),
    (
        "none",
        "As a start: there is no such tensor. As a penalty: no coefficient counts the tensor.",
    ),
    ("pi", "The number 3.14159..."),
    (
        "choose",
        "`path = choose(3, 5, 7)` in a variant makes a family: one model for each.",
    ),
    (
        "of",
        "`variant Small of Cifar10 { ... }`: what the variant changes.",
    ),
    (
        "language",
        "`language 2` at the top of a file is the version of the language that it is written in.",
    ),
    (
        "without",
        "`without sfne.wide.l3` in a variant leaves out a branch, a call, a loss term or a setting.",
    ),
    (
        "add",
        "`add sfne.wide.l11 = local(...) after l9` in a variant adds a branch, a binding or a loss term.",
    ),
    (
        "after",
        "`add PATH = value after l9`: behind that branch or binding.",
    ),
    (
        "before",
        "`add PATH = value before l9`: in front of that branch or binding.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_shown_as_it_is_written() {
        let found = explain("spatial_bias");
        assert_eq!(found.len(), 1);
        let entry = found.first().map(|entry| entry.text.trim_end());
        let written = "/// Adds one trained scalar per position, zero at the start, the same for all channels.\n\
                       block spatial_bias(x) {\n    value = param(1, x.sizes)\n    x + value\n}";
        assert_eq!(entry, Some(written));
    }

    #[test]
    fn every_type_that_a_file_may_name_is_explained() {
        let explained: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
        assert_eq!(explained, Ty::NAMES);
    }

    #[test]
    fn titles_are_one_line_and_names_are_found() {
        for entry in entries() {
            assert!(
                !entry.title.is_empty() && !entry.title.contains('\n'),
                "{entry:?}"
            );
            assert!(explain(&entry.name).contains(&entry));
        }
        assert_eq!(nearest("rgy").as_deref(), Some("rgu"));
        assert!(explain("no such name").is_empty());
    }
}
