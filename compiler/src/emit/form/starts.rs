//! How fresh tensors start, relative to their fans where that is no longer to say.

use super::numbers::{Context, Draft, Numbers, Rounds, Unsaid};
use super::structure::{Kind, Num, Starts};
use super::tree::Value;
use crate::model::Init;
use crate::primitives::written::Number;

impl Numbers {
    /// How a tensor starts: relative to its fan where that is no longer to say.
    pub(super) fn init(&mut self, values: &[Rounds<Value>], hint: &str) -> Result<Num, Unsaid> {
        let before = self.drafts.clone();
        let mut best: Option<(usize, Num, Vec<Draft>)> = None;
        for form in [relative, absolute] {
            self.drafts.clone_from(&before);
            let Some(Ok(num)) = self.start(values, hint, form) else {
                continue;
            };
            let own = self
                .drafts
                .iter()
                .skip(before.len())
                .filter(|d| d.attribute.is_none());
            let size = num.size() + 100 * own.count() + usize::from(!num.is_usual());
            if best.as_ref().is_none_or(|(least, ..)| size < *least) {
                best = Some((size, num, self.drafts.clone()));
            }
        }
        if let Some((_, num, drafts)) = best {
            self.drafts = drafts;
            return Ok(num);
        }
        self.drafts = before;
        // Of different kinds: the start itself is a parameter.
        let one: Option<Vec<Value>> = values
            .iter()
            .map(|list| {
                let (_, first) = list.first().copied()?;
                list.iter()
                    .all(|(_, value)| *value == first)
                    .then_some(first)
            })
            .collect();
        match one {
            Some(values) => Ok(self.own(hint, Kind::Init, values, Context::New)),
            None => Err(Unsaid),
        }
    }

    /// How a tensor starts in one form; None if the kinds differ.
    pub(super) fn start(
        &mut self,
        values: &[Rounds<Value>],
        hint: &str,
        form: fn(Init, usize) -> (Starts, Vec<f64>),
    ) -> Option<Result<Num, Unsaid>> {
        let mut starts = None;
        let mut columns: [Vec<Rounds<Number>>; 2] = [vec![], vec![]];
        for list in values {
            let mut parts: [Rounds<Number>; 2] = [vec![], vec![]];
            for (round, value) in list {
                let Value::Init(init, fan) = value else {
                    continue;
                };
                let (kind, numbers) = form(*init, *fan);
                if *starts.get_or_insert((kind, numbers.len())) != (kind, numbers.len()) {
                    return None;
                }
                for (part, number) in parts.iter_mut().zip(numbers) {
                    part.push((*round, Number::Float(number)));
                }
            }
            columns
                .iter_mut()
                .zip(parts)
                .for_each(|(all, part)| all.push(part));
        }
        let (kind, count) = starts?;
        let numbers: Result<Vec<Num>, Unsaid> = columns
            .iter()
            .take(count)
            .map(|column| self.number(column, Context::New, hint, true))
            .collect();
        Some(numbers.map(|numbers| Num::Init(kind, numbers)))
    }
}

/// A start by itself.
pub(super) fn absolute(init: Init, _fan: usize) -> (Starts, Vec<f64>) {
    match init {
        Init::Constant(value) => (Starts::Constant, vec![value]),
        Init::Uniform { bound } => (Starts::Uniform, vec![bound]),
        Init::Normal { std } => (Starts::Normal, vec![std]),
        Init::GammaUniform {
            bound,
            concentration,
        } => (Starts::GammaUniform, vec![bound, concentration]),
    }
}

/// A start with the inputs to each output worked out.
pub(super) fn relative(init: Init, fan: usize) -> (Starts, Vec<f64>) {
    let root = (fan.max(1) as f64).sqrt();
    match init {
        Init::Uniform { bound } => (Starts::KaimingUniform, vec![bound * root / 3f64.sqrt()]),
        Init::Normal { std } => (Starts::KaimingNormal, vec![std * root]),
        other => absolute(other, fan),
    }
}
