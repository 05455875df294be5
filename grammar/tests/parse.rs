//! What the parser reads: trees, spans and the limits of the language.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod support;

use termc_grammar::ast::*;
use termc_grammar::{parse, parse_change, parse_expr};

const CIFAR10: &str = include_str!("cases/cifar10.term");

#[test]
fn the_example_of_the_language_parses() {
    let file = parse(CIFAR10, 0).unwrap();
    assert_eq!(file.items.len(), 10);
    let Item::Block(block) = &file.items[4] else {
        panic!("the fifth definition is the block")
    };
    assert_eq!(block.doc, "One slow-fast neural encoding block.");
    assert_eq!(block.bindings.len(), 6);
    assert!(block.bindings[0].kernel && !block.bindings[1].kernel);
}

#[test]
fn spans_are_those_of_the_source_and_offset_by_the_base() {
    let text = "slow a = f( g (1) + 2 ) // end\n";
    assert!(parse(text, 0).is_err());
    let text = "slow a = f( g(1) + 2 ) // end\n";
    let file = parse(text, 100).unwrap();
    let Item::Slow(slow) = &file.items[0] else {
        panic!()
    };
    let slice = |span: Span| &text[span.start as usize - 100..span.end as usize - 100];
    assert_eq!(slice(slow.span), "slow a = f( g(1) + 2 )");
    assert_eq!(slice(slow.value.span), "f( g(1) + 2 )");
    let ExprKind::Call(call) = &slow.value.kind else {
        panic!()
    };
    assert_eq!(slice(call.args[0].value.span), "g(1) + 2");
    let ExprKind::Binary { op_span, .. } = &call.args[0].value.kind else {
        panic!()
    };
    assert_eq!(slice(*op_span), "+");
}

#[test]
fn a_bracket_belongs_to_the_name_it_touches() {
    let branches = |text: &str| match parse_expr(text, 0).unwrap().kind {
        ExprKind::Concat(branches) => branches.len(),
        _ => panic!("not a concat"),
    };
    assert_eq!(branches("concat { fast\n(a + b) }"), 2);
    assert_eq!(branches("concat { fast(a + b) }"), 1);
    assert_eq!(branches("concat { skips\n[0] }"), 2);
    assert_eq!(branches("concat { skips[0] }"), 1);
}

#[test]
fn operators_bind_as_documented() {
    let shape = |text: &str| {
        fn show(expr: &Expr) -> String {
            match &expr.kind {
                ExprKind::Int(n) => n.to_string(),
                ExprKind::Name(name) => name.clone(),
                ExprKind::Binary { op, lhs, rhs, .. } => {
                    format!("({}{}{})", show(lhs), op.symbol(), show(rhs))
                }
                ExprKind::Pipe { value, into } => {
                    format!("({}|>{})", show(value), into.callee.text)
                }
                other => panic!("{other:?}"),
            }
        }
        show(&parse_expr(text, 0).unwrap())
    };
    assert_eq!(shape("a + b * c @ d / e - f"), "((a+(((b*c)@d)/e))-f)");
    assert_eq!(shape("a + b |> f |> g"), "(((a+b)|>f)|>g)");
    assert_eq!(shape("(a |> f) * (b - c)"), "((a|>f)*(b-c))");
    assert_eq!(shape("a -3 - -4"), "((a-3)--4)");
}

#[test]
fn numbers_are_read_as_written() {
    let kind = |text: &str| parse_expr(text, 0).unwrap().kind;
    assert_eq!(kind("1_000"), ExprKind::Int(1000));
    assert_eq!(kind("-7"), ExprKind::Int(-7));
    assert_eq!(kind("5e-5"), ExprKind::Float(5e-5));
    assert_eq!(kind("0.05"), ExprKind::Float(0.05));
    assert_eq!(kind("2.0"), ExprKind::Float(2.0));
    assert_eq!(kind("99999999999999999999"), ExprKind::Float(1e20));
    for bad in ["1.", ".5", "3x", "1e", "1__0", "1e999"] {
        assert!(parse_expr(bad, 0).is_err(), "{bad}");
    }
}

#[test]
fn a_change_is_a_path_and_a_value() {
    let Change::Set { path, value } = parse_change("train.optimizer.lr=0.5", 0).unwrap() else {
        panic!()
    };
    let parts: Vec<_> = path.parts.iter().map(|part| part.text.as_str()).collect();
    assert_eq!(parts, ["train", "optimizer", "lr"]);
    assert_eq!(value.kind, ExprKind::Float(0.5));
    assert!(parse_change("without a.b", 0).is_err());
    assert!(parse_change("a.b = 1; c = 2", 0).is_err());
}

#[test]
fn empty_files_marks_and_line_ends_are_fine() {
    assert_eq!(parse("", 0).unwrap(), File::default());
    assert_eq!(parse("\u{feff}", 0).unwrap(), File::default());
    assert_eq!(parse("// only a comment", 0).unwrap(), File::default());
    let unix = parse("//! a\n//! b\nlanguage 1\ntrain {\n\tepochs 3\n}\n", 0).unwrap();
    let dos = parse(
        "\u{feff}//! a\r\n//! b\r\nlanguage 1\r\ntrain {\r\n\tepochs 3\r\n}\r\n",
        0,
    )
    .unwrap();
    assert_eq!(
        (unix.doc.as_str(), unix.language.map(|l| l.0)),
        ("a\nb", Some(1))
    );
    assert_eq!((unix.doc, unix.items.len()), (dos.doc, dos.items.len()));
}

#[test]
fn the_tree_of_the_example_is_as_written() {
    let file = parse(CIFAR10, 0).unwrap();
    let items: Vec<_> = file.items.iter().map(support::unspanned).collect();
    let tree = items
        .join("\n")
        .replace(", span: ", "")
        .replace(", op_span: ", "");
    insta::assert_snapshot!(tree);
}
