//! The syntax of Python: expressions, within 100 columns.

use crate::emit::doc::{ANY, Doc, all, bracketed, text};
use crate::emit::form::{Bound, Place, Starts};
use crate::emit::names::Words;
use crate::emit::target::{Printed, Target, Tensors, Tightness, Use};
use crate::emit::terms::atom;
use crate::primitives::written::{Code, Number};

/// Emitted Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) struct PyTorch;

fn place(place: &Place, round: &str) -> String {
    match place {
        Place::Fixed(n) => format!("[{n}]"),
        Place::Round(0) => format!("[{round}]"),
        Place::Round(n) if *n > 0 => format!("[{round} + {n}]"),
        Place::Round(n) => format!("[{round} - {}]", n.unsigned_abs()),
        Place::FromEnd(n) => format!("[-{}]", n + 1),
    }
}

/// `function(arguments)`
pub(super) fn call(function: &str, arguments: Vec<Doc>) -> Doc {
    bracketed(&format!("{function}("), arguments, ")", ANY)
}

/// `[elements]`
pub(super) fn list(elements: Vec<Doc>) -> Doc {
    bracketed("[", elements, "]", ANY)
}

/// A factor, in brackets unless it is a name or literal.
fn factor(number: Doc) -> Doc {
    match number {
        Doc::Text(_) => number,
        term => all([text("("), term, text(")")]),
    }
}

fn slice(list: &str, from: Bound, to: Bound, round: &str) -> String {
    let bound = |bound| match bound {
        Bound::Round(0) => round.to_owned(),
        Bound::Round(n) if n > 0 => format!("{round} + {n}"),
        Bound::Round(n) => format!("{round} - {}", n.unsigned_abs()),
        Bound::Start | Bound::End => String::new(),
        Bound::AtMost(n) => n.to_string(),
        Bound::FromEnd(n) => format!("-{n}"),
    };
    format!("{list}[{}:{}]", bound(from), bound(to))
}

impl Target for PyTorch {
    fn words(&self) -> Words {
        Words {
            kept: super::words::KEYWORDS,
            fields: super::words::MODULE,
            types: super::words::TYPES,
            values: super::words::NAMES,
            by_name: true,
        }
    }

    fn code<'a>(&self, _burn: &'a Code, torch: &'a Code) -> &'a Code {
        torch
    }

    fn variable(&self, name: &str, _how: Use) -> Printed {
        atom(text(name))
    }

    fn element(&self, list: &str, at: &Place, round: &str) -> Printed {
        atom(text(format!("{list}{}", place(at, round))))
    }

    fn field(&self, name: &str, at: Option<&Place>, round: &str) -> Printed {
        let place = at.map_or(String::new(), |at| place(at, round));
        atom(text(format!("self.{name}{place}")))
    }

    fn tensor(&self, field: Printed) -> Printed {
        field
    }

    fn apply(&self, field: Printed, arguments: Vec<Doc>) -> Printed {
        atom(all([field.doc, call("", arguments)]))
    }

    fn call(&self, function: &str, arguments: Vec<Doc>) -> Printed {
        atom(call(function, arguments))
    }

    fn method(&self, receiver: Printed, method: &str, arguments: Vec<Doc>) -> Printed {
        let receiver = receiver.at_least(Tightness::Atom, false);
        atom(all([receiver, call(&format!(".{method}"), arguments)]))
    }

    fn list(&self, elements: Vec<Doc>) -> Printed {
        atom(list(elements))
    }

    fn borrowed(&self, inner: Printed) -> Printed {
        inner
    }

    fn device(&self, variable: Option<&str>) -> Printed {
        atom(match variable {
            Some(variable) => text(format!("{variable}.device")),
            None => text("device"),
        })
    }

    fn training(&self, function: bool) -> Option<Printed> {
        let name = if function {
            "training"
        } else {
            "self.training"
        };
        Some(atom(text(name)))
    }

    fn gone_through(&self, list: &str, _how: Use, _lent: bool) -> Doc {
        text(list)
    }

    fn tensors(&self, mut parts: Vec<Tensors>) -> Doc {
        if parts.len() == 1 {
            match parts.remove(0) {
                Tensors::One(one) => list(vec![one]),
                Tensors::Repeat(one, times) => all([list(vec![one]), text(" * "), factor(times)]),
                Tensors::Whole(name, ..) => text(name),
                Tensors::Slice(name, from, to, round) => text(slice(&name, from, to, &round)),
            }
        } else {
            let parts = parts.into_iter().map(|part| match part {
                Tensors::One(one) => one,
                Tensors::Repeat(one, times) => all([text("*["), one, text("] * "), factor(times)]),
                Tensors::Whole(name, ..) => text(format!("*{name}")),
                Tensors::Slice(name, from, to, round) => {
                    text(format!("*{}", slice(&name, from, to, &round)))
                }
            });
            list(parts.collect())
        }
    }

    fn lent(&self, parts: Vec<Tensors>) -> Doc {
        self.tensors(parts)
    }

    fn length(&self, list: Printed) -> Printed {
        atom(call("len", vec![list.doc]))
    }

    fn literal(&self, number: Number) -> Printed {
        atom(text(match number {
            Number::Int(n) => n.to_string(),
            Number::Float(x) => format!("{x:?}"),
        }))
    }

    fn cast(&self, inner: Printed) -> Printed {
        inner
    }

    fn division(&self) -> &'static str {
        "//"
    }

    fn root(&self, inner: Printed) -> Printed {
        let doc = match inner.doc {
            Doc::Text(number) => text(number.trim_end_matches(".0")),
            doc => doc,
        };
        atom(call("math.sqrt", vec![doc]))
    }

    fn constant(&self, name: &str) -> Printed {
        atom(text(format!("math.{}", name.to_lowercase())))
    }

    fn table(&self, elements: Vec<Doc>, round: &str) -> Printed {
        atom(all([list(elements), text(format!("[{round}]"))]))
    }

    fn start(&self, starts: Starts, numbers: Vec<Doc>) -> Printed {
        let kind = match starts {
            Starts::Constant => "\"constant\"",
            Starts::Uniform => "\"uniform\"",
            Starts::Normal => "\"normal\"",
            Starts::KaimingUniform => "\"kaiming_uniform\"",
            Starts::KaimingNormal => "\"kaiming_normal\"",
            Starts::GammaUniform => "\"gamma_uniform\"",
        };
        let numbers = [text(kind)].into_iter().chain(numbers);
        atom(call("", numbers.collect()))
    }

    fn kept(&self, name: &str, function: bool) -> Printed {
        atom(text(match function {
            true => name.to_owned(),
            false => format!("self.{name}"),
        }))
    }
}
