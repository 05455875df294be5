//! Numbers that instances differ in, as literals, sizes of inputs, values of the text, or simple terms of these; what is
//! none of them becomes a parameter named after its use. Every term holds for all instances that there are.

use std::collections::BTreeMap;

use super::attributes::{Attribute, Source, attributes};
use super::pretty::{pretty, same};
use super::scene::Scene;
use super::structure::{Kind, Num, Parameter, op};
use super::tree::{Slot, Value};
use crate::emit::names::{Names, snake};
use crate::model::InstanceId;
use crate::primitives::written::Number;

/// Where a number is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// While a structure is made.
    New,
    /// In the forward pass.
    Forward,
}

/// Values of one instance in the rounds where they were seen.
pub(super) type Rounds<T> = Vec<(Option<usize>, T)>;

/// A number differs from round to round in a way that no structure can say for all of its instances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsaid;

#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) values: Vec<Value>,
    pub(super) kept: bool,
    /// The attribute that it is; others come after.
    pub(super) attribute: Option<usize>,
}

pub(super) struct Numbers {
    pub(super) instances: Vec<InstanceId>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) drafts: Vec<Draft>,
}

pub(super) fn float(number: Number) -> f64 {
    match number {
        Number::Int(n) => n as f64,
        Number::Float(x) => x,
    }
}

pub(super) fn int(n: usize) -> Num {
    Num::Value(Number::Int(n))
}

impl Numbers {
    pub fn new(scene: &Scene<'_>, instances: &[InstanceId], inputs: &[(String, bool)]) -> Self {
        Self {
            attributes: attributes(scene, instances, inputs),
            instances: instances.to_vec(),
            drafts: vec![],
        }
    }

    /// The value of each instance in every round where it was seen.
    pub(super) fn by_instance(&self, slot: &Slot) -> Vec<Rounds<Value>> {
        let mut values = vec![vec![]; self.instances.len()];
        let places = self.instances.iter().enumerate();
        let places: std::collections::HashMap<_, _> = places.map(|(at, id)| (*id, at)).collect();
        for (at, value) in &slot.seen {
            let place = places
                .get(&at.instance)
                .and_then(|place| values.get_mut(*place));
            if let Some(place) = place {
                place.push((at.round, *value));
            }
        }
        for list in values.iter_mut().filter(|list| list.is_empty()) {
            list.extend(slot.missing.map(|value| (None, value)));
        }
        values
    }

    /// What stands where the slot is.
    pub fn resolve(&mut self, slot: &Slot, context: Context, hint: &str) -> Result<Num, Unsaid> {
        let values = self.by_instance(slot);
        let all = || values.iter().flatten();
        if all().any(|(_, value)| matches!(value, Value::Init(..))) {
            return self.init(&values, hint);
        }
        let values: Vec<Rounds<Number>> = values
            .iter()
            .map(|list| {
                let numbers = list.iter().filter_map(|(round, value)| match value {
                    Value::Number(number) => Some((*round, *number)),
                    Value::Init(..) => None,
                });
                numbers.collect()
            })
            .collect();
        self.number(&values, context, hint, false)
    }

    /// Numbers of each instance and round. Those of starts may differ from their term by rounding.
    pub(super) fn number(
        &mut self,
        values: &[Rounds<Number>],
        context: Context,
        hint: &str,
        of_start: bool,
    ) -> Result<Num, Unsaid> {
        let all: Vec<Number> = values.iter().flatten().map(|(_, n)| *n).collect();
        let Some(first) = all.first().copied() else {
            return Ok(int(0));
        };
        let equal = |a: Number, b: Number| match of_start {
            true => same(float(a), float(b)),
            false => a == b,
        };
        if all.iter().all(|n| equal(*n, first)) {
            return Ok(if of_start {
                pretty(float(first))
            } else {
                Num::Value(first)
            });
        }
        let steady: Option<Vec<Option<Number>>> = values
            .iter()
            .map(|list| match list.first() {
                None => Some(None),
                Some((_, n)) => list.iter().all(|(_, m)| equal(*m, *n)).then_some(Some(*n)),
            })
            .collect();
        if let Some(steady) = steady {
            return Ok(self.steady(&steady, context, hint, of_start));
        }
        // Divided by the number of the round, counted from one.
        let divided: Vec<Rounds<Number>> = values
            .iter()
            .map(|list| {
                let times = list.iter().map(|(round, n)| {
                    let times = float(*n) * (round.unwrap_or(0) + 1) as f64;
                    (None, Number::Float(times))
                });
                times.collect()
            })
            .collect();
        let flat = |list: &Rounds<Number>| {
            list.iter().all(|(_, n)| {
                list.first()
                    .is_some_and(|(_, m)| same(float(*n), float(*m)))
            })
        };
        if of_start && divided.iter().all(flat) {
            let whole = self.number(&divided, context, hint, true)?;
            let round = Num::Cast(Box::new(op(Num::Round, '+', int(1))));
            return Ok(op(whole, '/', round));
        }
        self.table(values, of_start)
    }

    /// One value a round, the same in all instances that have the round.
    pub(super) fn table(&self, values: &[Rounds<Number>], of_start: bool) -> Result<Num, Unsaid> {
        let mut known: BTreeMap<usize, Number> = BTreeMap::new();
        for (round, number) in values.iter().flatten() {
            let round = round.ok_or(Unsaid)?;
            if *known.entry(round).or_insert(*number) != *number {
                return Err(Unsaid);
            }
        }
        // Rounds of another arm of the loop do not read it.
        let mut table: Vec<Number> = vec![];
        for (round, number) in known {
            table.resize(round, number);
            table.push(number);
        }
        let print = |n: Number| {
            if of_start {
                pretty(float(n))
            } else {
                Num::Value(n)
            }
        };
        Ok(Num::Table(table.into_iter().map(print).collect()))
    }

    /// A number that does not change from round to round; None where an instance does not need it.
    pub(super) fn steady(
        &mut self,
        values: &[Option<Number>],
        context: Context,
        hint: &str,
        of_start: bool,
    ) -> Num {
        let is_float = values
            .iter()
            .flatten()
            .any(|n| matches!(n, Number::Float(_)));
        if let Some(num) = self.term(values, context, is_float, of_start) {
            return num;
        }
        let fill = values
            .iter()
            .flatten()
            .next()
            .copied()
            .unwrap_or(Number::Int(0));
        let values = values
            .iter()
            .map(|n| Value::Number(n.unwrap_or(fill)))
            .collect();
        let kind = if is_float { Kind::Float } else { Kind::Int };
        self.own(hint, kind, values, context)
    }

    pub(super) fn attribute(&mut self, a: usize, context: Context) -> Num {
        let Some(attribute) = self.attributes.get(a).cloned() else {
            return int(0);
        };
        match (&attribute.source, context) {
            (Source::Dim(input, axis), Context::Forward) => return Num::Dim(input.clone(), *axis),
            (Source::Length(input), Context::Forward) => return Num::Length(input.clone()),
            _ => {}
        }
        let kept = context == Context::Forward;
        // One parameter for all attributes that are the same everywhere.
        let known = self.drafts.iter().position(|draft| {
            let values = attribute.values.iter().map(|n| Value::Number(*n));
            draft.attribute.is_some() && draft.values.iter().copied().eq(values)
        });
        if let Some(known) = known {
            if let Some(draft) = self.drafts.get_mut(known) {
                draft.kept |= kept;
            }
            return Num::Parameter(known);
        }
        let is_int = attribute.is_int();
        self.drafts.push(Draft {
            name: attribute.name,
            kind: if is_int { Kind::Int } else { Kind::Float },
            values: attribute.values.iter().map(|n| Value::Number(*n)).collect(),
            kept,
            attribute: Some(a),
        });
        Num::Parameter(self.drafts.len() - 1)
    }

    /// A parameter of its own.
    pub(super) fn own(
        &mut self,
        hint: &str,
        kind: Kind,
        values: Vec<Value>,
        context: Context,
    ) -> Num {
        let kept = context == Context::Forward;
        let known = self
            .drafts
            .iter()
            .position(|d| d.kind == kind && d.values == values);
        if let Some(known) = known {
            if let Some(draft) = self.drafts.get_mut(known) {
                draft.kept |= kept;
            }
            return Num::Parameter(known);
        }
        self.drafts.push(Draft {
            name: hint.to_owned(),
            kind,
            values,
            kept,
            attribute: None,
        });
        Num::Parameter(self.drafts.len() - 1)
    }

    /// The parameters, the order in which they are passed, and each instance's values.
    pub fn finish(self) -> (Vec<Parameter>, Vec<usize>, Vec<Vec<Value>>) {
        let mut order: Vec<usize> = (0..self.drafts.len()).collect();
        order.sort_by_key(|at| {
            let attribute = self.drafts.get(*at).and_then(|draft| draft.attribute);
            attribute.map_or((1, *at), |a| (0, a))
        });
        let mut names = Names::default();
        let drafts = self.drafts.iter();
        let parameters = drafts.map(|draft| Parameter {
            name: names.give(&snake(&draft.name)),
            kind: draft.kind,
            kept: draft.kept,
        });
        let parameters = parameters.collect();
        let values = (0..self.instances.len()).map(|i| {
            let own = self
                .drafts
                .iter()
                .filter_map(|draft| draft.values.get(i).copied());
            own.collect()
        });
        (parameters, order, values.collect())
    }
}
