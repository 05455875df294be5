//! Writes numbers and terms.

use super::doc::{ANY, Doc, all, group, nest, text};
use super::form::{FieldRead, Name, Num};
use super::target::{Printed, Tightness};
use super::writer::Writer;
use crate::bug::bug;
use crate::primitives::written::Number;

impl Writer<'_> {
    /// A number where it is needed.
    pub fn num(&mut self, num: &Num) -> Printed {
        let target = self.scope.target;
        match num {
            Num::Value(number) => target.literal(*number),
            Num::Init(starts, numbers) => {
                let numbers = numbers.iter().map(|n| self.num(n).doc).collect();
                target.start(*starts, numbers)
            }
            Num::Parameter(at) => {
                let names = match self.forward && !self.structure.is_function() {
                    true => &self.named.kept,
                    false => &self.named.parameters,
                };
                match names.get(*at) {
                    Some(name) if self.forward => target.kept(name, self.structure.is_function()),
                    Some(name) => atom(text(name.clone())),
                    None => bug!("there is no parameter {at}"),
                }
            }
            Num::Dim(input, axis) => atom(text(self.dim(input, *axis))),
            Num::Length(input) => {
                let list = self.named(&Name::Input(input.clone()));
                target.length(atom(text(list)))
            }
            Num::Fields(name) => {
                let field = FieldRead {
                    name: name.clone(),
                    place: None,
                };
                let (field, _) = self.field(&field);
                target.length(field)
            }
            Num::Round => {
                self.round_is_read = true;
                atom(text(self.round.clone()))
            }
            Num::Op(a, operator, b) => {
                let (a, b) = (self.num(a), self.num(b));
                let operator = match operator {
                    '÷' => target.division().to_owned(),
                    other => other.to_string(),
                };
                binary(a, &operator, b)
            }
            Num::Sqrt(inner) => {
                let inner = self.num(inner);
                target.root(inner)
            }
            Num::Cast(inner) => match **inner {
                Num::Value(Number::Int(n)) => target.literal(Number::Float(n as f64)),
                _ => {
                    let inner = self.num(inner);
                    target.cast(inner)
                }
            },
            Num::Pi => target.constant("PI"),
            Num::Tau => target.constant("TAU"),
            Num::Table(numbers) => {
                self.round_is_read = true;
                let numbers = numbers.iter().map(|n| self.num(n).doc).collect();
                target.table(numbers, &self.round)
            }
        }
    }

    /// The name of a size of an input.
    pub(super) fn dim(&mut self, input: &str, axis: usize) -> String {
        let variable = self.named(&Name::Input(input.to_owned()));
        let first = self
            .structure
            .inputs
            .first()
            .is_some_and(|first| first.source == input);
        let known = self.dims.iter().position(|(name, _)| *name == variable);
        let at = known.unwrap_or_else(|| {
            self.dims.push((variable.clone(), [None, None, None]));
            self.dims.len() - 1
        });
        let what = ["channels", "height", "width"];
        let what = what.get(axis.saturating_sub(1)).copied().unwrap_or("size");
        let slot = self
            .dims
            .get_mut(at)
            .and_then(|(_, axes)| axes.get_mut(axis.saturating_sub(1)));
        match slot {
            Some(Some(name)) => name.clone(),
            Some(slot) => {
                let wanted = if first {
                    what.to_owned()
                } else {
                    format!("{variable}_{what}")
                };
                let name = self.names.give(&wanted);
                *slot = Some(name.clone());
                name
            }
            None => bug!("a tensor has no axis {axis}"),
        }
    }
}

pub(super) fn atom(doc: Doc) -> Printed {
    Printed {
        doc,
        tight: Tightness::Atom,
        chain: vec![],
    }
}

/// No wider than an indentation.
pub(super) const SHORT: usize = 4;

/// `left operator right`, with brackets where they are needed.
pub(super) fn binary(left: Printed, operator: &str, right: Printed) -> Printed {
    let tight = match operator {
        "+" | "-" => Tightness::Sum,
        _ => Tightness::Product,
    };
    let left = left.at_least(tight, false);
    let right = right.at_least(tight, true);
    // What follows a very short name stays on its line.
    if left.flat().is_some_and(|width| width <= SHORT) {
        return Printed {
            doc: all([left, text(format!(" {operator} ")), right]),
            tight,
            chain: vec![],
        };
    }
    let rest = nest(all([Doc::Line, text(format!("{operator} ")), right]));
    Printed {
        doc: group(ANY, all([left, rest])),
        tight,
        chain: vec![],
    }
}

impl Printed {
    /// In brackets unless it holds together this tightly, or more tightly than this.
    pub fn at_least(self, tight: Tightness, more: bool) -> Doc {
        match self.tight > tight || (self.tight == tight && !more) {
            true => self.doc,
            false => all([text("("), self.doc, text(")")]),
        }
    }
}
