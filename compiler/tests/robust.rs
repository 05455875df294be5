//! No input makes the compiler panic: mutilated examples, foreign bytes, hostile nesting, and changes of every kind.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use proptest::prelude::*;
use support::{compile_all, shown};
use termc_compiler::diagnostics::json;
use termc_compiler::{Options, model_names};

const EXAMPLES: [&str; 5] = [
    include_str!("../../examples/tiny.term"),
    include_str!("../../examples/digits.term"),
    include_str!("../../examples/paper.term"),
    include_str!("../../examples/ablations/bottleneck.term"),
    include_str!("../../examples/ablations/kernels.term"),
];

/// Compiles and renders; errors are fine, panics are not.
fn survive(text: &str, sets: Vec<String>) {
    let compiled = compile_all(text, &Options { model: None, sets });
    let made = compiled.model.is_some();
    assert!(!(made && compiled.has_errors()));
    // Only a file without models is sound without one.
    assert!(made || compiled.has_errors() || model_names(text).is_empty());
    shown(&compiled);
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
    fn mutilated_examples(which in 0usize..5, at in 0usize..10_000, other in 0usize..10_000, how in 0..4) {
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
    fn truncated_examples(which in 0usize..5, at in 0usize..10_000) {
        let text = EXAMPLES[which];
        let at = (0..=at % text.len()).rev().find(|i| text.is_char_boundary(*i)).unwrap();
        survive(&text[..at], vec![]);
    }

    #[test]
    fn any_text(text in ".{0,200}") {
        survive(&text, vec![]);
    }

    #[test]
    fn any_change(path in "[a-z0-9_]{1,8}(\\.[a-zA-Z0-9_\\[\\]]{1,8}){0,3}", value in "[-a-z0-9\\[\\]\\(\\)., =]{0,12}") {
        survive(EXAMPLES[1], vec![format!("{path}={value}")]);
    }

    #[test]
    fn changes_of_what_is_there(
        path in prop::sample::select(vec![
            "b[0]", "b[1].expand", "b[2].skips", "classes", "omega", "small", "small.hidden", "small_in_context.alpha", "sfne.K",
            "sfne.K.net", "sfne.wide", "sfne.wide.l2", "sfne.l2.size", "sfne.l2.net", "sfne.g_ibs", "sfne.g_ibs.groups",
            "sfne.drop", "rgu.k.weight", "local.batch_std", "image", "logits", "loss.slow_neural", "loss.slow_neural.compare",
            "train.optimizer", "train.optimizer.lr", "train.augment", "train.augment.random_affine", "train.ema",
        ]),
        value in prop::sample::select(vec![
            "3", "-1", "0.5", "true", "none", "[1, 2]", "[]", "x", "gelu", "gelu(x)", "magnet(hidden=4)", "kaiming_normal",
            "rgu(x, weight=3)", "choose(1, 2)", "tile", "sgd(lr=1)", "[3, 64, 64]", "omega * 2", "x.channels", "fixed(none)",
        ]),
        how in 0..3,
    ) {
        let change = match how {
            0 => format!("{path} = {value}"),
            1 => format!("without {path}"),
            _ => format!("add {path} = {value}"),
        };
        let text = format!("{}\nvariant V of Digits {{\n    {change}\n}}\n", EXAMPLES[1]);
        survive(&text, vec![]);
        survive(EXAMPLES[1], vec![change]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn numbers_of_any_size(n in any::<i64>(), x in any::<f64>()) {
        for path in [
            "b[0].expand", "classes", "small.hidden", "sfne.l2.size", "sfne.g_ibs.groups", "train.epochs", "train.batch",
            "sfne.drop", "omega", "b[0].layers",
        ] {
            survive(EXAMPLES[1], vec![format!("{path}={n}")]);
            survive(EXAMPLES[1], vec![format!("{path}={x:e}")]);
        }
        survive(EXAMPLES[1], vec![format!("image=[{n}, {n}, {n}]")]);
    }
}

#[test]
fn endless_lines_are_named_and_not_shown() {
    for text in ["(".repeat(1 << 20), "x".repeat(3 << 20)] {
        let compiled = compile_all(&text, &Options::default());
        let shown = shown(&compiled);
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
        "(", "[", "{", "a+", "f(", "x |> ", "/", "\u{0}", "\u{feff}", "é", "\"", "-", "if x { ",
        "a[", "a.", "not ",
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
