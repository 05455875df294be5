//! Printing loses nothing but spans and plain comments; formatting loses nothing and settles at once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod support;

use proptest::prelude::*;
use support::unspanned;
use termc_grammar::ast::*;
use termc_grammar::{format, parse, parse_expr, print, print_expr};

const CIFAR10: &str = include_str!("cases/cifar10.term");

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

#[test]
fn the_example_prints_in_canonical_form() {
    insta::assert_snapshot!(round(&parse(CIFAR10, 0).unwrap()));
}

#[test]
fn the_example_formats_with_its_comments() {
    insta::assert_snapshot!(settled(CIFAR10));
}

#[test]
fn comments_stay_where_they_belong() {
    insta::assert_snapshot!(settled(include_str!("cases/comments.term")));
}

#[test]
fn long_lines_break_at_their_outermost_lists() {
    insta::assert_snapshot!(settled(include_str!("cases/long.term")));
}

#[test]
fn lines_stay_below_a_hundred_columns() {
    for text in [
        CIFAR10,
        include_str!("cases/comments.term"),
        include_str!("cases/long.term"),
    ] {
        let printed = print(&parse(text, 0).unwrap());
        assert!(
            printed.lines().all(|line| line.chars().count() < 100),
            "{printed}"
        );
    }
}

#[test]
fn an_empty_file_prints_as_nothing() {
    assert_eq!(print(&File::default()), "");
    assert_eq!(settled("\n\n\n"), "");
    assert_eq!(settled("\n// alone\n\n"), "// alone\n");
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
        ("((f(x))[1..])[0]", "f(x)[1..][0]"),
        ("a - -3", "a - -3"),
        ("f()", "f()"),
    ] {
        assert_eq!(print_expr(&parse_expr(written, 0).unwrap()), printed);
    }
}

#[test]
fn a_sign_after_another_expression_is_no_operator() {
    let text = "block b(x) {\n    y = x\n    (-3 + x)\n}\n";
    assert_eq!(settled(text), text);
    let text = "block b(x) {\n    concat {\n        x\n        (-3 |> f)\n    }\n}\n";
    assert_eq!(settled(text), text);
}

fn name() -> impl Strategy<Value = Name> + Clone {
    prop::sample::select(vec![
        "x",
        "skips",
        "hci",
        "o_mix",
        "slowly",
        "a_rather_long_name_for_a_value",
    ])
    .prop_map(named)
}

fn named(text: &str) -> Name {
    Name {
        text: text.to_owned(),
        span: Span::default(),
    }
}

fn word() -> impl Strategy<Value = Name> + Clone {
    prop_oneof![
        name(),
        prop::sample::select(vec!["slow", "train", "loss"]).prop_map(named)
    ]
}

fn doc() -> impl Strategy<Value = String> + Clone {
    prop::sample::select(vec!["", "", "one line", "two\n\n  lines // in it"])
        .prop_map(str::to_owned)
}

fn of(kind: ExprKind) -> Expr {
    Expr {
        kind,
        span: Span::default(),
    }
}

fn expr() -> impl Strategy<Value = Expr> + Clone {
    let leaf = prop_oneof![
        any::<i64>().prop_map(ExprKind::Int),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(ExprKind::Float),
        (-20..20i64).prop_map(|n| ExprKind::Float(n as f64 / 8.0)),
        name().prop_map(|name| ExprKind::Name(name.text)),
    ]
    .prop_map(of);
    leaf.prop_recursive(5, 40, 5, |inner| {
        let args = prop::collection::vec((prop::option::of(word()), inner.clone()), 0..5);
        let call = (name(), args).prop_map(|(callee, args)| Call {
            callee,
            args: args
                .into_iter()
                .map(|(name, value)| Arg { name, value })
                .collect(),
            span: Span::default(),
        });
        let ops = vec![
            BinaryOp::Add,
            BinaryOp::Sub,
            BinaryOp::Mul,
            BinaryOp::Div,
            BinaryOp::MatMul,
        ];
        let end = prop::option::of(inner.clone().prop_map(Box::new));
        let range = prop_oneof![
            inner.clone().prop_map(|at| Range::At(Box::new(at))),
            (end.clone(), end).prop_map(|(start, end)| Range::Slice { start, end }),
        ];
        let branch = (doc(), prop::option::of(name()), inner.clone());
        let branch = branch.prop_map(|(doc, label, value)| Branch { doc, label, value });
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(ExprKind::List),
            call.clone().prop_map(ExprKind::Call),
            (prop::sample::select(ops), inner.clone(), inner.clone()).prop_map(|(op, lhs, rhs)| {
                ExprKind::Binary {
                    op,
                    op_span: Span::default(),
                    lhs: Box::new(lhs),
                    rhs: Box::new(rhs),
                }
            }),
            (inner.clone(), call).prop_map(|(value, into)| ExprKind::Pipe {
                value: Box::new(value),
                into,
            }),
            (inner.clone(), range).prop_map(|(list, range)| ExprKind::Index {
                list: Box::new(list),
                range,
            }),
            prop::collection::vec(branch, 0..4).prop_map(ExprKind::Concat),
        ]
        .prop_map(of)
    })
}

fn many<T: std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(one, 0..4)
}

fn params() -> impl Strategy<Value = Vec<ParamDef>> {
    many(
        (name(), prop::option::of(name()), prop::option::of(expr()))
            .prop_map(|(name, ty, default)| ParamDef { name, ty, default }),
    )
}

fn bindings() -> impl Strategy<Value = Vec<Binding>> {
    many(
        (doc(), any::<bool>(), name(), expr()).prop_map(|(doc, kernel, name, value)| Binding {
            doc,
            kernel,
            name,
            value,
        }),
    )
}

fn model() -> impl Strategy<Value = Item> {
    let span = Span::default();
    let input = (doc(), name(), prop::collection::vec(expr(), 0..4));
    let inputs = many(input.prop_map(move |(doc, name, sizes)| InputDef {
        doc,
        name,
        sizes: of(ExprKind::List(sizes)),
        span,
    }));
    let outputs = many((doc(), name(), expr(), expr()).prop_map(
        move |(doc, name, size, value)| OutputDef {
            doc,
            name,
            size,
            value,
            span,
        },
    ));
    let losses =
        many((doc(), many(expr())).prop_map(move |(doc, terms)| LossDef { doc, terms, span }));
    (doc(), name(), params(), inputs, bindings(), outputs, losses).prop_map(
        move |(doc, name, params, inputs, bindings, outputs, losses)| {
            Item::Model(ModelDef {
                doc,
                name,
                params,
                inputs,
                bindings,
                outputs,
                losses,
                span,
            })
        },
    )
}

fn variant() -> impl Strategy<Value = Item> {
    let span = Span::default();
    let path = prop::collection::vec(word(), 1..4).prop_map(move |parts| Path { parts, span });
    let change = prop_oneof![
        path.clone().prop_map(|path| Change::Without { path }),
        (path, expr()).prop_map(|(path, value)| Change::Set { path, value }),
    ];
    (doc(), name(), name(), many(change)).prop_map(move |(doc, name, base, changes)| {
        Item::Variant(VariantDef {
            doc,
            name,
            base,
            changes,
            span,
        })
    })
}

fn item() -> impl Strategy<Value = Item> {
    let span = Span::default();
    let values = prop::collection::vec(expr(), 1..4);
    let settings = many((name(), values).prop_map(|(key, values)| Setting { key, values }));
    prop_oneof![
        (doc(), name(), params(), expr()).prop_map(move |(doc, name, params, value)| Item::Slow(
            SlowDef {
                doc,
                name,
                params,
                value,
                span,
            }
        )),
        (
            doc(),
            name(),
            params(),
            bindings(),
            prop::option::of(expr())
        )
            .prop_map(
                move |(doc, name, params, bindings, result)| Item::Block(BlockDef {
                    doc,
                    name,
                    params,
                    bindings,
                    result,
                    span,
                })
            ),
        model(),
        (doc(), settings).prop_map(move |(doc, settings)| Item::Train(TrainDef {
            doc,
            settings,
            span
        })),
        variant(),
    ]
}

fn file() -> impl Strategy<Value = File> {
    (doc(), prop::option::of(0..9u64), many(item())).prop_map(|(doc, language, items)| File {
        doc,
        language: language.map(|version| (version, Span::default())),
        items,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_tree_survives_printing(file in file()) {
        round(&file);
    }

    #[test]
    fn any_expression_survives_printing(expr in expr()) {
        let again = parse_expr(&print_expr(&expr), 0).unwrap();
        prop_assert_eq!(unspanned(&expr), unspanned(&again));
    }

    /// Line ends, empty lines and comments between any two tokens.
    #[test]
    fn comments_anywhere_survive_formatting(marks in prop::collection::vec((0..2000usize, 0..TRIVIA.len()), 0..12)) {
        let source = include_str!("cases/comments.term");
        let mut gaps: Vec<usize> = source.match_indices(' ').map(|(at, _)| at).collect();
        gaps.retain(|&at| !source[..at].rsplit('\n').next().unwrap().contains("//"));
        let mut places: Vec<(usize, usize)> = marks.into_iter().map(|(gap, mark)| (gaps[gap % gaps.len()], mark)).collect();
        places.sort_unstable();
        places.dedup_by_key(|place| place.0);
        let mut text = source.to_owned();
        for (at, mark) in places.into_iter().rev() {
            text.insert_str(at, TRIVIA[mark]);
        }
        settled(&text);
    }
}

const TRIVIA: [&str; 5] = [
    " // trailing\n",
    "\n// own\n",
    "\n\n",
    "\n\n// apart\n\n// again\n",
    "\n",
];
