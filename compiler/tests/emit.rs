//! Emitted source: one feature a case, source above output; whole models; what holds for every example.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use support::{compile, compile_file, generate, root};
use termc_compiler::emit::{self, Beside, EmitOptions};
use termc_compiler::freeze::freeze;
use termc_compiler::model::Model;
use termc_compiler::source::Sources;
use termc_compiler::{Compiled, Options};

fn rust(model: &Model, sources: &Sources) -> String {
    emit::rust(model, &EmitOptions::new(sources)).source
}

/// With how parameters start.
fn fresh(model: &Model, sources: &Sources) -> String {
    let options = EmitOptions {
        fresh: true,
        ..EmitOptions::new(sources)
    };
    emit::rust(model, &options).source
}

fn python(model: &Model, sources: &Sources) -> String {
    emit::pytorch(model, &EmitOptions::new(sources)).source
}

/// How long whole networks are at most.
const LINES: [(&str, usize); 2] = [("digits.term", 600), ("cifar10.term", 620)];

/// The line before what is pasted.
const REST: &str = "What the blocks above are made of.";

/// Emitted Rust without its frame: the structures of blocks alone.
fn structures(source: &str) -> String {
    let (_, from) = source.split_once("pub struct ").unwrap();
    let (blocks, _) = from.split_once(REST).unwrap();
    let (declaration, rest) = blocks.split_once("#[allow(dead_code").unwrap();
    let (_, made) = rest.split_once("    fn made_of(").unwrap();
    let text = format!("pub struct {declaration}    fn made_of({made}");
    text.trim_end().trim_end_matches("//").trim_end().to_owned()
}

/// The same of emitted Python.
fn classes(source: &str) -> String {
    let (_, from) = source.split_once("\n\n\nclass ").unwrap();
    let (blocks, _) = from.split_once(REST).unwrap();
    format!("class {}", blocks.trim_end_matches(['#', ' ', '\n']))
}

fn pinned(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots"));
    settings.bind(|| insta::assert_snapshot!(format!("emit__{name}"), text));
}

/// The cases of this folder by their names.
fn cases() -> Vec<(String, String, Compiled)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emit");
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    assert!(!paths.is_empty());
    let cases = paths.iter().map(|path| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).unwrap();
        (name, text, compile_file(path, None))
    });
    cases.collect()
}

#[test]
fn every_feature_is_emitted_as_pinned() {
    for (name, text, compiled) in cases() {
        let model = compiled
            .model
            .as_ref()
            .unwrap_or_else(|| panic!("{}", support::shown(&compiled)));
        let rust = structures(&fresh(model, &compiled.sources));
        let python = classes(&python(model, &compiled.sources));
        let dashes = "-".repeat(40);
        pinned(
            &name,
            &format!("{text}\n{dashes} Rust\n{rust}\n\n{dashes} PyTorch\n{python}\n"),
        );
    }
}

fn example(name: &str) -> Compiled {
    compile_file(&root().join("examples").join(name), None)
}

#[test]
fn sequences_say_how_they_are_laid_out() {
    let text = "model M {\n    input signal[2, 8]\n    output logits = head(signal, 3)\n    loss {\n        \
                cross_entropy(logits)\n    }\n}\n";
    let compiled = compile(text, &Options::default());
    let model = compiled.model.unwrap();
    let source = python(&model, &compiled.sources);
    assert!(source.contains("`[N, channels, length, 1]`"), "{source}");
    let source = rust(&model, &compiled.sources);
    assert!(
        source.contains("pub const INPUT: [usize; 2] = [2, 8];"),
        "{source}"
    );
    assert!(source.contains("`[N, channels, length, 1]`"), "{source}");
    assert!(
        source.contains("pub fn forward(&self, signal: Tensor<4>) -> Tensor<2>"),
        "{source}"
    );
}

#[test]
fn whole_models_are_emitted_as_pinned() {
    let digits = example("digits.term");
    let model = digits.model.as_ref().unwrap();
    pinned("digits.rs", &rust(model, &digits.sources));
    pinned(
        "digits_fresh.rs",
        &structures(&fresh(model, &digits.sources)),
    );
    pinned("digits.py", &python(model, &digits.sources));
    let tiny = example("tiny.term");
    let frozen = freeze(tiny.model.as_ref().unwrap()).model;
    pinned("tiny_frozen.rs", &rust(&frozen, &tiny.sources));
}

/// Every example, model and variant, and each of them frozen.
fn examples() -> Vec<(String, Model, Sources)> {
    let mut all = vec![];
    let examples = root().join("examples");
    for folder in [
        examples.clone(),
        examples.join("ablations"),
        examples.join("baselines"),
        root().join("tests/emitted/models"),
    ] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "term") {
                continue;
            }
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            let names = termc_compiler::model_names(&std::fs::read_to_string(&path).unwrap());
            for name in names {
                let compiled = compile_file(&path, Some(name.clone()));
                let found = support::shown(&compiled);
                assert!(compiled.model.is_some(), "{stem} {name}: {found}");
                let model = compiled.model.clone().unwrap();
                let frozen = freeze(&model).model;
                all.push((
                    format!("{stem} {name} frozen"),
                    frozen,
                    compiled.sources.clone(),
                ));
                all.push((format!("{stem} {name}"), model, compiled.sources));
            }
        }
    }
    assert!(all.len() > 20);
    all
}

/// What rustfmt makes of a file.
fn rustfmt(source: &str) -> String {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(source.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "rustfmt cannot read it");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn sources_are_laid_out_nearly_as_rustfmt_would() {
    let (mut lines, mut other) = (0, 0);
    for (name, model, sources) in examples().iter().filter(|(name, ..)| !name.contains('[')) {
        for source in [rust(model, sources), fresh(model, sources)] {
            let formatted: HashSet<String> = rustfmt(&source).lines().map(str::to_owned).collect();
            let differ = source
                .lines()
                .filter(|line| !formatted.contains(*line))
                .count();
            assert!(
                differ <= 12,
                "{name}: {differ} lines are not as rustfmt would print them"
            );
            lines += source.lines().count();
            other += differ;
        }
    }
    assert!(
        other * 100 < lines,
        "{other} of {lines} lines are not as rustfmt would print them"
    );
}

#[test]
fn lines_of_python_are_not_wider_than_100_columns() {
    for (name, model, sources) in examples() {
        let source = python(&model, &sources);
        let wide = source.lines().find(|line| line.chars().count() > 100);
        // The check of a weight file has one long message.
        assert_eq!(wide.filter(|line| !line.contains("raise ")), None, "{name}");
    }
}

#[test]
fn no_structure_stands_twice_that_differs_in_sizes_only() {
    for name in ["digits.term", "cifar10.term", "paper.term"] {
        let compiled = example(name);
        let source = rust(compiled.model.as_ref().unwrap(), &compiled.sources);
        let names = source
            .lines()
            .filter_map(|line| line.strip_prefix("struct "));
        let mut seen = HashSet::new();
        for name in names {
            let name = name
                .trim_end_matches(" {")
                .trim_end_matches(|c: char| c.is_ascii_digit());
            assert!(seen.insert(name.to_owned()), "`{name}` stands twice");
        }
    }
}

#[test]
fn emitted_files_are_short() {
    for (name, most) in LINES {
        let compiled = example(name);
        let source = rustfmt(&rust(compiled.model.as_ref().unwrap(), &compiled.sources));
        let lines = source.lines().count();
        assert!(lines <= most, "{name}: {lines} lines, {most} at most");
    }
}

#[test]
fn emission_is_deterministic() {
    let compiled = example("cifar10.term");
    let model = compiled.model.as_ref().unwrap();
    assert_eq!(
        rust(model, &compiled.sources),
        rust(model, &compiled.sources)
    );
    assert_eq!(
        python(model, &compiled.sources),
        python(model, &compiled.sources)
    );
}

#[test]
fn files_beside_the_source_are_embedded_and_checked() {
    let compiled = example("tiny.term");
    let model = compiled.model.as_ref().unwrap();
    let options = EmitOptions {
        beside: Some(Beside {
            weights: "w.safetensors",
            check: Some("w.check.safetensors"),
        }),
        ..EmitOptions::new(&compiled.sources)
    };
    let source = emit::rust(model, &options).source;
    assert_eq!(
        source.matches("include_bytes!(\"w.safetensors\")").count(),
        1
    );
    assert_eq!(
        source
            .matches("include_bytes!(\"w.check.safetensors\")")
            .count(),
        1
    );
    assert_eq!(source.matches("pub fn embedded(").count(), 1);
    let source = emit::pytorch(model, &options).source;
    assert!(source.contains("with_name(\"w.safetensors\")"));
    assert!(source.contains("def check():"));
}

#[test]
fn generated_models_are_emitted_to_every_target() {
    for seed in 0..40 {
        let text = generate::model(seed);
        let compiled = compile(&text, &Options::default());
        let model = compiled.model.as_ref().unwrap();
        let frozen = freeze(model).model;
        for model in [model, &frozen] {
            rustfmt(&rust(model, &compiled.sources));
            rustfmt(&fresh(model, &compiled.sources));
            python(model, &compiled.sources);
        }
        let options = EmitOptions::new(&compiled.sources);
        rustfmt(&emit::no_std(&frozen, &options).unwrap().source);
        let mut order = emit::flat(&frozen).unwrap();
        assert_eq!(order.len(), frozen.params.len());
        order.sort();
        order.dedup();
        assert_eq!(
            order.len(),
            frozen.params.len(),
            "a tensor stands in two places"
        );
    }
}
