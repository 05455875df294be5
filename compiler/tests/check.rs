//! Snapshot tests of the checker: every file under `tests/check/err` and `tests/check/warn` has its findings beside it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use termc_compiler::diagnostics::{Style, render};
use termc_compiler::{Options, compile_all};

/// Checks every case of a folder; its findings are pinned in the `.snap` beside it.
fn pinned(folder: &str, accepted: bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/check")
        .join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "term"));
    paths.sort();
    assert!(!paths.is_empty());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder.canonicalize().unwrap());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let compiled = compile_all(&name, &text, &Options::default());
        let findings = render(&compiled.sources, &compiled.diagnostics, Style::default());
        assert!(
            compiled.diagnostics.is_sorted_by_key(|d| d.span.start),
            "{name}: not in source order"
        );
        assert_eq!(compiled.model.is_some(), accepted, "{name}: {findings}");
        assert!(!findings.is_empty(), "{name}: nothing found");
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches(".term"), findings));
    }
}

#[test]
fn errors() {
    pinned("err", false);
}

#[test]
fn warnings() {
    pinned("warn", true);
}

#[test]
fn examples_are_clean_and_pinned() {
    insta::glob!("../../examples", "**/*.term", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let variants = termc_compiler::variant_names(&text).into_iter().map(Some);
        for variant in std::iter::once(None).chain(variants) {
            let options = Options {
                variant: variant.clone(),
                ..Options::default()
            };
            let compiled = termc_compiler::compile(&name, &text, &options);
            let found = render(&compiled.sources, &compiled.diagnostics, Style::default());
            assert!(compiled.diagnostics.is_empty(), "{found}");
            let model = compiled.model.unwrap();
            let again = termc_compiler::compile("again", &model.source, &Options::default())
                .model
                .unwrap();
            assert_eq!(
                termc_compiler::dump(&model),
                termc_compiler::dump(&again),
                "the canonical source differs"
            );
            assert_eq!(again.source, model.source, "printing is not stable");
            insta::assert_snapshot!(variant.unwrap_or_default(), termc_compiler::dump(&model));
        }
    });
}

#[test]
fn parameters_of_the_released_models() {
    for (file, count) in [("cifar10", 1_336_855), ("cifar100", 1_362_865)] {
        let path = format!("{}/../examples/{file}.term", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let model = termc_compiler::compile(file, &text, &Options::default())
            .model
            .unwrap();
        assert_eq!(model.parameter_count(), count);
    }
}

#[test]
fn canonical_examples_are_canonical() {
    insta::glob!("../../examples", "**/*.term", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let file = termc_grammar::parse(&text, 0).unwrap();
        assert_eq!(termc_grammar::print(&file), text, "{}", path.display());
    });
}
