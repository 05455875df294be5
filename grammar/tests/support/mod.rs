//! What several tests need: trees as text without spans, expressions with all their brackets.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses a part of it, and may fail loudly"
)]

use std::fmt::Debug;

use termc_grammar::ast::{Call, Expr, ExprKind, UnaryOp};

/// The `Debug` text of a tree with every span taken out.
pub fn unspanned(tree: &impl Debug) -> String {
    let text = format!("{tree:?}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("Span {") {
        out.push_str(before);
        rest = after.split_once('}').unwrap().1;
    }
    (out + rest)
        .replace(", op_span: ", "")
        .replace(", span: ", "")
}

/// An expression with a bracket around each operator.
pub fn bracketed(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Int(value) => value.to_string(),
        ExprKind::Name(name) => name.clone(),
        ExprKind::Call(call) => bracketed_call(call),
        ExprKind::Pipe { value, into } => {
            format!("({} |> {})", bracketed(value), bracketed_call(into))
        }
        ExprKind::Unary {
            op: UnaryOp::Neg,
            value,
        } => format!("(- {})", bracketed(value)),
        ExprKind::Unary {
            op: UnaryOp::Not,
            value,
        } => format!("(not {})", bracketed(value)),
        ExprKind::Binary { op, lhs, rhs, .. } => {
            format!("({} {} {})", bracketed(lhs), op.symbol(), bracketed(rhs))
        }
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => {
            format!(
                "if {} {{ {} }} else {{ {} }}",
                bracketed(condition),
                bracketed(then),
                bracketed(otherwise)
            )
        }
        ExprKind::Index { value, index } => format!("{}[{}]", bracketed(value), bracketed(index)),
        ExprKind::Field { value, name } => format!("{}.{}", bracketed(value), name.text),
        other => panic!("{other:?}"),
    }
}

fn bracketed_call(call: &Call) -> String {
    let args: Vec<_> = call.args.iter().map(|arg| bracketed(&arg.value)).collect();
    format!("{}({})", call.callee.text, args.join(", "))
}
