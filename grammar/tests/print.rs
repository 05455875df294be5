//! Printing loses nothing but spans and plain comments; formatting loses nothing and settles at once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod support;
mod trees;

use proptest::prelude::*;
use support::unspanned;
use termc_grammar::ast::*;
use termc_grammar::{format, parse, parse_expr, print, print_expr, print_item, print_line};
use trees::{expr, file};

/// Prints, parses and prints again; the tree and the text must both come back.
fn round(file: &File) -> String {
    let text = print(file);
    let again = parse(&text, 0).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    assert_eq!(unspanned(file), unspanned(&again), "\n{text}");
    assert_eq!(text, print(&again));
    assert_eq!(
        Ok(&text),
        format(&text).as_ref(),
        "formatting changes what was printed"
    );
    text
}

/// Formats twice; the second time changes nothing, the tree and every comment stay.
fn settled(text: &str) -> String {
    let once = format(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    let tree = |text: &str| {
        unspanned(&parse(text, 0).unwrap_or_else(|errors| panic!("{errors:?}\n{text}")))
    };
    assert_eq!(tree(text), tree(&once), "\n{once}");
    assert_eq!(once, format(&once).unwrap());
    let comments = |text: &str| text.matches("//").count();
    assert_eq!(comments(text), comments(&once), "\n{once}");
    once
}

/// The prelude and the examples are written in canonical form.
#[test]
fn what_ships_is_canonical() {
    let is_canonical = |path: &std::path::Path| {
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(settled(&text), text, "{} is not canonical", path.display());
        round(&parse(&text, 0).unwrap());
    };
    insta::glob!("../../compiler/prelude", "*.term", is_canonical);
    insta::glob!("../../examples", "**/*.term", is_canonical);
}

#[test]
fn forms_print_in_canonical_form() {
    insta::assert_snapshot!(round(&parse(include_str!("cases/forms.term"), 0).unwrap()));
}

#[test]
fn comments_stay_where_they_belong() {
    insta::assert_snapshot!(settled(include_str!("cases/comments.term")));
}

#[test]
fn long_lines_break_at_their_outermost_lists() {
    let text = include_str!("cases/long.term");
    insta::assert_snapshot!(settled(text));
    assert!(
        print(&parse(text, 0).unwrap())
            .lines()
            .all(|line| line.chars().count() <= 120)
    );
}

#[test]
fn an_empty_file_prints_as_nothing() {
    assert_eq!(print(&File::default()), "");
    assert_eq!(settled("\n\n\n"), "");
    assert_eq!(settled("\n// alone\n\n"), "// alone\n");
}

#[test]
fn items_and_lines_print_alone() {
    let text = "/// Documented.\nblock f(x) {\n    /// The result.\n    x |> gelu\n}";
    let file = parse(text, 0).unwrap();
    assert_eq!(print_item(&file.items[0]), text);
    let ItemKind::Block(block) = &file.items[0].kind else {
        panic!()
    };
    assert_eq!(print_line(&block.body[0]), "/// The result.\nx |> gelu");
}

#[test]
fn parentheses_are_put_where_needed_only() {
    for (written, printed) in [
        ("((a))", "a"),
        ("(a + b) * c", "(a + b) * c"),
        ("(a * b) + c", "a * b + c"),
        ("a - (b - c)", "a - (b - c)"),
        ("(a - b) - c", "a - b - c"),
        ("(a |> f) + b", "(a |> f) + b"),
        ("(a + b) |> f() |> g(1)", "a + b |> f |> g(1)"),
        ("(a + b)[0]", "(a + b)[0]"),
        ("(3)[..]", "(3)[..]"),
        ("((f(x))[1..])[0].a", "f(x)[1..][0].a"),
        ("a - -3", "a - -3"),
        ("-(-a)", "--a"),
        ("-(a * b)", "-(a * b)"),
        ("(-a) * b", "-a * b"),
        ("(not a) == b", "(not a) == b"),
        ("not (a == b)", "not a == b"),
        ("a == not b", "a == (not b)"),
        ("(not a) and not (b or c)", "not a and not (b or c)"),
        ("-(not a)", "-(not a)"),
        ("(if a { b } else { c }).d", "(if a { b } else { c }).d"),
        (
            "if (if a { b } else { c }) { d } else { (e) }",
            "if (if a { b } else { c }) { d } else { e }",
        ),
        (
            "if a + (if b { c } else { d }) == e { f } else { g }",
            "if (a + if b { c } else { d } == e) { f } else { g }",
        ),
        (
            "if a { b } else { if c { d } else { e } }",
            "if a { b } else if c { d } else { e }",
        ),
        ("f()", "f()"),
        ("f(a = b, c=(d))", "f(a=b, c=d)"),
        ("1_000 + 0.00000000012345 + 1.50", "1000 + 1.2345e-10 + 1.5"),
    ] {
        let expr = parse_expr(written, 0).unwrap_or_else(|errors| panic!("{errors:?}\n{written}"));
        assert_eq!(print_expr(&expr), printed);
        assert_eq!(print_expr(&parse_expr(printed, 0).unwrap()), printed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_tree_survives_printing(file in file()) {
        round(&file);
    }

    #[test]
    fn any_expression_survives_printing(expr in expr()) {
        let again = parse_expr(&print_expr(&expr), 0).unwrap();
        prop_assert_eq!(unspanned(&expr), unspanned(&again));
    }

    #[test]
    fn any_number_reads_back_as_itself(value in any::<f64>().prop_map(f64::abs).prop_filter("finite", |value| value.is_finite())) {
        let expr = Expr { kind: ExprKind::Float(value), span: Span::default() };
        prop_assert_eq!(parse_expr(&print_expr(&expr), 0).unwrap().kind, expr.kind);
    }

    #[test]
    fn comments_anywhere_survive_formatting(marks in prop::collection::vec(0..3 * TRIVIA.len(), 64)) {
        let mut marks = marks.into_iter().cycle();
        let mut text = String::new();
        for part in GAPS.split('~') {
            text.push_str(part);
            text.push_str(marks.next().and_then(|mark| TRIVIA.get(mark)).unwrap_or(&""));
        }
        settled(&text);
    }
}

/// A file with a mark wherever a line may end.
const GAPS: &str = "~//! d~
language 2~
~use \"a.term\"~
const a = ~f(~x,~ n=~[~1,~ 2~],~ g=~(~y~)~)~
/// d
~block b(~x,~ n: [int] = ~[~]~) {~
    require x == ~1 and ~2 < ~3,~ \"t {f(x)}\"~
    for i in 0..n + ~1 {~
        /// e
        ~y[i] = ~-x * ~y~;~ z = x~
    }~
    ~if x {~a~}~ else if y {~b~}~ else {~c~} ~|> ~f(~) ~|> ~g~
~}~
variant V of M[2] {~
    without choose(~a.b,~ c~)~
    add a.b = ~x after l9~;~ c[1].d = ~e~
}~";

const TRIVIA: [&str; 5] = [
    " // trailing\n",
    "\n// own\n",
    "\n\n",
    "\n\n// apart\n\n// again\n",
    "\n",
];
