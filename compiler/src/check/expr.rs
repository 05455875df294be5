//! Evaluates expressions while a model is elaborated: names, numbers, lists, operators, calls. Each expression is
//! evaluated once per block instance; an error is reported once and yields `Unknown`, which silences what depends on it.

use termc_grammar::ast::{BinaryOp, Expr, ExprKind, Range};

use super::Checker;
use super::report::shown;
use super::value::{Ty, Value};
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::model::{NodeId, Op, Span};

impl<'a> Checker<'a> {
    /// The value of an expression; where a type is wanted, a value of that type or `Unknown`.
    pub(super) fn eval(&mut self, expr: &'a Expr, want: Option<Ty>) -> Value {
        let value = match &expr.kind {
            ExprKind::Int(i) => Value::Int(*i),
            ExprKind::Float(x) => Value::Float(*x),
            ExprKind::Name(name) => self.eval_name(name, expr.span, want),
            ExprKind::List(items) => {
                let element = match want {
                    Some(Ty::Features | Ty::FeatureOrList) => Some(Ty::Feature),
                    Some(Ty::Floats) => Some(Ty::Float),
                    _ => None,
                };
                Value::List(items.iter().map(|item| self.eval(item, element)).collect())
            }
            ExprKind::Call(call) => self.eval_call(call, None, expr.span, want),
            ExprKind::Pipe { value, into } => {
                let first = self.eval(value, None);
                self.eval_call(into, Some((first, value.span)), expr.span, want)
            }
            ExprKind::Binary {
                op,
                op_span,
                lhs,
                rhs,
            } => {
                let (a, b) = (self.eval(lhs, None), self.eval(rhs, None));
                self.eval_binary(*op, *op_span, expr.span, (a, lhs.span), (b, rhs.span))
            }
            ExprKind::Index { list, range } => self.eval_index(list, range, expr.span),
            ExprKind::Concat(branches) => self.eval_concat(branches, expr.span),
        };
        self.coerce(value, want, expr.span)
    }

    /// Checks a value against a wanted type.
    pub(super) fn coerce(&mut self, value: Value, want: Option<Ty>, span: Span) -> Value {
        let Some(want) = want else { return value };
        let fits = match (&value, want) {
            (Value::Unknown, _)
            | (Value::Feature(_), Ty::Feature | Ty::FeatureOrList)
            | (Value::Int(_), Ty::Int | Ty::Float | Ty::Scale)
            | (Value::Float(_), Ty::Float | Ty::Scale)
            | (Value::Trained(_), Ty::Scale)
            | (Value::Slow(_), Ty::Slow)
            | (Value::Init(_), Ty::Init)
            | (Value::Bool(_), Ty::Bool) => true,
            (Value::Word(w), Ty::Word(words)) => words.contains(w),
            (Value::List(items), Ty::Features | Ty::FeatureOrList) => items
                .iter()
                .all(|v| matches!(v, Value::Feature(_) | Value::Unknown)),
            (Value::List(items), Ty::Floats) => items
                .iter()
                .all(|v| matches!(v, Value::Int(_) | Value::Float(_) | Value::Unknown)),
            _ => false,
        };
        if fits {
            return value;
        }
        let mut diagnostic = Diagnostic::new(
            Code::Type,
            span,
            format!("expected {}, found {}", want.describe(), value.describe()),
        )
        .label(format!("this is {}", value.describe()));
        if let (Value::Feature(_), Ty::Features) = (&value, want) {
            diagnostic = diagnostic.help(format!(
                "write `[{}]` for a list of one",
                self.sources.snippet(span)
            ));
        }
        if let (Value::Float(x), Ty::Int) = (&value, want) {
            diagnostic = diagnostic.help(format!("write a whole number such as `{}`", x.round()));
        }
        self.report(diagnostic);
        Value::Unknown
    }

    fn eval_name(&mut self, name: &'a str, span: Span, want: Option<Ty>) -> Value {
        match want {
            Some(Ty::Word(words)) if self.lookup(name).is_none() => {
                return match words.iter().find(|w| **w == name) {
                    Some(word) => Value::Word(word),
                    None => self.unknown_word(name, span, words),
                };
            }
            Some(Ty::Bool) if self.lookup(name).is_none() => {
                return match name {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    _ => self.unknown_word(name, span, &["true", "false"]),
                };
            }
            Some(Ty::Init) if self.lookup(name).is_none() => return self.init_word(name, span),
            _ => {}
        }
        if let Some(value) = self.lookup(name) {
            return value;
        }
        if self.slows.contains_key(name) {
            return self.slow_without_arguments(name, span);
        }
        self.unknown_name(name, span, want)
    }

    fn unknown_word(&mut self, name: &str, span: Span, words: &[&'static str]) -> Value {
        let mut diagnostic =
            Diagnostic::new(Code::UnknownWord, span, format!("unknown word `{name}`"))
                .label(format!("expected {}", one_of(words.iter().copied())));
        if let Some(word) = nearest(name, words.iter().copied()) {
            diagnostic = diagnostic.help(format!("did you mean `{word}`?"));
        }
        self.report(diagnostic);
        Value::Unknown
    }

    fn unknown_name(&mut self, name: &str, span: Span, want: Option<Ty>) -> Value {
        let Some(frame) = self.frames.last() else {
            return Value::Unknown;
        };
        if let Some(later) = frame.later.get(name) {
            let diagnostic = Diagnostic::new(
                Code::UsedBefore,
                span,
                format!("`{name}` is used before it is defined"),
            )
            .label("used here")
            .related(*later, "defined here")
            .help(format!("move the definition of `{name}` above this line"));
            self.report(diagnostic);
            return Value::Unknown;
        }
        let what = frame.what.clone();
        let slows = self
            .slows
            .keys()
            .copied()
            .filter(|_| want == Some(Ty::Slow));
        let known: Vec<&str> = frame
            .names
            .keys()
            .map(String::as_str)
            .chain(slows)
            .collect();
        let mut diagnostic =
            Diagnostic::new(Code::UnknownName, span, format!("unknown name `{name}`"))
                .label(format!("not defined in {what}"));
        if let Some(near) = nearest(name, known.iter().copied()) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        } else if crate::ops::find(name).is_some() {
            diagnostic = diagnostic.help(format!(
                "`{name}` is an operation: write `{name}(...)` or `|> {name}`"
            ));
        } else if !known.is_empty() {
            let mut known = known;
            known.sort_unstable();
            diagnostic = diagnostic.help(format!("known here: {}", one_of(known)));
        }
        self.report(diagnostic);
        Value::Unknown
    }

    fn eval_binary(
        &mut self,
        op: BinaryOp,
        at: Span,
        span: Span,
        lhs: (Value, Span),
        rhs: (Value, Span),
    ) -> Value {
        use Value::{Feature, Float, Int, Unknown};
        match (lhs.0, rhs.0) {
            (Unknown, _) | (_, Unknown) => Unknown,
            (Feature(a), Feature(b)) => self.combine(op, at, span, (a, lhs.1), (b, rhs.1)),
            (Int(a), Int(b)) => self.integers(op, at, span, a, b),
            (Int(a), Float(b)) => self.floats(op, at, a as f64, b),
            (Float(a), Int(b)) => self.floats(op, at, a, b as f64),
            (Float(a), Float(b)) => self.floats(op, at, a, b),
            (a, b) => {
                let diagnostic = Diagnostic::new(
                    Code::Type,
                    at,
                    format!(
                        "`{}` cannot join {} and {}",
                        op.symbol(),
                        a.describe(),
                        b.describe()
                    ),
                )
                .label("needs two feature maps or two numbers")
                .related(lhs.1, format!("this is {}", a.describe()))
                .related(rhs.1, format!("this is {}", b.describe()));
                self.report(diagnostic);
                Unknown
            }
        }
    }

    fn integers(&mut self, op: BinaryOp, at: Span, span: Span, a: i64, b: i64) -> Value {
        let result = match op {
            BinaryOp::Add => a.checked_add(b),
            BinaryOp::Sub => a.checked_sub(b),
            BinaryOp::Mul => a.checked_mul(b),
            BinaryOp::Div => {
                if b == 0 || a.checked_rem(b) != Some(0) {
                    let message = if b == 0 {
                        format!("{a} / 0 has no value")
                    } else {
                        format!(
                            "{a} / {b} leaves a remainder of {}",
                            a.checked_rem(b).unwrap_or(0)
                        )
                    };
                    let diagnostic = Diagnostic::new(Code::Remainder, span, message)
                        .label("sizes are whole numbers")
                        .help("choose numbers that divide, or write the size out");
                    self.report(diagnostic);
                    return Value::Unknown;
                }
                a.checked_div(b)
            }
            BinaryOp::MatMul => return self.no_matmul(at),
        };
        match result {
            Some(n) => Value::Int(n),
            None => {
                let message = format!("{a} {} {b} is too large a number", op.symbol());
                self.report(
                    Diagnostic::new(Code::TooLarge, span, message).help("use smaller sizes"),
                );
                Value::Unknown
            }
        }
    }

    fn floats(&mut self, op: BinaryOp, at: Span, a: f64, b: f64) -> Value {
        let x = match op {
            BinaryOp::Add => a + b,
            BinaryOp::Sub => a - b,
            BinaryOp::Mul => a * b,
            BinaryOp::Div => a / b,
            BinaryOp::MatMul => return self.no_matmul(at),
        };
        if x.is_finite() {
            return Value::Float(x);
        }
        let diagnostic = match (op, b == 0.0) {
            (BinaryOp::Div, true) => Diagnostic::new(
                Code::Remainder,
                at,
                format!("{} / 0 has no value", shown(a)),
            )
            .help("divide by something else"),
            _ => {
                let (a, b) = (shown(a), shown(b));
                let message = format!("{a} {} {b} is too large a number", op.symbol());
                Diagnostic::new(Code::TooLarge, at, message).help("use smaller numbers")
            }
        };
        self.report(diagnostic);
        Value::Unknown
    }

    fn no_matmul(&mut self, at: Span) -> Value {
        let diagnostic = Diagnostic::new(
            Code::Type,
            at,
            "`@` is the matrix product of feature maps, not of numbers",
        )
        .help("use `*` for numbers");
        self.report(diagnostic);
        Value::Unknown
    }

    /// `+`, `*`, `@` of feature maps.
    fn combine(
        &mut self,
        op: BinaryOp,
        at: Span,
        span: Span,
        lhs: (NodeId, Span),
        rhs: (NodeId, Span),
    ) -> Value {
        let (a, b) = (self.builder.shape(lhs.0), self.builder.shape(rhs.0));
        let pairs = [
            (a.channels, b.channels),
            (a.height, b.height),
            (a.width, b.width),
        ];
        let symbol = op.symbol();
        let (name, node) = match op {
            BinaryOp::Add | BinaryOp::Mul => {
                if pairs.iter().any(|(p, q)| p != q && *p != 1 && *q != 1) {
                    let diagnostic = Diagnostic::new(
                        Code::Elementwise,
                        at,
                        format!("`{symbol}` needs equal shapes, found {a} and {b}"),
                    )
                    .label("these do not fit")
                    .help(mismatch_help(
                        a.channels,
                        b.channels,
                        (a.height, a.width) == (b.height, b.width),
                    ));
                    let diagnostic = self.operands(diagnostic, &[lhs, rhs]);
                    self.report(diagnostic);
                    return Value::Unknown;
                }
                match op {
                    BinaryOp::Add => ("add", Op::Add(lhs.0, rhs.0)),
                    _ => ("mul", Op::Mul(lhs.0, rhs.0)),
                }
            }
            BinaryOp::MatMul => {
                if a.channels != b.channels
                    || a.width != b.height
                    || a.height != a.width
                    || b.height != b.width
                {
                    let (message, help) = if a.channels != b.channels {
                        (
                            format!(
                                "`@` multiplies channel by channel, found {} and {} channels",
                                a.channels, b.channels
                            ),
                            mismatch_help(a.channels, b.channels, true),
                        )
                    } else if a.height == b.height && a.width == b.width {
                        (
                            format!("`@` needs square images, found {} x {}", a.height, a.width),
                            "crop or resize the input to a square, or use `*` instead of `@`"
                                .to_owned(),
                        )
                    } else {
                        (
                            format!("`@` needs equal square planes, found {a} and {b}"),
                            "both sides must come from feature maps of one size".to_owned(),
                        )
                    };
                    let diagnostic = Diagnostic::new(Code::MatMul, at, message)
                        .label("H x W matrix product")
                        .help(help);
                    let diagnostic = self.operands(diagnostic, &[lhs, rhs]);
                    self.report(diagnostic);
                    return Value::Unknown;
                }
                ("matmul", Op::MatMul(lhs.0, rhs.0))
            }
            BinaryOp::Sub | BinaryOp::Div => {
                let diagnostic = Diagnostic::new(
                    Code::Type,
                    at,
                    format!("`{symbol}` is for numbers, not feature maps"),
                )
                .help("feature maps have `+`, `*` and `@`");
                self.report(diagnostic);
                return Value::Unknown;
            }
        };
        self.builder.span = span;
        let name = self.builder.instance(name);
        self.node(name, node).map_or(Value::Unknown, Value::Feature)
    }

    fn eval_index(&mut self, list: &'a Expr, range: &'a Range, span: Span) -> Value {
        let value = self.eval(list, None);
        let (start, end, single) = match range {
            Range::At(at) => (Some(&**at), None, true),
            Range::Slice { start, end } => (start.as_deref(), end.as_deref(), false),
        };
        let mut bound =
            |expr: Option<&'a Expr>| expr.map(|e| (self.eval(e, Some(Ty::Int)), e.span));
        let (start, end) = (bound(start), bound(end));
        let items = match value {
            Value::Unknown => return Value::Unknown,
            Value::List(items) => items,
            other => {
                let diagnostic = Diagnostic::new(
                    Code::Type,
                    list.span,
                    format!("only lists have elements, found {}", other.describe()),
                )
                .label(format!("this is {}", other.describe()))
                .help("declare the parameter as `name: features` and pass a list");
                self.report(diagnostic);
                return Value::Unknown;
            }
        };
        let position = |bound: &Option<(Value, Span)>, missing: usize| match bound {
            None => Some(missing as i64),
            Some((Value::Int(i), _)) => Some(*i),
            Some(_) => None,
        };
        let (Some(from), Some(to)) = (position(&start, 0), position(&end, items.len())) else {
            return Value::Unknown;
        };
        let (low, high) = if single {
            (from, from.saturating_add(1))
        } else {
            (from, to)
        };
        let picked = match (usize::try_from(low), usize::try_from(high)) {
            // Slices are cut to the list: `[..1]` is the first element if there is one, `[1..]` all others.
            (Ok(low), Ok(high)) if !single => items
                .get(low.min(items.len())..high.min(items.len()).max(low.min(items.len())))
                .map(<[Value]>::to_vec),
            (Ok(low), Ok(high)) => items.get(low..high).map(<[Value]>::to_vec),
            _ => None,
        };
        match picked {
            Some(picked) if single => picked.into_iter().next().unwrap_or(Value::Unknown),
            Some(picked) => Value::List(picked),
            None => {
                let many = items.len();
                let diagnostic = Diagnostic::new(
                    Code::Index,
                    span,
                    format!("no element {low} in a list of {many}"),
                )
                .label("outside the list")
                .help(if many == 0 {
                    "the list is empty here".to_owned()
                } else {
                    format!("use 0 to {}", many - 1)
                });
                let diagnostic = self.instance_note(diagnostic);
                self.report(diagnostic);
                Value::Unknown
            }
        }
    }
}

fn mismatch_help(a: usize, b: usize, same_plane: bool) -> String {
    let (small, large) = (a.min(b), a.max(b));
    if !same_plane {
        "both sides must have the same height and width, or 1".to_owned()
    } else if small > 0 && large.is_multiple_of(small) {
        let tiles = if small == 1 {
            "channel tiles"
        } else {
            "channels tile"
        };
        format!("{small} {tiles} into {large}: use `tile(..., like: ...)` on the smaller side")
    } else {
        format!(
            "bring both sides to {small} or {large} channels, for instance with `pointwise(..., {large})`"
        )
    }
}
