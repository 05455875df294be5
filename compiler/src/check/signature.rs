//! Signatures of everything that is called with fixed parameters: operations, loss terms, optimizers, ...

use super::value::{Ty, Value};
use crate::model::{NodeId, Span};

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub name: &'static str,
    pub ty: Ty,
    pub default: Option<Default>,
}

/// The value of a parameter that is not given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Default {
    Int(i64),
    Float(f64),
    Word(&'static str),
    Bool(bool),
}

impl Default {
    pub(crate) fn text(self) -> String {
        match self {
            Self::Int(i) => i.to_string(),
            Self::Float(x) => x.to_string(),
            Self::Word(w) => w.to_owned(),
            Self::Bool(b) => b.to_string(),
        }
    }
}

/// A parameter that must be given.
pub(crate) const fn needed(name: &'static str, ty: Ty) -> Slot {
    Slot {
        name,
        ty,
        default: None,
    }
}

/// A whole number with a default.
pub(crate) const fn int(name: &'static str, default: i64) -> Slot {
    Slot {
        name,
        ty: Ty::Int,
        default: Some(Default::Int(default)),
    }
}

/// A number with a default.
pub(crate) const fn float(name: &'static str, default: f64) -> Slot {
    Slot {
        name,
        ty: Ty::Float,
        default: Some(Default::Float(default)),
    }
}

/// A word (or an initial distribution) with a default.
pub(crate) const fn word(name: &'static str, ty: Ty, default: &'static str) -> Slot {
    Slot {
        name,
        ty,
        default: Some(Default::Word(default)),
    }
}

/// Bound and typed arguments, one per slot.
#[derive(Debug)]
pub(crate) struct Args {
    pub values: Vec<Value>,
    /// The argument, or the call where the default holds.
    pub spans: Vec<Span>,
    /// Whether the argument was written.
    pub given: Vec<bool>,
    /// The call.
    pub span: Span,
    pub slots: &'static [Slot],
}

impl Args {
    /// The parameter's name in backticks, as a subject.
    pub(crate) fn name(&self, i: usize) -> String {
        self.slots
            .get(i)
            .map_or_else(|| "this".to_owned(), |slot| format!("`{}`", slot.name))
    }

    pub(crate) fn value(&self, i: usize) -> &Value {
        self.values.get(i).unwrap_or(&Value::Unknown)
    }

    pub(crate) fn span(&self, i: usize) -> Span {
        self.spans.get(i).copied().unwrap_or(self.span)
    }

    pub(crate) fn given(&self, i: usize) -> bool {
        self.given.get(i).copied().unwrap_or(false)
    }

    /// Whether some argument's error was reported before.
    pub(crate) fn unknown(&self) -> bool {
        fn unknown(value: &Value) -> bool {
            match value {
                Value::Unknown => true,
                Value::List(items) => items.iter().any(unknown),
                _ => false,
            }
        }
        self.values.iter().any(unknown)
    }

    pub(crate) fn feature(&self, i: usize) -> Option<NodeId> {
        match self.value(i) {
            Value::Feature(id) => Some(*id),
            _ => None,
        }
    }

    pub(crate) fn int(&self, i: usize) -> Option<i64> {
        match self.value(i) {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }

    pub(crate) fn float(&self, i: usize) -> Option<f64> {
        match self.value(i) {
            Value::Float(x) => Some(*x),
            Value::Int(n) => Some(*n as f64),
            _ => None,
        }
    }

    pub(crate) fn floats(&self, i: usize) -> Option<Vec<f64>> {
        match self.value(i) {
            Value::List(items) => items
                .iter()
                .map(|v| match v {
                    Value::Float(x) => Some(*x),
                    Value::Int(n) => Some(*n as f64),
                    _ => None,
                })
                .collect(),
            _ => None,
        }
    }

    pub(crate) fn word(&self, i: usize) -> Option<&'static str> {
        match self.value(i) {
            Value::Word(w) => Some(w),
            _ => None,
        }
    }

    pub(crate) fn bool(&self, i: usize) -> Option<bool> {
        match self.value(i) {
            Value::Bool(b) => Some(*b),
            _ => None,
        }
    }
}
