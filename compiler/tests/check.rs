//! Snapshot tests of the checker: every file under `tests/check/err` and `tests/check/warn` has its findings beside it.

use termc_compiler::diagnostics::{Style, render};
use termc_compiler::{Options, compile_all};

fn findings(path: &std::path::Path) -> (bool, String) {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let compiled = compile_all(&name, &text, &Options::default());
    assert!(
        compiled.diagnostics.is_sorted_by_key(|d| d.span.start),
        "not in source order"
    );
    (
        compiled.model.is_some(),
        render(&compiled.sources, &compiled.diagnostics, Style::default()),
    )
}

#[test]
fn errors() {
    insta::glob!("../../tests/check/err", "*.term", |path| {
        let (ok, text) = findings(path);
        assert!(!ok, "accepted");
        assert!(!text.is_empty());
        insta::assert_snapshot!(text);
    });
}

#[test]
fn warnings() {
    insta::glob!("../../tests/check/warn", "*.term", |path| {
        let (ok, text) = findings(path);
        assert!(ok, "rejected: {text}");
        assert!(!text.is_empty());
        insta::assert_snapshot!(text);
    });
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
