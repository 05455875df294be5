//! Emitted source of every example and variant: deterministic, laid out as rustfmt would.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use termc_compiler::emit::{self, EmitOptions};
use termc_compiler::{Options, compile, variant_names};

/// Every example and variant: its name and its emitted Rust.
fn emitted() -> Vec<(String, String)> {
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
            let sources = &compiled.sources;
            let source = emit::rust(&model, &EmitOptions { sources }).source;
            assert_eq!(source, emit::rust(&model, &EmitOptions { sources }).source);
            let variant = variant.map(|v| format!("_{v}")).unwrap_or_default();
            all.push((format!("{stem}{variant}").to_lowercase(), source));
        }
    }
    all
}

#[test]
fn emitted_source_is_formatted() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("emitted");
    std::fs::create_dir_all(&folder).unwrap();
    let files = emitted().into_iter().map(|(name, source)| {
        let path = folder.join(format!("{name}.rs"));
        std::fs::write(&path, source).unwrap();
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
