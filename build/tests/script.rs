//! Build scripts from outside: what they write, what they tell Cargo and the user, and how they end.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use termc_build::{Build, Error};

const GOOD: &str = "../../../examples/tiny.term";
/// A model, its weights, and what they give.
const TRAINED: &str = "../../../examples/embed/digits.term";
/// Has the script take its frozen form.
const FROZEN: &str = "frozen";
const WEIGHTS: &str = "../../../examples/embed/digits.safetensors";
const CASE: &str = "../../../examples/embed/digits.check.safetensors";

/// A frozen model with its weights, and what they give.
const FROZEN_FILE: &str = "../../../examples/web/digits.safetensors";
const FROZEN_CASE: &str = "../../../examples/web/digits.check.safetensors";

/// A folder for `OUT_DIR`.
struct Out(tempfile::TempDir);

impl Out {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Runs `build/examples/script.rs` in the folder of the cases.
    fn script(&self, arguments: &[&str]) -> Output {
        let tests = std::env::current_exe().unwrap();
        let script = tests.parent().unwrap().with_file_name("examples/script");
        let mut command = Command::new(script);
        command
            .args(arguments)
            .env("OUT_DIR", self.0.path())
            .current_dir(cases());
        command.output().unwrap()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// What is there, in alphabetical order.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// A compilation into it.
    fn build(&self, model: &str) -> Build {
        Build::new(cases().join(model)).out_dir(self.0.path())
    }
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_good_model_is_written_for_inclusion() {
    let out = Out::new();
    let output = out.script(&[GOOD]);
    assert!(output.status.success());
    assert_eq!(
        text(output.stdout),
        format!("cargo::rerun-if-changed={GOOD}\n")
    );
    assert_eq!(text(output.stderr), "");
    assert_eq!(out.names(), ["tiny.rs"]);
    let source = out.read("tiny.rs");
    assert!(source.contains("pub struct Tiny {"));
    // What may only open a file cannot be included.
    assert!(!source.contains("//!") && !source.contains("#!["));
}

#[test]
fn files_that_the_model_uses_are_watched() {
    let out = Out::new();
    let output = out.script(&["shared.term"]);
    assert!(output.status.success(), "{}", text(output.stderr));
    let said = text(output.stdout);
    for file in ["shared.term", "parts/gate.term", "parts/narrow.term"] {
        assert!(
            said.contains(&format!("cargo::rerun-if-changed={file}\n")),
            "{said}"
        );
    }
    assert!(out.read("shared.rs").contains("struct Gate"));
}

#[test]
fn a_broken_model_fails_with_the_whole_diagnostic() {
    let out = Out::new();
    let output = out.script(&["broken.term"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out.names().is_empty());
    insta::with_settings!({ omit_expression => true }, {
        let (said, shown) = (text(output.stdout), text(output.stderr));
        insta::assert_snapshot!("broken", format!("{said}---{shown}"));
    });
}

#[test]
fn variants_and_changes_apply_in_order() {
    let out = Out::new();
    let output = out.script(&[GOOD, "model=TinyTrained", "output=net.rs"]);
    assert!(output.status.success(), "{}", text(output.stderr));
    assert!(out.read("net.rs").contains("alpha: Param<"));
    let output = out.script(&[GOOD, "set=b[0].nothing=3"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(output.stderr).contains("--set"));
    let output = out.script(&[GOOD, "model=Missing"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(output.stderr);
    assert!(shown.contains("`Missing`"), "{shown}");
}

#[test]
fn a_missing_file_is_named() {
    let out = Out::new();
    for arguments in [&["none.term"][..], &[GOOD, "weights=none.safetensors"]] {
        let output = out.script(arguments);
        assert_eq!(output.status.code(), Some(1));
        let said = text(output.stdout);
        assert!(said.contains("cargo::error=cannot read `none."), "{said}");
        let shown = text(output.stderr);
        assert!(shown.contains("cannot read `none."), "{shown}");
        assert!(!shown.contains("panicked"), "{shown}");
    }
}

#[test]
fn weights_are_copied_beside_the_source_that_embeds_them() {
    let out = Out::new();
    let (weights, check) = (format!("weights={WEIGHTS}"), format!("check={CASE}"));
    let output = out.script(&[TRAINED, FROZEN, &weights, &check]);
    assert!(output.status.success(), "{}", text(output.stderr));
    let said = text(output.stdout);
    assert!(said.contains(&format!("rerun-if-changed={WEIGHTS}\n")));
    assert_eq!(
        out.names(),
        [
            "digits.check.safetensors",
            "digits.rs",
            "digits.safetensors"
        ]
    );
    let copy = std::fs::read(out.0.path().join("digits.safetensors")).unwrap();
    assert_eq!(copy, std::fs::read(cases().join(WEIGHTS)).unwrap());
    let source = out.read("digits.rs");
    assert!(source.contains("include_bytes!(\"digits.safetensors\")"));
    assert!(source.contains("include_bytes!(\"digits.check.safetensors\")"));
    let output = out.script(&[TRAINED, FROZEN, &weights, "python"]);
    assert!(output.status.success());
    assert!(out.read("digits.py").contains("WEIGHTS = "));
}

#[test]
fn weights_of_another_model_are_refused_by_name() {
    let out = Out::new();
    // Of the same model before it was frozen.
    let digits = out.build(TRAINED);
    let error = digits
        .weights(cases().join(WEIGHTS))
        .try_compile()
        .unwrap_err();
    assert!(matches!(error, Error::Weights { .. }));
    let shown = error.to_string();
    assert!(
        shown.contains("digits.safetensors` cannot be embedded"),
        "{shown}"
    );
    assert!(shown.contains("\n  missing: `b[0]."), "{shown}");
    let error = out
        .build(GOOD)
        .weights(cases().join("broken.term"))
        .try_compile();
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("not a readable safetensors file")
    );
    let error = out.build(GOOD).check(cases().join(CASE)).try_compile();
    assert!(matches!(error, Err(Error::CheckAlone)));
    let build = out.build(TRAINED).frozen().weights(cases().join(WEIGHTS));
    let error = build
        .check(cases().join(WEIGHTS))
        .try_compile()
        .unwrap_err();
    assert!(
        error.to_string().contains("has no tensor `input`"),
        "{error}"
    );
    assert!(out.names().iter().all(|name| !name.ends_with(".rs")));
}

#[test]
fn a_frozen_model_is_written_without_the_standard_library() {
    let out = Out::new();
    let (weights, check) = (
        format!("weights={FROZEN_FILE}"),
        format!("check={FROZEN_CASE}"),
    );
    let output = out.script(&[FROZEN_FILE, &weights, &check, "no_std"]);
    assert!(output.status.success(), "{}", text(output.stderr));
    assert_eq!(out.names(), ["digits.check.f32", "digits.f32", "digits.rs"]);
    let source = out.read("digits.rs");
    assert!(source.contains("extern crate alloc;") && !source.contains("std::"));
    let bytes = std::fs::read(out.0.path().join("digits.f32")).unwrap();
    let typed = format!("[u8; {}] = include_bytes!(\"digits.f32\")", bytes.len());
    assert!(source.contains(&typed), "{typed}");
    // Two images of 64 pixels and their 10 logits.
    let check = std::fs::read(out.0.path().join("digits.check.f32")).unwrap();
    assert_eq!(check.len(), 4 * 2 * (64 + 10));
    // The flat file holds what the other one does, in the order of the fields: the last is the last bias.
    let stored = std::fs::read(cases().join(FROZEN_FILE)).unwrap();
    let last = &bytes[bytes.len() - 40..];
    assert!(stored.windows(40).any(|window| window == last));
}

#[test]
fn only_frozen_models_do_without_the_standard_library() {
    let out = Out::new();
    let output = out.script(&[TRAINED, "no_std"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(output.stderr);
    assert!(shown.contains("`Digits` has slow nets"), "{shown}");
    assert!(shown.contains("termc freeze"), "{shown}");
    for (arguments, problem) in [
        ([CASE, "no_std"], "but not of a frozen model"),
        ([FROZEN_FILE, "set=b[0].expand=24"], "is frozen"),
        ([FROZEN_FILE, "model=Other"], "is frozen"),
    ] {
        let output = out.script(&arguments);
        assert_eq!(output.status.code(), Some(1));
        let shown = text(output.stderr);
        assert!(shown.contains(problem), "{shown}");
    }
    assert!(out.names().is_empty());
}
