//! Reads the pairs of an expression into its tree: precedence, numbers and the limit of depth.

use super::{Builder, Node, child, docs};
use crate::ast::*;
use crate::error::{MAX_DEPTH, SyntaxError, SyntaxErrorKind};
use crate::parse::GrammarRule as Rule;

/// An expression and the depth of its tree.
pub(super) struct Built {
    pub(super) expr: Expr,
    depth: usize,
}

impl Builder {
    pub(super) fn expr(&mut self, node: Node) -> Option<Expr> {
        self.built(node).map(|built| built.expr)
    }

    fn built(&mut self, node: Node) -> Option<Built> {
        let mut children = node.into_inner();
        let mut sum: Option<(Built, BinaryOp, Span)> = None;
        let mut product = self.operand(children.next()?)?;
        while let Some(next) = children.peek().filter(|c| c.as_rule() == Rule::infix) {
            children.next();
            let (op, op_span) = (infix(&next)?, self.span(&next));
            let rhs = self.operand(children.next()?)?;
            if matches!(op, BinaryOp::Add | BinaryOp::Sub) {
                product = self.join(sum.take(), product)?;
                sum = Some((product, op, op_span));
                product = rhs;
            } else {
                product = self.join(Some((product, op, op_span)), rhs)?;
            }
        }
        let mut value = self.join(sum, product)?;
        for target in children.filter(|c| c.as_rule() == Rule::target) {
            let (into, depth) = self.call(target)?;
            let span = value.expr.span.to(into.span);
            let depth = depth.max(value.depth);
            let kind = ExprKind::Pipe {
                value: Box::new(value.expr),
                into,
            };
            value = self.deepen(Expr { kind, span }, depth)?;
        }
        Some(value)
    }

    /// `lhs op rhs`, or `rhs` alone.
    fn join(&mut self, lhs: Option<(Built, BinaryOp, Span)>, rhs: Built) -> Option<Built> {
        let Some((lhs, op, op_span)) = lhs else {
            return Some(rhs);
        };
        let span = lhs.expr.span.to(rhs.expr.span);
        let depth = lhs.depth.max(rhs.depth);
        let kind = ExprKind::Binary {
            op,
            op_span,
            lhs: Box::new(lhs.expr),
            rhs: Box::new(rhs.expr),
        };
        self.deepen(Expr { kind, span }, depth)
    }

    fn operand(&mut self, node: Node) -> Option<Built> {
        let span = self.span(&node);
        match node.as_rule() {
            Rule::number => self.number(&node),
            Rule::concat => {
                let mut depth = 0;
                let mut branches = Vec::new();
                for branch in node.into_inner().filter(|c| c.as_rule() == Rule::branch) {
                    let doc = docs(branch.clone().into_inner(), Rule::doc);
                    let label = child(branch.clone(), Rule::name).map(|name| self.name(&name));
                    let built = self.built(child(branch, Rule::expr)?)?;
                    depth = depth.max(built.depth);
                    branches.push(Branch {
                        doc,
                        label,
                        value: built.expr,
                    });
                }
                let kind = ExprKind::Concat(branches);
                self.deepen(Expr { kind, span }, depth)
            }
            Rule::reference => {
                let base = if child(node.clone(), Rule::args).is_some() {
                    let (call, depth) = self.call(node.clone())?;
                    let span = call.span;
                    let kind = ExprKind::Call(call);
                    self.deepen(Expr { kind, span }, depth)?
                } else {
                    let name = self.child_name(&node)?;
                    let kind = ExprKind::Name(name.text);
                    self.deepen(
                        Expr {
                            kind,
                            span: name.span,
                        },
                        0,
                    )?
                };
                self.elements(base, node)
            }
            Rule::grouped => {
                let group = child(node.clone(), Rule::group)?;
                let span = self.span(&group);
                let mut base = self.built(child(group, Rule::expr)?)?;
                base.expr.span = span;
                self.elements(base, node)
            }
            Rule::listed => {
                let base = self.list(child(node.clone(), Rule::list)?)?;
                self.elements(base, node)
            }
            _ => None,
        }
    }

    pub(super) fn list(&mut self, node: Node) -> Option<Built> {
        let span = self.span(&node);
        let mut depth = 0;
        let mut elements = Vec::new();
        for element in node.into_inner().filter(|c| c.as_rule() == Rule::expr) {
            let built = self.built(element)?;
            depth = depth.max(built.depth);
            elements.push(built.expr);
        }
        let kind = ExprKind::List(elements);
        self.deepen(Expr { kind, span }, depth)
    }

    /// The call in a `reference` or a `target`; its span ends with the arguments.
    fn call(&mut self, node: Node) -> Option<(Call, usize)> {
        let callee = self.child_name(&node)?;
        let mut call = Call {
            span: callee.span,
            callee,
            args: Vec::new(),
        };
        let mut depth = 0;
        if let Some(args) = child(node, Rule::args) {
            call.span = call.span.to(self.span(&args));
            for arg in args.into_inner().filter(|c| c.as_rule() == Rule::arg) {
                let name = child(arg.clone(), Rule::arg_name).map(|word| self.name(&word));
                let built = self.built(child(arg, Rule::expr)?)?;
                depth = depth.max(built.depth);
                call.args.push(Arg {
                    name,
                    value: built.expr,
                });
            }
        }
        Some((call, depth))
    }

    /// `base[0][1..]`, one index after another.
    fn elements(&mut self, mut base: Built, node: Node) -> Option<Built> {
        for index in node.into_inner().filter(|c| c.as_rule() == Rule::index) {
            let span = base.expr.span.to(self.span(&index));
            let inner = index
                .into_inner()
                .find(|c| matches!(c.as_rule(), Rule::from_start | Rule::element))?;
            let sliced = child(inner.clone(), Rule::dots).is_some();
            let from_start = inner.as_rule() == Rule::from_start;
            let mut depth = base.depth;
            let mut ends = Vec::new();
            for end in inner.into_inner().filter(|c| c.as_rule() == Rule::expr) {
                let built = self.built(end)?;
                depth = depth.max(built.depth);
                ends.push(Box::new(built.expr));
            }
            let mut ends = ends.into_iter();
            let start = if from_start { None } else { ends.next() };
            let range = match (sliced, start) {
                (false, start) => Range::At(start?),
                (true, start) => Range::Slice {
                    start,
                    end: ends.next(),
                },
            };
            let kind = ExprKind::Index {
                list: Box::new(base.expr),
                range,
            };
            base = self.deepen(Expr { kind, span }, depth)?;
        }
        Some(base)
    }

    /// Integers too large for `i64` become floats; a value too large for `f64` is an error.
    fn number(&mut self, node: &Node) -> Option<Built> {
        let digits = node.as_str().replace('_', "");
        let kind = if let Ok(int) = digits.parse() {
            ExprKind::Int(int)
        } else {
            match digits.parse::<f64>() {
                Ok(float) if float.is_finite() => ExprKind::Float(float),
                _ => {
                    return self.fail(
                        SyntaxErrorKind::NumberOutOfRange,
                        node,
                        "numbers are below 1.8e308",
                    );
                }
            }
        };
        let span = self.span(node);
        self.deepen(Expr { kind, span }, 0)
    }

    fn deepen(&mut self, expr: Expr, below: usize) -> Option<Built> {
        if below < MAX_DEPTH {
            return Some(Built {
                expr,
                depth: below + 1,
            });
        }
        let error = SyntaxError::new(
            SyntaxErrorKind::NestedTooDeeply,
            expr.span,
            "the expression".to_owned(),
        );
        self.errors
            .push(error.with_help("bind a part of it to a name"));
        None
    }
}

fn infix(node: &Node) -> Option<BinaryOp> {
    Some(match node.as_str() {
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "@" => BinaryOp::MatMul,
        _ => return None,
    })
}
