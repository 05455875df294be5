//! No source makes the parser panic, overflow its stack or take more than linear time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use termc_grammar::SyntaxErrorKind::{
    ForeignCharacter, NestedTooDeeply, SourceTooLarge, UnclosedBracket, Unexpected,
};
use termc_grammar::{
    MAX_BRACKETS, MAX_DEPTH, MAX_ERRORS, MAX_SOURCE_BYTES, SyntaxErrorKind, format, parse,
    parse_change, parse_expr, print,
};

const CIFAR10: &str = include_str!("../../examples/cifar10.term");

/// What a parse of `text` reports.
fn kinds(text: &str) -> Vec<SyntaxErrorKind> {
    let errors = parse(text, 0).err().unwrap_or_default();
    assert!(errors.len() <= MAX_ERRORS);
    assert!(errors.is_sorted_by_key(|error| error.span));
    errors.into_iter().map(|error| error.kind).collect()
}

/// `unit` again and again behind `before`, `size` bytes in all.
fn filled(before: &str, unit: &str, size: usize) -> String {
    format!(
        "{before}{}",
        unit.repeat((size - before.len()) / unit.len())
    )
}

/// What makes a source bad when it is repeated, and what it is repeated after.
const REPEATED: [(&str, &[&str]); 5] = [
    (
        "",
        &[
            "(",
            "[",
            "}",
            "a ",
            "a b\n",
            "\n",
            "// \n",
            "/// \n",
            "//! \n",
            "\"",
            "\"\n",
            "use \"a\"\n",
            "const\n",
            "×\n",
            "concat{",
            "}\n)\n",
            "block a(b) {\n",
        ],
    ),
    (
        "const a = ",
        &[
            "(",
            "a",
            "1",
            "-",
            "not ",
            "a+",
            "a|>",
            "a==not ",
            ".a",
            "f(",
            "if ",
            "if a {",
            "if a {b} else ",
            ";",
        ],
    ),
    ("const a = f(", &["a,", "a=1,", "a[", "[0]", "// \n", "\n"]),
    (
        "block f(x) {\n",
        &[
            "{",
            "a\n",
            "a = b\n",
            "a b\n",
            "a b;",
            ";",
            "for i in a..b {\n",
            "loss {\n",
            "add a\n",
            "1e999\n",
        ],
    ),
    ("block f(x) {\nrequire x, \"", &["{a}", "a", "{", "{f("]),
];

/// In debug mode a few microseconds a byte are fine; what takes quadratic time takes ten seconds and more.
#[test]
fn all_sources_are_read_in_linear_time() {
    for (start, units) in REPEATED {
        for unit in units {
            let text = filled(start, unit, MAX_SOURCE_BYTES / 64);
            let begin = Instant::now();
            kinds(&text);
            let took = begin.elapsed();
            assert!(
                took < Duration::from_secs(4),
                "{start:?} {unit:?} took {took:?}"
            );
        }
    }
}

/// The test's own thread has two megabytes; half of that must do for the deepest that may be written.
#[test]
fn no_source_takes_a_deep_stack() {
    let deep =
        |text: String| move || drop((parse(&text, 0).map(|file| print(&file)), format(&text)));
    let mut texts = vec![];
    for (open, close) in [
        ("f(", ")"),
        ("(", ")"),
        ("[", "]"),
        ("if a { b } else {", "}"),
        ("a[", "]"),
        ("f(b=-not (", "))"),
    ] {
        let depth = MAX_BRACKETS / open.matches(['(', '[']).count().max(1);
        texts.push(format!(
            "const a = {}x{}",
            open.repeat(depth),
            close.repeat(depth)
        ));
        texts.push(filled("const a = ", open, MAX_SOURCE_BYTES / 16));
    }
    texts.push(format!(
        "block f(x: {}int{}) {{ x }}",
        "[".repeat(60),
        "]".repeat(60)
    ));
    texts.push(format!(
        "block f(x) {{ {}x{} }}",
        "loss { for i in 0..1 {".repeat(30),
        "} }".repeat(30)
    ));
    texts.push(format!(
        "block f(x) {{ require x, \"{{{}x{}}}\" }}",
        "f(".repeat(60),
        ")".repeat(60)
    ));
    for unit in [
        "-",
        "not ",
        "a + ",
        "a |> ",
        "a == not ",
        "if a { b } else ",
        "if ",
    ] {
        texts.push(filled("const a = ", unit, 4 * MAX_DEPTH * unit.len()) + "{ a }");
        texts.push(format!("const a = {}a", unit.repeat(MAX_DEPTH / 2)));
    }
    for text in texts {
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        thread.spawn(deep(text)).unwrap().join().unwrap();
    }
}

#[test]
fn sources_over_the_limit_are_refused_unread() {
    let text = "(".repeat(MAX_SOURCE_BYTES + 1);
    assert_eq!(kinds(&text), [SourceTooLarge]);
    for errors in [parse_expr(&text, 0).err(), parse_change(&text, 0).err()] {
        assert_eq!(errors.unwrap()[0].kind, SourceTooLarge);
    }
}

#[test]
fn depth_is_limited_in_brackets_and_in_chains() {
    let nested = |n: usize| format!("const a = {}x{}", "f(".repeat(n), ")".repeat(n));
    assert_eq!(kinds(&nested(MAX_BRACKETS)), []);
    assert_eq!(kinds(&nested(MAX_BRACKETS + 1)), [NestedTooDeeply]);
    let texts = |n: usize| {
        format!(
            "block f(x) {{\nrequire x, \"{{{}x{}}}\"\n}}",
            "f(".repeat(n),
            ")".repeat(n)
        )
    };
    assert_eq!(kinds(&texts(MAX_BRACKETS - 2)), []);
    assert_eq!(kinds(&texts(MAX_BRACKETS - 1)), [NestedTooDeeply]);
    for (before, unit, after) in [
        ("x", " + x", ""),
        ("x", " |> f", ""),
        ("x", "[0]", ""),
        ("x", ".y", ""),
        ("", "-", "x"),
        ("", "not ", "x"),
        ("", "x == not ", "x"),
        ("", "if a { b } else ", "{ x }"),
    ] {
        let chain =
            |n: usize| format!("const a = {before}{}{after}\nconst b = c d", unit.repeat(n));
        assert_eq!(kinds(&chain(MAX_DEPTH / 2 - 1)), [Unexpected], "{unit}");
        for n in [MAX_DEPTH, 3_000] {
            assert_eq!(kinds(&chain(n)), [NestedTooDeeply, Unexpected], "{unit}");
        }
    }
}

#[test]
fn an_error_too_deep_leaves_other_definitions_alone() {
    let text = format!(
        "const a = {}\nconst b = c d\nconst e = f(",
        "(".repeat(1000)
    );
    assert_eq!(kinds(&text), [NestedTooDeeply, Unexpected, UnclosedBracket]);
}

#[test]
fn many_errors_are_cut_off() {
    for line in [
        "const a = \n",
        "const a = b c\n",
        "const a = \" \n",
        "const a = 1e999\n",
        "}\n",
    ] {
        assert_eq!(kinds(&line.repeat(20_000)).len(), MAX_ERRORS, "{line}");
    }
}

#[test]
fn bytes_that_are_no_text_are_reported() {
    let binary: Vec<u8> = (0..=255u8).cycle().take(10_000).collect();
    assert!(kinds(&String::from_utf8_lossy(&binary)).contains(&ForeignCharacter));
    assert_eq!(kinds("// a comment with \0 in it"), [ForeignCharacter]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

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

    /// Whatever is done to a program, an error has a place in it, and what has no error can be formatted.
    #[test]
    fn damaged_programs_never_panic(cuts in proptest::collection::vec((0..CIFAR10.len(), 0..40usize, 0..TOKENS.len()), 1..6)) {
        let mut text = CIFAR10.to_owned();
        for (at, len, token) in cuts {
            let at = at.min(text.len());
            let end = (at + len).min(text.len());
            text.replace_range(at..end, TOKENS[token]);
        }
        match parse(&text, 0) {
            Ok(_) => prop_assert!(format(&text).is_ok_and(|once| format(&once) == Ok(once))),
            Err(errors) => {
                for error in errors {
                    prop_assert_ne!(error.kind, SyntaxErrorKind::Internal);
                    prop_assert!(text.get(error.span.start as usize..error.span.end as usize).is_some());
                }
            }
        }
    }
}

const TOKENS: [&str; 44] = [
    "use",
    "const",
    "block",
    "model",
    "train",
    "variant",
    "of",
    "without",
    "choose",
    "add",
    "after",
    "input",
    "output",
    "loss",
    "for",
    "in",
    "if",
    "else",
    "require",
    "language",
    "not",
    "and",
    "a",
    "f(",
    "x[",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "=",
    ":",
    ";",
    ",",
    "..",
    "-",
    "+",
    "|>",
    "1",
    "0.5",
    "\"t {a}\"",
    "\n",
    "/// d\n",
];
