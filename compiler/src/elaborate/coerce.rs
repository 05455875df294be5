//! Whether a value has a type, and what is said if it has not.

use std::fmt::{self, Display, Formatter};

use super::Elaborator;
use super::eval::reported;
use crate::diagnostics::ProgramKind;
use crate::language::{Places, Start, StartKind, Traced, Ty, Value};
use crate::model::{Op, Span};

/// Whose value something is: the parameter, and what it is a parameter of. Worded only if something is wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Of<'a>(pub &'a str, pub &'a str);

impl Display for Of<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of `{}`", self.0, self.1)
    }
}

impl Elaborator<'_> {
    /// The value as one of this type; anything else is reported. `of` says whose value it is.
    pub(super) fn coerce(
        &mut self,
        value: Traced,
        ty: &Ty,
        of: impl Display,
        span: Span,
    ) -> Traced {
        let Traced { value, places } = value;
        let fitting = self.fit(value, ty);
        match fitting {
            Ok(value) => Traced { value, places },
            Err(value) => {
                let found = self.described(&value);
                let of = of.to_string();
                let wanted = ty.described();
                let kind = match (&value, ty) {
                    (Value::Float(x), Ty::Int) if x.is_finite() => {
                        let computed =
                            places.iter().count() > 1 || places.iter().all(|p| p.span != span);
                        match computed {
                            true => ProgramKind::NotWhole { of, number: *x },
                            false => ProgramKind::Type { of, wanted, found },
                        }
                    }
                    _ => ProgramKind::Type { of, wanted, found },
                };
                self.refuse_at(kind.into(), &places, span);
                reported()
            }
        }
    }

    /// The value as this type takes it, or the value that is not of the type.
    fn fit(&self, value: Value, ty: &Ty) -> Result<Value, Value> {
        Ok(match (ty, value) {
            // What has an unknown type was told; nothing about its value is.
            (Ty::Any, _) | (_, Value::Unknown) => Value::Unknown,
            (Ty::Constant, value) => value,
            (Ty::Tensor | Ty::Tensors, Value::Tensor(id)) => Value::Tensor(id),
            (Ty::Grid, Value::Tensor(id))
                if matches!(self.draft.node(id).op, Op::Coordinates(_)) =>
            {
                Value::Tensor(id)
            }
            (Ty::Int | Ty::Parts, Value::Int(n)) => Value::Int(n),
            (Ty::Float, Value::Int(n)) => Value::Float(n as f64),
            (Ty::Float, Value::Float(x)) => Value::Float(x),
            (Ty::Bool, Value::Bool(b)) => Value::Bool(b),
            (Ty::Init, Value::Init(start)) => Value::Init(start),
            (Ty::Init, Value::Int(n)) => Value::Init(Start::new(StartKind::Number(n as f64))),
            (Ty::Init, Value::Float(x)) => Value::Init(Start::new(StartKind::Number(x))),
            (Ty::Block, Value::Block(block)) => Value::Block(block),
            (Ty::Word(words), Value::Word(word)) if words.words.contains(&word) => {
                Value::Word(word)
            }
            (Ty::Axes, Value::Word(word)) => Value::Word(word),
            (Ty::Axes | Ty::Parts | Ty::List(_) | Ty::Tensors | Ty::Values, Value::List(items)) => {
                let inner = super::address::element(ty);
                let mut fitted = Vec::with_capacity(items.len());
                for item in &items {
                    match self.fit(item.value.clone(), inner) {
                        Ok(value) => fitted.push(Traced {
                            value,
                            places: item.places.clone(),
                        }),
                        Err(_) => return Err(Value::List(items)),
                    }
                }
                Value::List(fitted)
            }
            // One value is a list of one, as a path to it would be.
            (Ty::Values, Value::Tensor(id)) => Value::List(vec![Traced {
                value: Value::Tensor(id),
                places: Places::default(),
            }]),
            (_, other) => return Err(other),
        })
    }

    /// A value in words.
    pub(super) fn described(&self, value: &Value) -> String {
        match value {
            Value::Tensor(id) => format!("a tensor {}", self.draft.node(*id).shape),
            Value::Int(n) => format!("the whole number {n}"),
            Value::Float(x) => format!("the number {x}"),
            Value::Bool(b) => format!("`{b}`"),
            Value::Init(_) => "a start".into(),
            Value::Word(word) => format!("the word `{word}`"),
            Value::Block(block) => format!("the block `{}`", self.callee_name(block.callee)),
            Value::List(items) => match items.first() {
                None => "an empty list".into(),
                Some(first) => format!(
                    "a list of {} (the first is {})",
                    items.len(),
                    self.described(&first.value)
                ),
            },
            Value::Unknown => "nothing".into(),
        }
    }
}
