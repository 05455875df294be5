//! One question of the page and its answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use termc_compiler::diagnostics::{Diagnostic, Fix};
use termc_compiler::emit::{EmitOptions, pytorch, rust};
use termc_compiler::index::Index;
use termc_compiler::model::Model;
use termc_compiler::summary::{grouped, summary};
use termc_compiler::{Compiled, Files, Options, compile, compile_all, model_names};
use termc_graph::{Format, graph};

use crate::places::Units;

/// What the page asks.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Question {
    /// The name of the file.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The model, variant or member that is shown; None is the first.
    #[serde(default)]
    pub model: Option<String>,
    /// The texts of the files that it may use, by their paths.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// What is shown.
    #[serde(default)]
    pub want: Vec<Want>,
    /// Whether variants and members of families are checked as well, which takes longer.
    #[serde(default)]
    pub all: bool,
    /// The path of the block that the picture shows.
    #[serde(default)]
    pub at: Option<String>,
    /// How many levels of blocks are open in the picture.
    #[serde(default)]
    pub depth: usize,
    /// The UTF-16 unit of the text whose name is asked about.
    #[serde(default)]
    pub hover: Option<u32>,
}

/// What the page can show besides findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Want {
    /// The values with their shapes and costs.
    Summary,
    /// The model as a drawing.
    Graph,
    /// The model as a page of its own.
    Page,
    /// Rust source.
    Rust,
    /// PyTorch source.
    Pytorch,
}

struct Beside<'a>(&'a BTreeMap<String, String>);

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "the page has no such file".into())
    }
}

/// Answers: `models`, `findings`, `figures`, and what was wanted, each under its name. What needs a model is missing where
/// the text has an error.
pub fn answer(question: &Question) -> Value {
    let files = Beside(&question.files);
    let units = Units::of(&question.text);
    if let Some(at) = question.hover {
        return json!({ "hover": hover(question, &files, &units, at) });
    }
    let models = model_names(&question.text);
    let known = question.model.as_ref().filter(|name| models.contains(name));
    let options = Options {
        model: known.cloned(),
        sets: vec![],
    };
    let compiled = match question.all {
        false => compile(&question.name, &question.text, &options, &files),
        true => compile_all(&question.name, &question.text, &Options::default(), &files),
    };
    let findings: Vec<Value> = compiled
        .diagnostics
        .iter()
        .map(|found| finding(&compiled, &units, found))
        .collect();
    let mut all = json!({ "models": models, "findings": findings });
    let Some(map) = all.as_object_mut() else {
        return all;
    };
    if let Some(model) = &compiled.model {
        map.insert("figures".into(), figures(model));
        for want in &question.want {
            let (name, shown) = show(question, &compiled, model, *want);
            map.insert(name.into(), shown);
        }
    }
    all
}

fn show(
    question: &Question,
    compiled: &Compiled,
    model: &Model,
    want: Want,
) -> (&'static str, Value) {
    let options = EmitOptions::new(&compiled.sources);
    let picture = |format| {
        let options = termc_graph::Options {
            format,
            at: question.at.clone(),
            depth: question.depth,
            ..termc_graph::Options::default()
        };
        match graph(model, &compiled.sources, &options) {
            Ok(text) => json!(text),
            Err(error) => json!({ "refused": error.to_string() }),
        }
    };
    match want {
        Want::Summary => ("summary", json!(summary(model, 1))),
        Want::Graph => ("graph", picture(Format::Svg)),
        Want::Page => ("page", picture(Format::Html)),
        Want::Rust => ("rust", json!(rust(model, &options).source)),
        Want::Pytorch => ("pytorch", json!(pytorch(model, &options).source)),
    }
}

fn figures(model: &Model) -> Value {
    let cost = termc_compiler::cost::total(model);
    // The calls of the model's own text, which the picture can be of.
    let calls = model.primitives().instances.iter().skip(1);
    let calls = calls.filter(|call| call.parent == model.instance_ids().next());
    let calls: Vec<&str> = calls.map(|call| call.path.as_str()).collect();
    json!({
        "calls": calls,
        "name": model.name,
        "doc": model.doc,
        "parameters": grouped(model.parameter_count()),
        "multiply_adds": grouped(cost.multiply_adds),
        "fixed_multiply_adds": grouped(cost.fixed_multiply_adds),
        "classes": model.classes,
    })
}

fn finding(compiled: &Compiled, units: &Units, found: &Diagnostic) -> Value {
    let at = compiled.sources.locate(found.span);
    let main = compiled
        .sources
        .list()
        .first()
        .map(|source| source.name.as_str());
    let own = at.filter(|at| Some(at.source.name.as_str()) == main);
    let (line, column) = compiled.sources.line_column(found.span);
    let words = match &found.fix {
        Some(Fix::Replace(words)) => words.as_slice(),
        _ => &[],
    };
    json!({
        "from": own.map(|at| units.at(at.start)),
        "to": own.map(|at| units.at(at.end)),
        "file": at.map(|at| at.source.name.as_str()),
        "line": line,
        "column": column,
        "code": found.code.name(),
        "severity": found.code.severity().name(),
        "message": found.message,
        "notes": found.notes,
        "help": found.help,
        "replacements": words,
    })
}

/// What a name of the text means: its definition or documentation.
fn hover(question: &Question, files: &dyn Files, units: &Units, at: u32) -> Option<Value> {
    let index = Index::new(&question.name, &question.text, files);
    let byte = (0..question.text.len()).find(|byte| units.at(*byte) >= at)?;
    let mention = index.at(byte as u32)?;
    let text = index.told(&mention.meaning)?;
    Some(
        json!({ "from": units.at(mention.span.start as usize), "to": units.at(mention.span.end as usize), "text": text }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../../examples/cifar10.term");

    fn ask(text: &str, want: &[Want]) -> Value {
        answer(&Question {
            name: "cifar10.term".into(),
            text: text.into(),
            want: want.to_vec(),
            ..Question::default()
        })
    }

    #[test]
    fn a_model_is_shown_in_all_ways() {
        let shown = ask(
            TEXT,
            &[
                Want::Summary,
                Want::Graph,
                Want::Page,
                Want::Rust,
                Want::Pytorch,
            ],
        );
        assert_eq!(shown["findings"], json!([]));
        assert_eq!(shown["models"][1], "NoSlowLoss");
        assert!(shown["graph"].as_str().unwrap().contains("<svg"), "{shown}");
        assert!(shown["page"].as_str().unwrap().contains("<html"));
        assert!(
            shown["rust"]
                .as_str()
                .unwrap()
                .contains("pub struct Cifar10")
        );
        assert!(shown["pytorch"].as_str().unwrap().contains("class Cifar10"));
        assert!(shown["summary"]["nodes"].as_array().unwrap().len() > 100);
        assert_eq!(shown["figures"]["classes"], 10);
    }

    #[test]
    fn a_finding_has_its_place_in_units_of_the_page() {
        let wrong = TEXT
            .replace("g_ibs(12)", "g_ibz(12)")
            .replacen("Terminator", "Términator", 1);
        let shown = ask(&wrong, &[Want::Graph]);
        let at = wrong[..wrong.find("g_ibz").unwrap()].encode_utf16().count();
        let found = &shown["findings"][0];
        assert_eq!((&found["from"], &found["to"]), (&json!(at), &json!(at + 5)));
        assert_eq!(found["replacements"], json!(["g_ibs"]));
        assert!(shown.get("graph").is_none());
    }

    #[test]
    fn variants_are_checked_where_all_is_asked() {
        let wrong = TEXT.replace("without sfne.wide.l3", "without sfne.wide.l4");
        let mut question = Question {
            name: "cifar10.term".into(),
            text: wrong,
            ..Question::default()
        };
        assert_eq!(answer(&question)["findings"], json!([]));
        question.all = true;
        assert_eq!(answer(&question)["findings"][0]["code"], "E107");
    }
}
