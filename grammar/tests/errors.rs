//! Every kind of syntax error as a reader sees it: each `errors/*.term` with its snapshot.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::fmt::Write as _;

use termc_grammar::ast::Span;
use termc_grammar::{SyntaxError, parse};

/// Message, place and help of one error.
fn show(text: &str, error: &SyntaxError) -> String {
    let mut out = format!("error: {error}\n");
    point(&mut out, text, error.span, "");
    if let Some((span, label)) = &error.related {
        point(&mut out, text, *span, label);
    }
    if let Some(help) = &error.help {
        writeln!(out, "help: {help}").unwrap();
    }
    out
}

/// The line of a span with carets below it.
fn point(out: &mut String, text: &str, span: Span, label: &str) {
    let (start, end) = (span.start as usize, span.end as usize);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let number = text[..start].matches('\n').count() + 1;
    let column = text[line_start..start].chars().count();
    let width = text[start..end].chars().count().max(1);
    writeln!(out, "{number:3} | {line}").unwrap();
    writeln!(
        out,
        "    | {}{} {label}",
        " ".repeat(column),
        "^".repeat(width)
    )
    .unwrap();
}

#[test]
fn every_error_is_told_in_the_words_of_the_language() {
    insta::glob!("errors/*.term", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let errors = parse(&text, 0).expect_err("the file has an error");
        let shown: Vec<_> = errors.iter().map(|error| show(&text, error)).collect();
        let shown: Vec<_> = shown
            .join("\n")
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect();
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(shown.join("\n"));
        });
    });
}
