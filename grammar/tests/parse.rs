//! What the parser reads: trees, spans, and which texts are of the language at all.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod support;

use termc_grammar::ast::*;
use termc_grammar::{SyntaxErrorKind, parse, parse_change, parse_expr};

#[test]
fn the_tree_of_every_form_is_as_written() {
    let file = parse(include_str!("cases/forms.term"), 0).unwrap();
    let shown: Vec<_> = file.items.iter().map(support::unspanned).collect();
    insta::assert_snapshot!(format!("{}\n{}", file.doc, shown.join("\n")));
}

#[test]
fn spans_are_those_of_the_source_and_offset_by_the_base() {
    let text = "/// d\nblock f(x) { // c\n    /// e\n    y = g( h(1) + 2 )[0].z |> k // end\n    if a { b } else if c { d } else { e }\n}\n";
    let file = parse(text, 100).unwrap();
    let slice = |span: Span| &text[span.start as usize - 100..span.end as usize - 100];
    assert!(
        slice(file.items[0].span).starts_with("block f")
            && slice(file.items[0].span).ends_with('}')
    );
    let ItemKind::Block(block) = &file.items[0].kind else {
        panic!()
    };
    assert_eq!(slice(block.body[0].span), "y = g( h(1) + 2 )[0].z |> k");
    let LineKind::Bind { value, .. } = &block.body[0].kind else {
        panic!()
    };
    let ExprKind::Pipe { value, into } = &value.kind else {
        panic!()
    };
    assert_eq!(
        (slice(value.span), slice(into.span)),
        ("g( h(1) + 2 )[0].z", "k")
    );
    let ExprKind::Field { value, name } = &value.kind else {
        panic!()
    };
    assert_eq!(
        (slice(value.span), slice(name.span)),
        ("g( h(1) + 2 )[0]", "z")
    );
    let ExprKind::Index { value, .. } = &value.kind else {
        panic!()
    };
    let ExprKind::Call(call) = &value.kind else {
        panic!()
    };
    assert_eq!(slice(call.args[0].value.span), "h(1) + 2");
    let ExprKind::Binary { op_span, .. } = &call.args[0].value.kind else {
        panic!()
    };
    assert_eq!(slice(*op_span), "+");
    let LineKind::Yield(choice) = &block.body[1].kind else {
        panic!()
    };
    let ExprKind::If { otherwise, .. } = &choice.kind else {
        panic!()
    };
    assert_eq!(slice(otherwise.span), "if c { d } else { e }");
}

#[test]
fn operators_bind_as_documented() {
    for (text, bracketed) in [
        (
            "a + b * c @ d / e - f % g",
            "((a + (((b * c) @ d) / e)) - (f % g))",
        ),
        (
            "a or b and not c == d + 1",
            "(a or (b and (not (c == (d + 1)))))",
        ),
        ("not not a and b or c", "(((not (not a)) and b) or c)"),
        ("-a * -b.c[0] - --d", "(((- a) * (- b.c[0])) - (- (- d)))"),
        ("a == not b < c", "(a == (not (b < c)))"),
        ("a <= b != c >= d > e", "((((a <= b) != c) >= d) > e)"),
        ("a + b |> f |> g(1)", "(((a + b) |> f()) |> g(1))"),
        ("not a |> f", "((not a) |> f())"),
        ("if a { b } else { c } + d", "(if a { b } else { c } + d)"),
        ("(a + b) * -(c)", "((a + b) * (- c))"),
    ] {
        assert_eq!(
            support::bracketed(&parse_expr(text, 0).unwrap()),
            bracketed,
            "{text}"
        );
    }
}

#[test]
fn numbers_are_read_as_written() {
    let kind = |text: &str| parse_expr(text, 0).unwrap().kind;
    assert_eq!(kind("1_000"), ExprKind::Int(1000));
    assert_eq!(kind("5e-5"), ExprKind::Float(5e-5));
    assert_eq!(kind("0.05"), ExprKind::Float(0.05));
    assert_eq!(kind("2.0"), ExprKind::Float(2.0));
    assert_eq!(kind("0.00000000012345"), ExprKind::Float(1.2345e-10));
    assert_eq!(kind("9223372036854775807"), ExprKind::Int(i64::MAX));
    assert_eq!(kind("99999999999999999999"), ExprKind::Float(1e20));
    for bad in ["1.", ".5", "3x", "1e", "1__0", "1_", "1e999", "0x1", "+1"] {
        assert!(parse_expr(bad, 0).is_err(), "{bad}");
    }
}

/// Line ends are white space in a few places, and end a line elsewhere.
#[test]
fn lines_end_where_nothing_goes_on() {
    let lines =
        |text: &str| match &parse(&format!("block f(x) {{{text}}}\n"), 0).ok()?.items[0].kind {
            ItemKind::Block(block) => Some(block.body.len()),
            _ => None,
        };
    for (text, count) in [
        ("", 0),
        ("\n\n; ;\n", 0),
        ("x", 1),
        ("a = x; b = a; b", 3),
        ("a = x\n\n// c\nb\n", 2),
        ("z = x +\n\n // c\n y\nz", 2),
        ("x\n // c\n|> gelu\n|>\nmixer(\n x.channels,\n c // c\n)", 1),
        ("z =\n [\n1, // c\n2\n]", 1),
        ("if x { y } // c\n\n else if z {\n y\n} else\n{ z }", 0),
        ("if x { y } // c\n\n else if z {\n y\n} else { z }", 1),
        ("f(\n)\n[\n]", 2),
        ("-x\n-x", 2),
        ("require x == 1,\n \"t\"", 1),
        ("without choose(\na,\nb\n)", 1),
        ("for i in 0..x.count { a[i] = x; b[i] = x\n }", 1),
        ("loss\nfor = 3", 0),
        ("loss {\na\nb = c\n}\nloss", 2),
        ("add = without; choose = after; add(x)", 3),
        ("after.add.in.if[0] = train; of[1] = language", 2),
    ] {
        assert_eq!(
            lines(text),
            Some(count)
                .filter(|_| !(count == 0 && text.contains("else\n{") || text.contains("for ="))),
            "{text}"
        );
    }
    for text in [
        "z = x\n+ y",
        "a (x)",
        "f(x) g(x)",
        "x y",
        "f(x\ny)",
        "f\n(x y)",
        "x [0]",
        "x.\ny",
        "x .y",
        "a\n= 3",
        "x[\n0]",
    ] {
        assert_eq!(lines(text), None, "{text}");
    }
}

#[test]
fn words_of_the_language_are_words_in_paths_and_arguments() {
    let file = parse("variant of of train { model.input = 3 }\n", 0);
    assert!(
        file.is_err(),
        "a path begins with a name where a value is set"
    );
    for text in [
        "variant of of train { x.input.if[2] = f(block=1, if=2) }",
        "variant V of model[3] { without model.input; add if.else = 3 after for[1] }",
        "block f(x, choose: block, after: [model]) { loss = in; loss }",
        "train { train = 3; require = 4 }",
    ] {
        assert_eq!(
            parse(text, 0).is_ok(),
            !text.contains("require ="),
            "{text}"
        );
    }
}

#[test]
fn a_change_is_what_a_variant_holds() {
    let kind = |text: &str| parse_change(text, 0).unwrap().kind;
    let LineKind::Bind { target, value } = kind("b[2].optimizer.lr=0.5") else {
        panic!()
    };
    assert_eq!(target.as_path().unwrap().to_string(), "b[2].optimizer.lr");
    assert_eq!(value.kind, ExprKind::Float(0.5));
    assert!(matches!(
        kind(" without a.b "),
        LineKind::Without { choose: false, .. }
    ));
    assert!(matches!(
        kind("add a.b = f(x) before c"),
        LineKind::Add {
            place: Some(Place { after: false, .. }),
            ..
        }
    ));
    assert!(matches!(
        kind("expand = choose([8, 2],\n [8])"),
        LineKind::Bind { .. }
    ));
    for text in [
        "",
        "a.b",
        "a.b = 1; c = 2",
        "a.b: 1",
        "a = 1\nb = 2",
        "use \"x\"",
    ] {
        let errors = parse_change(text, 7).unwrap_err();
        assert_eq!(errors[0].kind, SyntaxErrorKind::Unexpected, "{text}");
        assert!(errors[0].span.start >= 7);
    }
}

#[test]
fn empty_files_marks_and_line_ends_are_fine() {
    for text in ["", "\u{feff}", "// only a comment", "\n\n;\n", "  "] {
        assert_eq!(parse(text, 0).unwrap(), File::default(), "{text:?}");
    }
    let unix = parse("//! a\n//! b\n\nlanguage 2\ntrain {\n\tepochs = 3\n}\n", 0).unwrap();
    let dos = parse(
        "\u{feff}//! a\r\n//! b\r\n\r\nlanguage 2\r\ntrain {\r\n\tepochs = 3\r\n}\r\n",
        0,
    )
    .unwrap();
    assert_eq!(
        (unix.doc.as_str(), unix.language.map(|l| l.0)),
        ("a\nb", Some(2))
    );
    assert_eq!(support::unspanned(&unix), support::unspanned(&dos));
    assert_eq!(parse("language 3", 0).unwrap().language.unwrap().0, 3);
}

/// The help says what has changed; which texts count as version 1 is here.
#[test]
fn version_1_is_one_error() {
    for (text, place) in [
        ("language 1\nblock f(x) { x }", "language 1"),
        ("// c\nslow a = magnet(b: 3)\nslow b = (", "slow a"),
        (
            "block f(x) {\n    kernel K = g(x)\n    concat { x }\n}",
            "kernel K",
        ),
        (
            "model M {\n    output classes(10) = x y\n}",
            "output classes",
        ),
        ("block f(x) {\n    concat { x } |> g\n}", "concat {"),
    ] {
        let errors = parse(text, 0).unwrap_err();
        assert_eq!(
            (errors.len(), errors[0].kind),
            (1, SyntaxErrorKind::Version1),
            "{text}"
        );
        assert_eq!(
            &text[errors[0].span.start as usize..errors[0].span.end as usize],
            place
        );
    }
    for text in [
        "language 2\nslow a = f(x)",
        "block f(x) { y = g(x, n: 3) }",
        "const slow = concat",
        "train {\n    a = slow\n    b = c d\n}",
    ] {
        let errors = parse(text, 0).err().unwrap_or_default();
        assert!(
            errors
                .iter()
                .all(|error| error.kind != SyntaxErrorKind::Version1),
            "{text}"
        );
    }
}
