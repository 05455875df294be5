//! Operators on numbers and starts.

use termc_grammar::ast::BinaryOp;

use crate::language::{Start, StartKind, Value};

/// Why an operator has no result.
pub(super) enum Undefined {
    Operator,
    Zero,
}

pub(super) fn scaled(start: &Start, by: f64) -> Value {
    Value::Init(match start.kind {
        StartKind::Number(n) => Start {
            kind: StartKind::Number(n * by),
            ..*start
        },
        _ => Start {
            scale: start.scale * by,
            ..*start
        },
    })
}

pub(super) fn number(value: &Value) -> f64 {
    match value {
        Value::Int(n) => *n as f64,
        Value::Float(x) => *x,
        other => crate::bug::bug!("a number was promised, not {other:?}"),
    }
}

/// None where no machine number holds the result.
pub(super) fn integers(op: BinaryOp, a: i64, b: i64) -> Result<Option<Value>, Undefined> {
    let whole = |n: Option<i64>| Ok(n.map(Value::Int));
    match op {
        BinaryOp::Add => whole(a.checked_add(b)),
        BinaryOp::Sub => whole(a.checked_sub(b)),
        BinaryOp::Mul => whole(a.checked_mul(b)),
        BinaryOp::Div | BinaryOp::Rem if b == 0 => Err(Undefined::Zero),
        BinaryOp::Div => match a.checked_rem(b) {
            Some(0) => whole(a.checked_div(b)),
            Some(_) => Ok(Some(Value::Float(a as f64 / b as f64))),
            None => Ok(None),
        },
        BinaryOp::Rem => whole(a.checked_rem(b)),
        _ => compare(op, a.cmp(&b)).map(Some),
    }
}

/// None where the result is too large for a number.
pub(super) fn floats(op: BinaryOp, a: f64, b: f64) -> Result<Option<Value>, Undefined> {
    let value = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div | BinaryOp::Rem if b == 0.0 => return Err(Undefined::Zero),
        BinaryOp::Div => a / b,
        BinaryOp::Rem => a % b,
        _ => {
            return match a.partial_cmp(&b) {
                Some(order) => compare(op, order).map(Some),
                None => Ok(Some(Value::Bool(false))),
            };
        }
    };
    Ok(Some(value).filter(|x| x.is_finite()).map(Value::Float))
}

pub(super) fn compare(op: BinaryOp, order: std::cmp::Ordering) -> Result<Value, Undefined> {
    Ok(Value::Bool(match op {
        BinaryOp::Eq => order.is_eq(),
        BinaryOp::Ne => order.is_ne(),
        BinaryOp::Lt => order.is_lt(),
        BinaryOp::Le => order.is_le(),
        BinaryOp::Gt => order.is_gt(),
        BinaryOp::Ge => order.is_ge(),
        _ => return Err(Undefined::Operator),
    }))
}
