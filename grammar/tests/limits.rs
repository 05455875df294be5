//! No source makes the parser panic, overflow its stack or take more than linear time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use termc_grammar::{
    MAX_DEPTH, MAX_ERRORS, MAX_SOURCE_BYTES, SyntaxErrorKind, format, parse, parse_change,
    parse_expr, print,
};

const CIFAR10: &str = include_str!("cases/cifar10.term");

/// What a parse of `text` reports, which must not take long even unoptimized.
fn kinds(text: &str) -> Vec<SyntaxErrorKind> {
    let start = Instant::now();
    let errors = parse(text, 0).err().unwrap_or_default();
    let took = start.elapsed();
    let head: String = text.chars().take(20).collect();
    assert!(took < Duration::from_secs(20), "{head:?} took {took:?}");
    assert!(errors.len() <= MAX_ERRORS);
    assert!(errors.is_sorted_by_key(|error| error.span));
    errors.into_iter().map(|error| error.kind).collect()
}

const UNITS: [&str; 16] = [
    "(", "[", "{", ")", "a", "a ", "//", "// \n", "/// \n", "a+", "f(", "f(a,", "a[", "concat{",
    "a\n", "\"",
];

#[test]
fn sources_over_the_limit_are_refused_unread() {
    for unit in UNITS {
        let text = unit.repeat(10_000_000 / unit.len());
        assert_eq!(kinds(&text), [SyntaxErrorKind::SourceTooLarge], "{unit}");
        for errors in [parse_expr(&text, 0).err(), parse_change(&text, 0).err()] {
            assert_eq!(errors.unwrap()[0].kind, SyntaxErrorKind::SourceTooLarge);
        }
    }
}

#[test]
fn the_largest_sources_are_read_in_linear_time() {
    for unit in UNITS {
        for prefix in ["", "slow a = ", "block b(x) { concat { ", "slow a = f("] {
            let text = format!(
                "{prefix}{}",
                unit.repeat((MAX_SOURCE_BYTES / 8 - prefix.len()) / unit.len())
            );
            kinds(&text);
        }
    }
}

#[test]
fn nested_failures_are_read_once() {
    for (open, close) in [
        ("concat { f(", ")}"),
        ("f(a[", "])"),
        ("(", ")"),
        ("concat { a: [", "]}"),
        ("a[", "..]"),
        ("f(x: ", ")"),
    ] {
        let depth = 30;
        let text = format!(
            "slow a = {}1 $ 2{}",
            open.repeat(depth),
            close.repeat(depth)
        );
        assert_eq!(kinds(&text), [SyntaxErrorKind::ForeignCharacter]);
        let text = format!(
            "slow a = {}1 = 2{}",
            open.repeat(depth),
            close.repeat(depth)
        );
        assert_eq!(kinds(&text), [SyntaxErrorKind::Unexpected], "{open}");
    }
}

#[test]
fn depth_is_limited_in_brackets_and_in_chains() {
    let nested = |n: usize| format!("slow a = {}x{}", "f(".repeat(n), ")".repeat(n));
    assert_eq!(kinds(&nested(64)), []);
    assert_eq!(kinds(&nested(65)), [SyntaxErrorKind::NestedTooDeeply]);
    let chain = |n: usize| format!("slow a = x{}", " + x".repeat(n));
    assert_eq!(kinds(&chain(MAX_DEPTH - 1)), []);
    assert_eq!(kinds(&chain(MAX_DEPTH)), [SyntaxErrorKind::NestedTooDeeply]);
    assert_eq!(kinds(&chain(100_000)), [SyntaxErrorKind::NestedTooDeeply]);
    let pipes = format!("slow a = x{}", " |> f".repeat(MAX_DEPTH));
    assert_eq!(kinds(&pipes), [SyntaxErrorKind::NestedTooDeeply]);
    let indices = format!("slow a = x{}", "[0]".repeat(MAX_DEPTH));
    assert_eq!(kinds(&indices), [SyntaxErrorKind::NestedTooDeeply]);
}

#[test]
fn the_deepest_trees_are_printed() {
    let deep = [
        format!("slow a = {}x{}", "f(".repeat(64), ")".repeat(64)),
        format!("slow a = x{}", " + x".repeat(MAX_DEPTH - 1)),
        format!("slow a = x{}", " |> f".repeat(MAX_DEPTH - 1)),
        format!("slow a = {}x{}", "concat { ".repeat(64), " }".repeat(64)),
    ];
    for text in deep {
        let once = format(&text).unwrap();
        assert_eq!(format(&once).unwrap(), once);
        assert_eq!(print(&parse(&text, 0).unwrap()), once);
    }
}

#[test]
fn an_error_too_deep_leaves_other_definitions_alone() {
    let text = format!("slow a = {}\nslow b = c d\nslow e = f(", "(".repeat(1000));
    let expected = [
        SyntaxErrorKind::NestedTooDeeply,
        SyntaxErrorKind::Unexpected,
        SyntaxErrorKind::UnclosedBracket,
    ];
    assert_eq!(kinds(&text), expected);
}

#[test]
fn many_errors_are_cut_off() {
    assert_eq!(kinds(&"slow a = \n".repeat(100_000)).len(), MAX_ERRORS);
    assert_eq!(kinds(&"slow a = \" \n".repeat(100_000)).len(), MAX_ERRORS);
}

#[test]
fn long_models_parse_in_linear_time() {
    let mut text = String::from("model M {\n    input image[3, 32, 32]\n    b0 = sfne(image)\n");
    for i in 1..20_000 {
        writeln!(text, "    b{i} = sfne(b{}, skips: [b0], expand: 4)", i - 1).unwrap();
    }
    text.push_str("    output classes(10) = b1 |> linear\n}\n");
    assert_eq!(kinds(&text), []);
}

#[test]
fn bytes_that_are_no_text_are_reported() {
    let binary: Vec<u8> = (0..=255u8).cycle().take(10_000).collect();
    let text = String::from_utf8_lossy(&binary);
    assert!(kinds(&text).contains(&SyntaxErrorKind::ForeignCharacter));
    assert_eq!(
        kinds("// a comment with \0 in it"),
        [SyntaxErrorKind::ForeignCharacter]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        kinds(&text);
        let _ = (parse_expr(&text, u32::MAX), parse_change(&text, 7));
    }

    #[test]
    fn arbitrary_tokens_never_panic(tokens in proptest::collection::vec(0..TOKENS.len(), 0..60)) {
        let text: Vec<_> = tokens.into_iter().map(|token| TOKENS[token]).collect();
        kinds(&text.join(" "));
        kinds(&text.concat());
    }

    #[test]
    fn damaged_programs_never_panic(cuts in proptest::collection::vec((0..CIFAR10.len(), 0..40usize, 0..TOKENS.len()), 1..6)) {
        let mut text = CIFAR10.to_owned();
        for (at, len, token) in cuts {
            let at = at.min(text.len());
            let end = (at + len).min(text.len());
            text.replace_range(at..end, TOKENS[token]);
        }
        kinds(&text);
    }
}

const TOKENS: [&str; 34] = [
    "slow", "block", "model", "train", "variant", "of", "without", "kernel", "input", "output",
    "loss", "concat", "language", "a", "f(", "x[", "{", "}", "(", ")", "[", "]", "=", ":", ";",
    ",", "..", "-", "+", "|>", "1", "0.5", "\n", "/// d\n",
];
