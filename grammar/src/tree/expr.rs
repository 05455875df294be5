//! Reads the pairs of an expression into its tree: precedence, numbers and the limit of depth.

use super::{Builder, Node, Parts};
use crate::ast::*;
use crate::error::{MAX_DEPTH, SyntaxError, SyntaxErrorKind};
use crate::grammar::Rule;

/// An expression and the depth of its tree.
struct Built {
    expr: Expr,
    depth: usize,
}

/// An operator that waits for its right operand, and where it stands.
#[derive(Clone, Copy)]
enum Waiting {
    Prefix(UnaryOp, Span),
    Infix(BinaryOp, Span),
}

impl Waiting {
    fn precedence(self) -> u8 {
        match self {
            Self::Prefix(op, _) => op.precedence(),
            Self::Infix(op, _) => op.precedence(),
        }
    }
}

impl Builder {
    pub(super) fn expr(&mut self, node: Node) -> Option<Expr> {
        self.built(node).map(|built| built.expr)
    }

    pub(super) fn next_expr(&mut self, parts: &mut Parts) -> Option<Expr> {
        self.expr(parts.next_if(Rule::expr)?)
    }

    pub(super) fn list(&mut self, node: Node) -> Option<Expr> {
        self.listed(node).map(|built| built.expr)
    }

    /// Operators wait on a stack until one comes that binds no tighter; an expression may be as long as a file.
    fn built(&mut self, node: Node) -> Option<Built> {
        let mut values: Vec<Built> = Vec::new();
        let mut waiting: Vec<Waiting> = Vec::new();
        for part in Parts::of(node) {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::prefix => {
                    let op = if part.as_str() == "-" {
                        UnaryOp::Neg
                    } else {
                        UnaryOp::Not
                    };
                    waiting.push(Waiting::Prefix(op, span));
                }
                Rule::infix => {
                    let op = BinaryOp::ALL
                        .into_iter()
                        .find(|op| op.symbol() == part.as_str())?;
                    self.apply(&mut waiting, &mut values, op.precedence())?;
                    waiting.push(Waiting::Infix(op, span));
                }
                Rule::target => {
                    self.apply(&mut waiting, &mut values, 0)?;
                    let piped = self.pipe(values.pop()?, part)?;
                    values.push(piped);
                }
                _ => {
                    let operand = self.operand(part)?;
                    values.push(operand);
                }
            }
        }
        self.apply(&mut waiting, &mut values, 0)?;
        values.pop()
    }

    /// Applies the waiting operators that bind at least as tightly as `least`.
    fn apply(
        &mut self,
        waiting: &mut Vec<Waiting>,
        values: &mut Vec<Built>,
        least: u8,
    ) -> Option<()> {
        while let Some(operator) = waiting.pop_if(|operator| operator.precedence() >= least) {
            let right = values.pop()?;
            let applied = match operator {
                Waiting::Prefix(op, op_span) => {
                    let span = op_span.to(right.expr.span);
                    let value = Box::new(right.expr);
                    self.deepen(ExprKind::Unary { op, value }, span, right.depth)?
                }
                Waiting::Infix(op, op_span) => {
                    let left = values.pop()?;
                    let span = left.expr.span.to(right.expr.span);
                    let (lhs, rhs) = (Box::new(left.expr), Box::new(right.expr));
                    let kind = ExprKind::Binary {
                        op,
                        op_span,
                        lhs,
                        rhs,
                    };
                    self.deepen(kind, span, left.depth.max(right.depth))?
                }
            };
            values.push(applied);
        }
        Some(())
    }

    fn pipe(&mut self, value: Built, target: Node) -> Option<Built> {
        let mut parts = Parts::of(target);
        let name = self.next_name(&mut parts)?;
        let (into, depth) = self.call(name, parts.next())?;
        let span = value.expr.span.to(into.span);
        let depth = depth.max(value.depth);
        let value = Box::new(value.expr);
        self.deepen(ExprKind::Pipe { value, into }, span, depth)
    }

    fn operand(&mut self, node: Node) -> Option<Built> {
        let span = self.span(&node);
        match node.as_rule() {
            Rule::number => self.number(&node),
            Rule::truth => self.deepen(ExprKind::Bool(node.as_str() == "true"), span, 0),
            Rule::if_else => self.if_else(node),
            Rule::reference => {
                let mut parts = Parts::of(node);
                let name = self.next_name(&mut parts)?;
                let base = match parts.next_if(Rule::args) {
                    Some(args) => {
                        let (call, depth) = self.call(name, Some(args))?;
                        let span = call.span;
                        self.deepen(ExprKind::Call(call), span, depth)?
                    }
                    None => self.deepen(ExprKind::Name(name.text), name.span, 0)?,
                };
                self.taken_out(base, parts)
            }
            Rule::grouped => {
                let mut parts = Parts::of(node);
                let group = parts.next()?;
                let span = self.span(&group);
                let mut base = self.built(Parts::of(group).next()?)?;
                base.expr.span = span;
                self.taken_out(base, parts)
            }
            Rule::listed => {
                let mut parts = Parts::of(node);
                let base = self.listed(parts.next()?)?;
                self.taken_out(base, parts)
            }
            _ => None,
        }
    }

    /// Conditions and arms alternate; the last arm has no condition.
    fn if_else(&mut self, node: Node) -> Option<Built> {
        let end = self.span(&node).end;
        let mut start = end;
        let mut pieces = Vec::new();
        for part in Parts::of(node) {
            let expr = match part.as_rule() {
                Rule::kw_if => {
                    start = self.span(&part).start;
                    continue;
                }
                Rule::arm => Parts::of(part).next()?,
                _ => part,
            };
            pieces.push((self.built(expr)?, start));
        }
        let mut value = pieces.pop()?.0;
        while let (Some((then, _)), Some((condition, start))) = (pieces.pop(), pieces.pop()) {
            let depth = value.depth.max(then.depth).max(condition.depth);
            let kind = ExprKind::If {
                condition: Box::new(condition.expr),
                then: Box::new(then.expr),
                otherwise: Box::new(value.expr),
            };
            value = self.deepen(kind, Span { start, end }, depth)?;
        }
        Some(value)
    }

    fn listed(&mut self, node: Node) -> Option<Built> {
        let span = self.span(&node);
        let mut depth = 0;
        let mut elements = Vec::new();
        for element in Parts::of(node) {
            let built = self.built(element)?;
            depth = depth.max(built.depth);
            elements.push(built.expr);
        }
        self.deepen(ExprKind::List(elements), span, depth)
    }

    /// A call and the depth of its deepest argument.
    fn call(&mut self, callee: Name, args: Option<Node>) -> Option<(Call, usize)> {
        let mut span = callee.span;
        let mut depth = 0;
        let mut all = Vec::new();
        if let Some(node) = args {
            span = span.to(self.span(&node));
            for arg in Parts::of(node) {
                let mut parts = Parts::of(arg);
                let name = parts.next_if(Rule::arg_name).map(|name| self.name(&name));
                let built = self.built(parts.next()?)?;
                depth = depth.max(built.depth);
                let value = built.expr;
                all.push(Arg { name, value });
            }
        }
        let args = all;
        Some((Call { callee, args, span }, depth))
    }

    /// `base[0].channels`, one step after another.
    fn taken_out(&mut self, mut base: Built, steps: Parts) -> Option<Built> {
        for step in steps {
            let span = base.expr.span.to(self.span(&step));
            let value = Box::new(base.expr);
            let mut parts = Parts::of(step);
            if let Some(name) = parts.next_if(Rule::word) {
                let name = self.name(&name);
                base = self.deepen(ExprKind::Field { value, name }, span, base.depth)?;
                continue;
            }
            let start = self.maybe(parts.next_if(Rule::expr), Self::built)?;
            let sliced = parts.next_if(Rule::to).is_some();
            let end = self.maybe(parts.next_if(Rule::expr), Self::built)?;
            let depths = start.iter().chain(&end).map(|built| built.depth);
            let depth = depths.fold(base.depth, usize::max);
            let boxed = |built: Built| Box::new(built.expr);
            let kind = match (sliced, start.map(boxed), end.map(boxed)) {
                (true, start, end) => ExprKind::Slice { value, start, end },
                (false, index, _) => ExprKind::Index {
                    value,
                    index: index?,
                },
            };
            base = self.deepen(kind, span, depth)?;
        }
        Some(base)
    }

    /// Integers too large for `i64` become floats; a value too large for `f64` is an error.
    fn number(&mut self, node: &Node) -> Option<Built> {
        let digits = node.as_str().replace('_', "");
        let kind = match (digits.parse(), digits.parse::<f64>()) {
            (Ok(int), _) => ExprKind::Int(int),
            (_, Ok(float)) if float.is_finite() => ExprKind::Float(float),
            _ => return self.out_of_range(node, "numbers are below 1.8e308"),
        };
        self.deepen(kind, self.span(node), 0)
    }

    /// An expression above others of depth `below`.
    fn deepen(&mut self, kind: ExprKind, span: Span, below: usize) -> Option<Built> {
        if below < MAX_DEPTH {
            let expr = Expr { kind, span };
            let depth = below + 1;
            return Some(Built { expr, depth });
        }
        let kind = SyntaxErrorKind::NestedTooDeeply;
        let error = SyntaxError::new(kind, span, "the expression".to_owned());
        self.errors
            .push(error.with_help("bind a part of it to a name"));
        None
    }
}
