//! Emitted source of every example and variant, as it is and frozen: deterministic, laid out as rustfmt would.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use termc_compiler::emit::{self, Beside, EmitOptions};
use termc_compiler::freeze::freeze;
use termc_compiler::model::Model;
use termc_compiler::{Options, compile, variant_names};

/// The emitted source of one example or variant.
struct Case {
    /// File and variant, and `_frozen`.
    name: String,
    is_variant: bool,
    rust: String,
    pytorch: String,
    /// Rust and Python that take their parameters from files beside them, with the test.
    embedding: [String; 2],
    /// Rust with embedded parameters and no test, and with long names.
    others: [String; 3],
}

impl Case {
    fn new(name: String, is_variant: bool, model: &Model, options: EmitOptions) -> Self {
        let beside = |weights, check| EmitOptions {
            beside: Some(Beside { weights, check }),
            ..options
        };
        let embedding = beside("w.safetensors", Some("w.check.safetensors"));
        let long = "a file whose name leaves no room for anything else on the line.safetensors";
        let longish = "the weights of the whole network, trained twice over.safetensors";
        let others = [
            beside("w.safetensors", None),
            beside(long, Some(long)),
            beside(longish, Some(longish)),
        ];
        let rust = emit::rust(model, &options).source;
        assert_eq!(rust, emit::rust(model, &options).source);
        Self {
            name,
            is_variant,
            pytorch: emit::pytorch(model, &options).source,
            rust,
            embedding: [
                emit::rust(model, &embedding).source,
                emit::pytorch(model, &embedding).source,
            ],
            others: others.map(|options| emit::rust(model, &options).source),
        }
    }
}

/// The lines of `longer` that `shorter` has nowhere.
fn added(shorter: &str, longer: &str) -> String {
    let known: Vec<&str> = shorter.lines().collect();
    let lines = longer.lines().filter(|line| !known.contains(line));
    lines.map(|line| format!("{line}\n")).collect()
}

fn emitted() -> Vec<Case> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut files: Vec<PathBuf> = vec![];
    for folder in [examples.clone(), examples.join("ablations")] {
        let entries = std::fs::read_dir(folder).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files.retain(|path| path.extension().is_some_and(|e| e == "term"));
    files.sort();
    assert!(!files.is_empty());
    let mut all = vec![];
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let stem = name.trim_end_matches(".term").to_owned();
        let variants = variant_names(&text).into_iter().map(Some);
        for variant in std::iter::once(None).chain(variants) {
            let options = Options {
                variant: variant.clone(),
                ..Options::default()
            };
            let compiled = compile(&name, &text, &options);
            let model = compiled.model.unwrap();
            let suffix = variant.as_ref().map(|v| format!("_{v}"));
            let name = format!("{stem}{}", suffix.unwrap_or_default()).to_lowercase();
            let options = EmitOptions::new(&compiled.sources);
            let frozen = freeze(&model).model;
            for (name, model) in [(format!("{name}_frozen"), &frozen), (name, &model)] {
                all.push(Case::new(name, variant.is_some(), model, options));
            }
        }
    }
    all
}

#[test]
fn emitted_source_of_examples_is_pinned() {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"emitted by termc \d+\.\d+\.\d+", "emitted by termc");
    settings.set_omit_expression(true);
    settings.bind(|| {
        // Frozen, the model for a hundred classes is that for ten but for one number.
        let pinned = |case: &&Case| !case.is_variant && case.name != "cifar100_frozen";
        for case in emitted().iter().filter(pinned) {
            insta::assert_snapshot!(format!("{}.rs", case.name), case.rust);
            insta::assert_snapshot!(format!("{}.py", case.name), case.pytorch);
        }
    });
}

#[test]
fn embedding_adds_to_emitted_source_what_is_pinned() {
    let cases = emitted();
    let case = cases.iter().find(|case| case.name == "tiny").unwrap();
    let [rust, python] = &case.embedding;
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("embedding.rs", added(&case.rust, rust));
        insta::assert_snapshot!("embedding.py", added(&case.pytorch, python));
    });
}

#[test]
fn emitted_source_needs_nothing_but_burn() {
    for case in emitted() {
        let uses = case
            .rust
            .lines()
            .map(str::trim)
            .filter(|l| l.starts_with("use ") || l.starts_with("pub use "));
        for line in uses {
            let known = [
                "use burn::",
                "use std::",
                "use super::*;",
                "pub use named::",
            ];
            assert!(known.iter().any(|k| line.starts_with(k)), "{line}");
        }
        assert!(!case.rust.contains("extern crate"));
    }
}

#[test]
fn emitted_source_is_formatted() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("emitted");
    std::fs::create_dir_all(&folder).unwrap();
    let files = emitted().into_iter().flat_map(|case| {
        let [embedding, _] = case.embedding;
        let texts = [case.rust, embedding].into_iter().chain(case.others);
        let paths = texts.enumerate().map(|(i, text)| {
            let path = folder.join(format!("{}_{i}.rs", case.name));
            std::fs::write(&path, text).unwrap();
            path
        });
        paths.collect::<Vec<_>>()
    });
    let files: Vec<PathBuf> = files.collect();
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]).args(&files);
    let output = rustfmt.output().expect("rustfmt is installed");
    let found = String::from_utf8_lossy(&output.stdout);
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{found}{problems}");
}
