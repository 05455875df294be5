//! Evaluates expressions in a scope. What is wrong is reported once and becomes `Value::Unknown`, which silences what
//! depends on it.

use std::fmt::Display;

use termc_grammar::ast::{BinaryOp, Expr, ExprKind, Name, UnaryOp};

use super::Elaborator;
use super::address::element;
use super::index::{cut, position};
use super::scope::Scope;
use crate::diagnostics::ProgramKind;
use crate::language::limits::LONGEST_LIST;
use crate::language::{Places, Traced, Ty, Value, bare_start, elements, function};
use crate::model::Span;

/// Something that was reported.
pub(super) fn reported() -> Traced {
    Traced {
        value: Value::Unknown,
        places: Places::default(),
    }
}

impl<'a> Elaborator<'a> {
    /// The value of an expression; `want` decides what words mean and whether a call is a block value, and is not checked.
    pub(super) fn eval(&mut self, scope: &Scope<'a>, expr: &'a Expr, want: Option<&Ty>) -> Traced {
        if !self.enter(expr.span) {
            return reported();
        }
        let value = self.eval_kind(scope, expr, want);
        self.leave();
        value
    }

    fn eval_kind(&mut self, scope: &Scope<'a>, expr: &'a Expr, want: Option<&Ty>) -> Traced {
        let literal = |value| Traced {
            value,
            places: Places::literal(expr.span),
        };
        match &expr.kind {
            ExprKind::Int(n) => literal(Value::Int(*n)),
            ExprKind::Float(x) => literal(Value::Float(*x)),
            ExprKind::Bool(b) => literal(Value::Bool(*b)),
            ExprKind::Name(name) => self.name(scope, name, expr.span, want),
            ExprKind::List(items) => {
                let inner = want.map(element);
                let items: Vec<Traced> = items.iter().map(|i| self.eval(scope, i, inner)).collect();
                if elements(&items) > LONGEST_LIST {
                    let most = LONGEST_LIST;
                    self.report(ProgramKind::TooManyElements { most }.into(), expr.span);
                    return reported();
                }
                literal(Value::List(items))
            }
            ExprKind::Call(call) => self.call(scope, call, None, want),
            ExprKind::Pipe { value, into } => self.call(scope, into, Some(value), want),
            ExprKind::Unary { op, value } => {
                let mut operand = self.eval(scope, value, None);
                // A negative number was written with its sign.
                if matches!(value.kind, ExprKind::Int(_) | ExprKind::Float(_)) {
                    operand.places = Places::literal(expr.span);
                }
                match op {
                    UnaryOp::Neg => self.negate(scope, operand, expr.span),
                    UnaryOp::Not => self.not(operand, value.span),
                }
            }
            ExprKind::Binary {
                op,
                op_span,
                lhs,
                rhs,
            } => {
                if let BinaryOp::And | BinaryOp::Or = op {
                    return self.logical(scope, *op, lhs, rhs);
                }
                let (a, b) = (self.eval(scope, lhs, None), self.eval(scope, rhs, None));
                self.binary(scope, *op, *op_span, (a, lhs.span), (b, rhs.span))
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                let chosen = self.eval(scope, condition, Some(&Ty::Bool));
                match self.truth(chosen, condition.span) {
                    Some((true, _)) => self.eval(scope, then, want),
                    Some((false, _)) => self.eval(scope, otherwise, want),
                    None => reported(),
                }
            }
            ExprKind::Index { value, index } => self.index(scope, value, index),
            ExprKind::Slice { value, start, end } => {
                self.slice(scope, value, start.as_deref(), end.as_deref())
            }
            ExprKind::Field { value, name } => self.field(scope, value, name),
        }
    }

    /// The value of an expression that must have a type; `of` says in a message whose value it is.
    pub(super) fn eval_as(
        &mut self,
        scope: &Scope<'a>,
        expr: &'a Expr,
        ty: &Ty,
        of: impl Display,
    ) -> Traced {
        let value = self.eval(scope, expr, Some(ty));
        self.coerce(value, ty, of, expr.span)
    }

    /// A whole number, if it is one.
    pub(super) fn integer(
        &mut self,
        scope: &Scope<'a>,
        expr: &'a Expr,
        of: impl Display,
    ) -> Option<i64> {
        match self.eval_as(scope, expr, &Ty::Int, of).value {
            Value::Int(n) => Some(n),
            _ => None,
        }
    }

    /// `true` or `false`, if the value is one, and where it comes from.
    pub(super) fn truth(&mut self, value: Traced, span: Span) -> Option<(bool, Places)> {
        match self.coerce(value, &Ty::Bool, "a condition", span) {
            Traced {
                value: Value::Bool(b),
                places,
            } => Some((b, places)),
            _ => None,
        }
    }

    fn name(&mut self, scope: &Scope<'a>, name: &str, span: Span, want: Option<&Ty>) -> Traced {
        if let Some(word) = want
            .and_then(Ty::words)
            .and_then(|w| w.words.iter().find(|w| **w == name))
        {
            return Traced {
                value: Value::Word(word),
                places: Places::literal(span),
            };
        }
        if let Some(entry) = scope.names.get(name) {
            return entry.value.clone();
        }
        if name == "pi" {
            return Traced {
                value: Value::Float(std::f64::consts::PI),
                places: Places::literal(span),
            };
        }
        if let Some(number) = self.program.find(scope.file, name)
            && let super::program::Body::Const(_) = self.program.get(number).body
        {
            return self.constant(number);
        }
        if let Some(start) = bare_start(name) {
            return Traced {
                value: Value::Init(start),
                places: Places::literal(span),
            };
        }
        if let Some(block) = self.callee(scope, name) {
            return Traced {
                value: Value::Block(std::rc::Rc::new(block)),
                places: Places::literal(span),
            };
        }
        self.unknown_name(scope, name, span, want)
    }

    fn unknown_name(
        &mut self,
        scope: &Scope<'a>,
        name: &str,
        span: Span,
        want: Option<&Ty>,
    ) -> Traced {
        let name = name.to_owned();
        let below = scope.later(&name);
        let kind = match (below, want.and_then(Ty::words)) {
            (Some(_), _) => ProgramKind::UsedBefore { name: name.clone() },
            (None, Some(words)) => ProgramKind::UnknownWord {
                word: name.clone(),
                ty: words.name,
                words: words.words,
            },
            (None, None) => match function(&name) {
                Some(function) => ProgramKind::Uncalled {
                    name: name.clone(),
                    takes: function.arguments.iter().map(|a| (*a).to_owned()).collect(),
                },
                None => ProgramKind::UnknownName {
                    name: name.clone(),
                    known: self.known_names(scope),
                    wanted: want.filter(|ty| ty.is_plain()).map(Ty::described),
                },
            },
        };
        self.report_with(
            kind.into(),
            span,
            below.map(|span| (span, "defined here".to_owned())),
        );
        reported()
    }

    /// The names that can be read in a scope.
    pub(super) fn known_names(&self, scope: &Scope<'a>) -> Vec<String> {
        let own = scope.names.keys().map(|n| (*n).to_owned());
        own.chain(self.program.names(scope.file).map(str::to_owned))
            .collect()
    }

    fn index(&mut self, scope: &Scope<'a>, list: &'a Expr, index: &'a Expr) -> Traced {
        let Some(at) = self.integer(scope, index, "an index") else {
            return reported();
        };
        // A list that has a name is not copied for one element of it.
        if let ExprKind::Name(name) = &list.kind
            && let Some(entry) = scope.names.get(name.as_str())
            && let Value::List(items) = &entry.value.value
        {
            if let Some(item) = element_at(items, at) {
                return item.clone();
            }
            let count = items.len();
            self.report(ProgramKind::Index { index: at, count }.into(), index.span);
            return reported();
        }
        let value = self.eval(scope, list, None);
        match self.items(value, list.span) {
            Some(items) => match element_at(&items, at) {
                Some(item) => item.clone(),
                None => {
                    let count = items.len();
                    self.report(ProgramKind::Index { index: at, count }.into(), index.span);
                    reported()
                }
            },
            None => reported(),
        }
    }

    fn slice(
        &mut self,
        scope: &Scope<'a>,
        list: &'a Expr,
        start: Option<&'a Expr>,
        end: Option<&'a Expr>,
    ) -> Traced {
        let value = self.eval(scope, list, None);
        let places = value.places.clone();
        let start = start.map(|e| self.integer(scope, e, "the start of a slice"));
        let end = end.map(|e| self.integer(scope, e, "the end of a slice"));
        let (Some(items), false, false) = (
            self.items(value, list.span),
            start == Some(None),
            end == Some(None),
        ) else {
            return reported();
        };
        let count = items.len();
        let from = start.flatten().map_or(0, |at| cut(at, count));
        let to = end.flatten().map_or(count, |at| cut(at, count));
        let items = items.into_iter().take(to).skip(from);
        Traced {
            value: Value::List(items.collect()),
            places,
        }
    }

    /// The elements of a list; anything else is reported.
    fn items(&mut self, value: Traced, span: Span) -> Option<Vec<Traced>> {
        match value.value {
            Value::List(items) => Some(items),
            Value::Unknown => None,
            other => {
                let found = self.described(&other);
                self.report(ProgramKind::NoList { found }.into(), span);
                None
            }
        }
    }

    fn field(&mut self, scope: &Scope<'a>, of: &'a Expr, name: &Name) -> Traced {
        // `l.count` of a list that has a name does not copy it.
        if let ExprKind::Name(list) = &of.kind
            && let Some(entry) = scope.names.get(list.as_str())
            && let Value::List(items) = &entry.value.value
        {
            return self.list_field(items.len(), entry.value.places.clone(), name);
        }
        let value = self.eval(scope, of, None);
        match value.value {
            Value::Unknown => reported(),
            Value::List(items) => self.list_field(items.len(), value.places, name),
            Value::Tensor(id) => {
                let shape = self.draft.node(id).shape;
                let sizes = shape.sizes.as_slice();
                // What the prelude reads of a shape comes from where the sizes were written.
                let written = self.draft.sizes(id);
                let places = match crate::prelude::is_prelude(of.span)
                    && name.text != "channels"
                    && !written.is_empty()
                {
                    true => written,
                    false => Places::shape(of.span),
                };
                let whole = |n: usize| Traced {
                    value: Value::Int(i64::try_from(n).unwrap_or(i64::MAX)),
                    places: places.clone(),
                };
                match (name.text.as_str(), sizes) {
                    ("channels", _) => whole(shape.channels),
                    ("rank", _) => whole(sizes.len()),
                    ("positions", _) => whole(shape.sizes.positions()),
                    ("height", [height, _]) => whole(*height),
                    ("width", [_, width]) => whole(*width),
                    ("length", [length]) => whole(*length),
                    ("sizes", _) => Traced {
                        value: Value::List(sizes.iter().map(|n| whole(*n)).collect()),
                        places: places.clone(),
                    },
                    _ => {
                        let shape = Some(shape.to_string());
                        self.no_field(name, shape)
                    }
                }
            }
            _ => self.no_field(name, None),
        }
    }

    fn list_field(&mut self, count: usize, places: Places, name: &Name) -> Traced {
        match name.text.as_str() {
            "count" => Traced {
                value: Value::Int(count as i64),
                places,
            },
            _ => self.no_field(name, None),
        }
    }

    fn no_field(&mut self, name: &Name, shape: Option<String>) -> Traced {
        let field = name.text.clone();
        self.report(ProgramKind::NoField { field, shape }.into(), name.span);
        reported()
    }
}

/// The element at an index; negative ones count from the end.
pub(super) fn element_at(items: &[Traced], index: i64) -> Option<&Traced> {
    items.get(position(index, items.len())?)
}
