//! Emitted source of every example and variant: deterministic, laid out as rustfmt would.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use termc_compiler::emit::{self, EmitOptions};
use termc_compiler::{Options, compile, variant_names};

/// The emitted source of one example or variant.
struct Case {
    /// File and variant.
    name: String,
    is_variant: bool,
    rust: String,
    pytorch: String,
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
            let options = EmitOptions {
                sources: &compiled.sources,
            };
            let rust = emit::rust(&model, &options).source;
            assert_eq!(rust, emit::rust(&model, &options).source);
            let suffix = variant.as_ref().map(|v| format!("_{v}"));
            all.push(Case {
                name: format!("{stem}{}", suffix.unwrap_or_default()).to_lowercase(),
                is_variant: variant.is_some(),
                pytorch: emit::pytorch(&model, &options).source,
                rust,
            });
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
        for case in emitted().iter().filter(|case| !case.is_variant) {
            insta::assert_snapshot!(format!("{}.rs", case.name), case.rust);
            insta::assert_snapshot!(format!("{}.py", case.name), case.pytorch);
        }
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
    let files = emitted().into_iter().map(|case| {
        let path = folder.join(format!("{}.rs", case.name));
        std::fs::write(&path, case.rust).unwrap();
        path
    });
    let files: Vec<PathBuf> = files.collect();
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]).args(&files);
    let output = rustfmt.output().expect("rustfmt is installed");
    let found = String::from_utf8_lossy(&output.stdout);
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{found}{problems}");
}
