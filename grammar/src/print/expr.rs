//! Expressions as documents, with the parentheses the grammar needs and no others.

use super::Printer;
use super::layout::{Doc, text};
use super::number::float;
use super::sequence::last_byte;
use crate::ast::{Call, Expr, ExprKind, UnaryOp};

/// How tightly an expression holds together: what binds an operator binds less than itself needs parentheses.
fn level(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Pipe { .. } => PIPE,
        ExprKind::Binary { op, .. } => op.precedence(),
        ExprKind::Unary { op, .. } => op.precedence(),
        ExprKind::Int(value) if *value < 0 => UnaryOp::Neg.precedence(),
        ExprKind::Float(value) if value.is_sign_negative() => UnaryOp::Neg.precedence(),
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::If { .. } => OPERAND,
        _ => INDEXED,
    }
}

const PIPE: u8 = 0;

/// What a pipe may follow.
const OPERATOR: u8 = 1;

/// What an operator may stand beside.
const OPERAND: u8 = 8;

/// What an index or a field may follow.
const INDEXED: u8 = 9;

impl Printer {
    pub(super) fn expr(&mut self, expr: &Expr) -> Doc {
        self.at(expr, PIPE)
    }

    /// An expression where only those of `least` or tighter may stand bare.
    fn at(&mut self, expr: &Expr, least: u8) -> Doc {
        let doc = match &expr.kind {
            ExprKind::Int(value) => text(value.to_string()),
            ExprKind::Float(value) => text(float(*value)),
            ExprKind::Bool(value) => text(value.to_string()),
            ExprKind::Name(name) => text(name),
            ExprKind::List(elements) => {
                let elements = elements.iter().map(|element| (None, element));
                self.sequence("[", elements, "]", last_byte(expr.span))
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Unary { op, value } => {
                let sign = match op {
                    UnaryOp::Neg => "-",
                    UnaryOp::Not => "not ",
                };
                Doc::Concat(vec![text(sign), self.at(value, op.precedence())])
            }
            ExprKind::Binary { .. } => self.chain(expr),
            ExprKind::Pipe { .. } => self.pipes(expr),
            ExprKind::If { .. } => self.if_else(expr),
            ExprKind::Index { value, index } => Doc::Concat(vec![
                self.at(value, INDEXED),
                text("["),
                self.expr(index),
                text("]"),
            ]),
            ExprKind::Slice { value, start, end } => {
                let mut docs = vec![self.at(value, INDEXED), text("[")];
                docs.extend(start.iter().map(|start| self.expr(start)));
                docs.push(text(".."));
                docs.extend(end.iter().map(|end| self.expr(end)));
                docs.push(text("]"));
                Doc::Concat(docs)
            }
            ExprKind::Field { value, name } => Doc::Concat(vec![
                self.at(value, INDEXED),
                text(format!(".{}", name.text)),
            ]),
        };
        if level(expr) < least {
            parens(doc)
        } else {
            doc
        }
    }

    fn call(&mut self, call: &Call) -> Doc {
        let args = call.args.iter();
        let args = args.map(|arg| (arg.name.as_ref().map(|name| name.text.as_str()), &arg.value));
        let open = format!("{}(", call.callee.text);
        self.sequence(&open, args, ")", last_byte(call.span))
    }

    /// `a + b - c`: operators of one level from left to right, each at the end of its line.
    fn chain(&mut self, expr: &Expr) -> Doc {
        let own = level(expr);
        let mut links = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary { op, lhs, rhs, .. } = &first.kind
            && op.precedence() == own
        {
            links.push((*op, rhs));
            first = lhs;
        }
        let first = self.at(first, own);
        let mut rest = Vec::new();
        for (op, rhs) in links.into_iter().rev() {
            rest.push(text(format!(" {}", op.symbol())));
            self.interrupt(rhs.span.start, &mut rest);
            rest.push(self.at(rhs, own + 1));
        }
        Doc::Group(vec![first, Doc::Nest(rest)])
    }

    /// `value |> f |> g`, each at the start of its line.
    fn pipes(&mut self, expr: &Expr) -> Doc {
        let mut calls = Vec::new();
        let mut first = expr;
        while let ExprKind::Pipe { value, into } = &first.kind {
            calls.push(into);
            first = value;
        }
        let value = self.at(first, OPERATOR);
        let mut rest = Vec::new();
        for into in calls.into_iter().rev() {
            self.interrupt(into.span.start, &mut rest);
            rest.push(text("|> "));
            rest.push(if into.args.is_empty() {
                text(&into.callee.text)
            } else {
                self.call(into)
            });
        }
        Doc::Group(vec![value, Doc::Nest(rest)])
    }

    fn if_else(&mut self, expr: &Expr) -> Doc {
        let mut docs = Vec::new();
        let mut at = expr;
        while let ExprKind::If {
            condition,
            then,
            otherwise,
        } = &at.kind
        {
            let doc = self.expr(condition);
            let doc = if has_bare_if(condition) {
                parens(doc)
            } else {
                doc
            };
            docs.extend([text("if "), doc, text(" {")]);
            let end = self.trivia.else_between(then.span.end, expr.span.end);
            docs.extend([self.arm(then, end), Doc::Line, text("} else ")]);
            at = otherwise;
        }
        let end = last_byte(expr.span);
        docs.extend([text("{"), self.arm(at, end), Doc::Line, text("}")]);
        Doc::Group(docs)
    }

    /// The value in an arm, whose comments end at byte `end`.
    fn arm(&mut self, value: &Expr, end: u32) -> Doc {
        let mut docs = Vec::new();
        self.interrupt(value.span.start, &mut docs);
        docs.push(self.expr(value));
        self.comments_below(end, &mut docs);
        Doc::Nest(docs)
    }
}

/// Whether an `if` stands in it outside of all brackets, perhaps not in those it is printed with.
fn has_bare_if(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::If { .. } => true,
        ExprKind::Unary { value, .. } | ExprKind::Pipe { value, .. } => has_bare_if(value),
        ExprKind::Binary { lhs, rhs, .. } => has_bare_if(lhs) || has_bare_if(rhs),
        _ => false,
    }
}

fn parens(doc: Doc) -> Doc {
    Doc::Group(vec![
        text("("),
        Doc::Nest(vec![Doc::Soft, doc]),
        Doc::Soft,
        text(")"),
    ])
}
