//! Expressions as documents, with the parentheses the grammar needs and no others.

use super::layout::{Doc, text};
use super::number::float;
use super::trivia::Piece;
use super::{Lines, Printer, documented};
use crate::ast::{BinaryOp, Branch, Call, Expr, ExprKind, Range, Span};

/// How tightly an expression holds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Pipe,
    Sum,
    Product,
    Operand,
    /// What an index may follow.
    Indexed,
}

fn level(expr: &Expr) -> Level {
    match &expr.kind {
        ExprKind::Pipe { .. } => Level::Pipe,
        ExprKind::Binary { op, .. } => operator_level(*op),
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Concat(_) => Level::Operand,
        ExprKind::Name(_) | ExprKind::Call(_) | ExprKind::List(_) | ExprKind::Index { .. } => {
            Level::Indexed
        }
    }
}

fn operator_level(op: BinaryOp) -> Level {
    match op {
        BinaryOp::Add | BinaryOp::Sub => Level::Sum,
        BinaryOp::Mul | BinaryOp::Div | BinaryOp::MatMul => Level::Product,
    }
}

/// Whether the first token is a sign, which after another expression would be an operator.
fn begins_with_sign(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Int(value) => *value < 0,
        ExprKind::Float(value) => value.is_sign_negative(),
        ExprKind::Binary { op, lhs, .. } => {
            level(lhs) >= operator_level(*op) && begins_with_sign(lhs)
        }
        ExprKind::Pipe { value, .. } => begins_with_sign(value),
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

impl Printer {
    pub(super) fn expr(&mut self, expr: &Expr) -> Doc {
        self.at(expr, Level::Pipe)
    }

    /// An expression that follows another one without anything between them.
    pub(super) fn juxtaposed(&mut self, expr: &Expr) -> Doc {
        let doc = self.expr(expr);
        if begins_with_sign(expr) {
            parens(doc)
        } else {
            doc
        }
    }

    /// An expression where only those of `least` or tighter may stand bare.
    fn at(&mut self, expr: &Expr, least: Level) -> Doc {
        let doc = match &expr.kind {
            ExprKind::Int(value) => text(value.to_string()),
            ExprKind::Float(value) => text(float(*value)),
            ExprKind::Name(name) => text(name),
            ExprKind::List(elements) => {
                let elements = elements.iter().map(|element| (None, element));
                self.sequence("[", elements, "]", last_byte(expr.span))
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Binary { op, .. } => self.chain(expr, operator_level(*op)),
            ExprKind::Pipe { .. } => self.pipes(expr),
            ExprKind::Index { list, range } => self.index(list, range),
            ExprKind::Concat(branches) => self.concat(branches, last_byte(expr.span)),
        };
        if level(expr) < least {
            parens(doc)
        } else {
            doc
        }
    }

    fn call(&mut self, call: &Call) -> Doc {
        let args = call
            .args
            .iter()
            .map(|arg| (arg.name.as_ref().map(|name| name.text.as_str()), &arg.value));
        self.sequence(
            &format!("{}(", call.callee.text),
            args,
            ")",
            last_byte(call.span),
        )
    }

    /// `open a, name: b close`, on one line or one element a line.
    pub(super) fn sequence<'e>(
        &mut self,
        open: &str,
        elements: impl Iterator<Item = (Option<&'e str>, &'e Expr)>,
        close: &str,
        end: u32,
    ) -> Doc {
        let mut sequence = Sequence::default();
        for (name, value) in elements {
            let leading = self.trivia.before(value.span.start);
            let value = self.expr(value);
            let doc = match name {
                Some(name) => Doc::Concat(vec![text(format!("{name}: ")), value]),
                None => value,
            };
            sequence.element(leading, doc);
        }
        sequence.close(open, self.trivia.before(end), close)
    }

    /// `a + b - c`: operators of one level from left to right.
    fn chain(&mut self, expr: &Expr, own: Level) -> Doc {
        let mut links = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary { op, lhs, rhs, .. } = &first.kind
            && operator_level(*op) == own
        {
            links.push((*op, rhs));
            first = lhs;
        }
        let first = self.at(first, own);
        let tighter = if own == Level::Sum {
            Level::Product
        } else {
            Level::Operand
        };
        let mut rest = Vec::new();
        for (op, rhs) in links.into_iter().rev() {
            self.interrupt(rhs.span.start, &mut rest);
            rest.push(text(format!("{} ", op.symbol())));
            rest.push(self.at(rhs, tighter));
        }
        Doc::Group(vec![first, Doc::Nest(rest)])
    }

    /// `value |> f |> g`; after the closing brace of a `concat` the calls begin a line at its indent.
    fn pipes(&mut self, expr: &Expr) -> Doc {
        let mut calls = Vec::new();
        let mut first = expr;
        while let ExprKind::Pipe { value, into } = &first.kind {
            calls.push(into);
            first = value;
        }
        let value = self.at(first, Level::Sum);
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
        if !matches!(first.kind, ExprKind::Concat(_)) {
            return Doc::Group(vec![value, Doc::Nest(rest)]);
        }
        // The first break is certain; the others follow only where the calls do not fit beside each other.
        if let Some(first_break) = rest.iter_mut().find(|doc| matches!(doc, Doc::Line)) {
            *first_break = Doc::Hard;
        }
        let calls = rest
            .iter()
            .position(|doc| matches!(doc, Doc::Hard))
            .map_or(0, |at| at + 1);
        let calls = rest.split_off(calls);
        Doc::Concat(vec![value, Doc::Concat(rest), Doc::Group(calls)])
    }

    /// A break before the operand at byte `start`, with the comments that stand there.
    pub(super) fn interrupt(&mut self, start: u32, docs: &mut Vec<Doc>) {
        let leading = self.trivia.before(start);
        docs.extend(leading.trailing.into_iter().map(Doc::Suffix));
        docs.push(Doc::Line);
        for piece in leading.own {
            if let Piece::Own(comment) | Piece::Trailing(comment) = piece {
                docs.extend([text(comment), Doc::Hard]);
            }
        }
    }

    fn index(&mut self, list: &Expr, range: &Range) -> Doc {
        let mut docs = vec![self.at(list, Level::Indexed), text("[")];
        match range {
            Range::At(at) => docs.push(self.expr(at)),
            Range::Slice { start, end } => {
                docs.extend(start.iter().map(|start| self.expr(start)));
                docs.push(text(".."));
                docs.extend(end.iter().map(|end| self.expr(end)));
            }
        }
        docs.push(text("]"));
        Doc::Concat(docs)
    }

    fn concat(&mut self, branches: &[Branch], end: u32) -> Doc {
        let mut lines = Lines::default();
        for branch in branches {
            let leading = self.trivia.before(branch.value.span.start);
            let doc = match &branch.label {
                Some(label) => Doc::Concat(vec![
                    text(format!("{}: ", label.text)),
                    self.expr(&branch.value),
                ]),
                None => self.juxtaposed(&branch.value),
            };
            lines.member(leading, false, documented(&branch.doc, "///", doc));
        }
        lines.body("concat", self.trivia.before(end))
    }
}

/// The closing bracket of what ends at the end of `span`.
pub(super) fn last_byte(span: Span) -> u32 {
    span.end.saturating_sub(1)
}

/// Elements between brackets with commas.
#[derive(Default)]
pub(super) struct Sequence {
    docs: Vec<Doc>,
}

impl Sequence {
    pub(super) fn element(&mut self, leading: super::Leading, doc: Doc) {
        let first = self.docs.is_empty();
        if !first {
            self.docs.push(text(","));
        }
        self.docs
            .extend(leading.trailing.into_iter().map(Doc::Suffix));
        self.docs.push(if first { Doc::Soft } else { Doc::Line });
        for piece in leading.own {
            if let Piece::Own(comment) | Piece::Trailing(comment) = piece {
                self.docs.extend([text(comment), Doc::Hard]);
            }
        }
        self.docs.push(doc);
    }

    pub(super) fn close(mut self, open: &str, leading: super::Leading, close: &str) -> Doc {
        if self.docs.is_empty() && !leading.has_comments() {
            return text(format!("{open}{close}"));
        }
        if !self.docs.is_empty() {
            self.docs.push(Doc::IfBroken(","));
        }
        self.docs
            .extend(leading.trailing.into_iter().map(Doc::Suffix));
        for piece in leading.own {
            if let Piece::Own(comment) | Piece::Trailing(comment) = piece {
                self.docs.extend([Doc::Hard, text(comment)]);
            }
        }
        Doc::Group(vec![
            text(open),
            Doc::Nest(self.docs),
            Doc::Soft,
            text(close),
        ])
    }
}
