//! No input makes the compiler panic: mutilated examples, foreign bytes, hostile nesting, and overrides of every kind.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;
use termc_compiler::diagnostics::{Style, json, render};
use termc_compiler::{Options, compile_all};

const EXAMPLES: [&str; 4] = [
    include_str!("../../examples/tiny.term"),
    include_str!("../../examples/digits.term"),
    include_str!("../../examples/ablations/bottleneck.term"),
    include_str!("../../examples/ablations/kernels.term"),
];

/// Compiles and renders; errors are fine, panics are not.
fn survive(text: &str, sets: Vec<String>) {
    let compiled = compile_all(
        "case.term",
        text,
        &Options {
            variant: None,
            sets,
        },
    );
    assert_eq!(compiled.model.is_none(), compiled.has_errors());
    render(&compiled.sources, &compiled.diagnostics, Style::default());
    json(&compiled.sources, &compiled.diagnostics);
}

/// The words of a text, spaces included, so that joining them gives it back.
fn words(text: &str) -> Vec<&str> {
    let mut words = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same = |c: char| {
            c.is_alphanumeric() == first.is_alphanumeric()
                && c.is_whitespace() == first.is_whitespace()
        };
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        words.push(word);
        rest = tail;
    }
    words
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn mutilated_examples(which in 0usize..4, at in 0usize..10_000, other in 0usize..10_000, how in 0..4) {
        let mut list = words(EXAMPLES[which]);
        let (at, other) = (at % list.len(), other % list.len());
        match how {
            0 => drop(list.remove(at)),
            1 => list.swap(at, other),
            2 => list.insert(at, list[other]),
            _ => list[at] = list[other],
        }
        survive(&list.concat(), vec![]);
    }

    #[test]
    fn truncated_examples(which in 0usize..4, at in 0usize..10_000) {
        let text = EXAMPLES[which];
        let at = (0..=at % text.len()).rev().find(|i| text.is_char_boundary(*i)).unwrap();
        survive(&text[..at], vec![]);
    }

    #[test]
    fn any_text(text in ".{0,200}") {
        survive(&text, vec![]);
    }

    #[test]
    fn any_override(path in "[a-z0-9_]{1,8}(\\.[a-zA-Z0-9_]{1,8}){0,3}", value in "[-a-z0-9\\[\\]\\(\\)., :]{0,12}") {
        survive(EXAMPLES[1], vec![format!("{path}={value}")]);
    }

    #[test]
    fn numbers_of_any_size(n in any::<i64>(), x in any::<f64>()) {
        for path in ["b0.expand", "classes", "wide.hidden", "sfne.local2.size", "sfne.g_ibs.groups", "train.epochs", "sfne.drop"] {
            survive(EXAMPLES[1], vec![format!("{path}={n}")]);
            survive(EXAMPLES[1], vec![format!("{path}={x:e}")]);
        }
        survive(EXAMPLES[1], vec![format!("image=[{n}, {n}, {n}]")]);
    }
}

#[test]
fn endless_lines_are_named_and_not_shown() {
    for text in ["(".repeat(1 << 20), "x".repeat(3 << 20)] {
        let compiled = compile_all("case.term", &text, &Options::default());
        let shown = render(&compiled.sources, &compiled.diagnostics, Style::default());
        assert!(
            compiled.has_errors() && shown.len() < 2000,
            "{} bytes",
            shown.len()
        );
    }
}

#[test]
fn hostile_texts() {
    for unit in [
        "(", "[", "{", "a+", "f(", "concat {", "x |> ", "/", "\u{0}", "\u{feff}", "é", "\"", "-",
    ] {
        survive(&unit.repeat(200_000), vec![]);
    }
    survive("", vec![]);
    survive(&"(".repeat(10 << 20), vec![]);
    survive(
        &String::from_utf8_lossy(&(0..=255).cycle().take(70_000).collect::<Vec<u8>>()),
        vec![],
    );
}
