//! Arbitrary syntax trees, of everything that the parser can read and the printer can show.

use proptest::prelude::*;
use termc_grammar::ast::*;

const NOWHERE: Span = Span { start: 0, end: 0 };

fn named(text: &str) -> Name {
    let text = text.to_owned();
    Name {
        text,
        span: NOWHERE,
    }
}

fn name() -> impl Strategy<Value = Name> + Clone {
    let names = [
        "x",
        "skips",
        "hci",
        "iffy",
        "loss",
        "add",
        "in",
        "a_rather_long_name_for_a_value_of_some_kind",
    ];
    prop::sample::select(names.to_vec()).prop_map(named)
}

/// A name, or a word that is reserved elsewhere.
fn word() -> impl Strategy<Value = Name> + Clone {
    prop_oneof![
        name(),
        prop::sample::select(vec!["if", "model", "true"]).prop_map(named)
    ]
}

fn doc() -> impl Strategy<Value = String> + Clone {
    prop::sample::select(vec!["", "", "one line", "two\n\n  lines // in it"])
        .prop_map(str::to_owned)
}

fn of(kind: ExprKind) -> Expr {
    Expr {
        kind,
        span: NOWHERE,
    }
}

fn many<T: std::fmt::Debug, S: Strategy<Value = T> + Clone>(
    one: S,
) -> impl Strategy<Value = Vec<T>> + Clone {
    prop::collection::vec(one, 0..4)
}

pub fn expr() -> impl Strategy<Value = Expr> + Clone {
    let leaf = prop_oneof![
        (0..=i64::MAX).prop_map(ExprKind::Int),
        (0..40u8).prop_map(|n| ExprKind::Float(f64::from(n) / 8.0)),
        any::<bool>().prop_map(ExprKind::Bool),
        name().prop_map(|name| ExprKind::Name(name.text)),
    ];
    leaf.prop_map(of).prop_recursive(5, 40, 5, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let arg =
            (prop::option::of(word()), inner.clone()).prop_map(|(name, value)| Arg { name, value });
        let call = (name(), many(arg)).prop_map(|(callee, args)| Call {
            callee,
            args,
            span: NOWHERE,
        });
        let unary = prop::sample::select(vec![UnaryOp::Neg, UnaryOp::Not]);
        let binary = prop::sample::select(BinaryOp::ALL.to_vec());
        let end = prop::option::of(boxed.clone());
        let op_span = NOWHERE;
        prop_oneof![
            many(inner).prop_map(ExprKind::List),
            call.clone().prop_map(ExprKind::Call),
            (boxed.clone(), call).prop_map(|(value, into)| ExprKind::Pipe { value, into }),
            (unary, boxed.clone()).prop_map(|(op, value)| ExprKind::Unary { op, value }),
            (binary, boxed.clone(), boxed.clone()).prop_map(move |(op, lhs, rhs)| {
                ExprKind::Binary {
                    op,
                    op_span,
                    lhs,
                    rhs,
                }
            }),
            (boxed.clone(), boxed.clone(), boxed.clone()).prop_map(
                |(condition, then, otherwise)| ExprKind::If {
                    condition,
                    then,
                    otherwise
                }
            ),
            (boxed.clone(), boxed.clone())
                .prop_map(|(value, index)| ExprKind::Index { value, index }),
            (boxed.clone(), end.clone(), end).prop_map(|(value, start, end)| ExprKind::Slice {
                value,
                start,
                end
            }),
            (boxed, word()).prop_map(|(value, name)| ExprKind::Field { value, name }),
        ]
        .prop_map(of)
    })
}

fn step() -> impl Strategy<Value = Step> + Clone {
    let index = prop::option::of((-9..9i64).prop_map(|index| (index, NOWHERE)));
    (word(), index).prop_map(|(name, index)| Step { name, index })
}

fn path() -> impl Strategy<Value = Path> + Clone {
    prop::collection::vec(step(), 1..4).prop_map(|steps| Path {
        steps,
        span: NOWHERE,
    })
}

fn message() -> impl Strategy<Value = Message> + Clone {
    let text = prop::sample::select(vec!["plain", "\"{}\\ // //! é", " "])
        .prop_map(|text| Piece::Text(text.to_owned()));
    let text = prop::option::of(text);
    (
        text.clone(),
        prop::option::of(expr().prop_map(Piece::Hole)),
        text,
    )
        .prop_map(|(before, hole, after)| {
            let after = after.filter(|_| hole.is_some() || before.is_none());
            let pieces = before.into_iter().chain(hole).chain(after).collect();
            Message {
                pieces,
                span: NOWHERE,
            }
        })
}

fn line() -> impl Strategy<Value = Line> + Clone {
    let place = (any::<bool>(), step()).prop_map(|(after, step)| Place { after, step });
    let leaf =
        prop_oneof![
            (name(), many(expr())).prop_map(|(name, sizes)| LineKind::Input {
                name,
                sizes: of(ExprKind::List(sizes))
            }),
            (name(), expr()).prop_map(|(name, value)| LineKind::Output { name, value }),
            (expr(), message())
                .prop_map(|(condition, message)| LineKind::Require { condition, message }),
            path().prop_map(|path| LineKind::Without {
                paths: vec![path],
                choose: false
            }),
            prop::collection::vec(path(), 1..5).prop_map(|paths| LineKind::Without {
                paths,
                choose: true
            }),
            (path(), expr(), prop::option::of(place))
                .prop_map(|(path, value, place)| LineKind::Add { path, value, place }),
            (expr(), expr()).prop_map(|(target, value)| LineKind::Bind { target, value }),
            expr().prop_map(LineKind::Yield),
        ];
    let of = |(doc, kind)| Line {
        doc,
        kind,
        span: NOWHERE,
    };
    (doc(), leaf)
        .prop_map(of)
        .prop_recursive(2, 8, 3, move |line| {
            let nested = prop_oneof![
                many(line.clone()).prop_map(LineKind::Loss),
                (name(), expr(), expr(), many(line)).prop_map(|(var, start, end, body)| {
                    LineKind::For {
                        var,
                        start,
                        end,
                        body,
                    }
                }),
            ];
            (doc(), nested).prop_map(of)
        })
}

fn ty() -> impl Strategy<Value = Ty> + Clone {
    let of = |kind| Ty {
        kind,
        span: NOWHERE,
    };
    let leaf = word().prop_map(move |word| of(TyKind::Word(word.text)));
    leaf.prop_recursive(2, 2, 1, move |ty| {
        ty.prop_map(move |ty| of(TyKind::List(Box::new(ty))))
    })
}

fn callable() -> impl Strategy<Value = Callable> + Clone {
    let param = (name(), prop::option::of(ty()), prop::option::of(expr()));
    let param = param.prop_map(|(name, ty, default)| ParamDef { name, ty, default });
    (name(), many(param), many(line())).prop_map(|(name, params, body)| Callable {
        name,
        params,
        body,
    })
}

fn item() -> impl Strategy<Value = Item> + Clone {
    let kind = prop_oneof![
        Just(ItemKind::Use("lib/a b\\.term".to_owned(), NOWHERE)),
        (name(), expr()).prop_map(|(name, value)| ItemKind::Const { name, value }),
        callable().prop_map(ItemKind::Block),
        callable().prop_map(ItemKind::Model),
        many(line()).prop_map(ItemKind::Train),
        (name(), path(), many(line())).prop_map(|(name, base, body)| ItemKind::Variant {
            name,
            base,
            body
        }),
    ];
    (doc(), kind).prop_map(|(doc, kind)| Item {
        doc,
        kind,
        span: NOWHERE,
    })
}

pub fn file() -> impl Strategy<Value = File> {
    let language = prop::option::of((2..9u64).prop_map(|version| (version, NOWHERE)));
    (doc(), language, many(item())).prop_map(|(doc, language, items)| File {
        doc,
        language,
        items,
    })
}
