//! How the fields of a structure are made, and how often loops are repeated.

use super::finish::{Finishing, held};
use super::numbers::{Context, Unsaid};
use super::structure::{Field, Making, Many, Num};
use super::tree::{self, Element, FieldDraft, Slot, Value};
use crate::model::InstanceId;
use crate::primitives::written::Number;

impl Finishing<'_> {
    pub(super) fn field(&mut self, field: &FieldDraft) -> Result<Field, Unsaid> {
        let one = field.elements.iter().all(|element| element.index.is_none());
        let mut groups: Vec<(Option<usize>, Option<usize>, Vec<&Element>)> = vec![];
        for element in &field.elements {
            // Elements outside of loops by their place, those of one loop together.
            let key = match element.number {
                Some(number) => (Some(number), None),
                None => (None, element.index),
            };
            match groups
                .iter_mut()
                .find(|(number, index, _)| (*number, *index) == key)
            {
                Some((.., list)) => list.push(element),
                None => groups.push((key.0, key.1, vec![element])),
            }
        }
        groups.sort_by_key(|(.., list)| list.iter().filter_map(|e| e.index).min());
        let alone = self.draft.instances.len() == 1;
        let mut made = vec![];
        for (number, _, elements) in &groups {
            // What is made once is in every instance, what a loop makes in each of its rounds.
            if !alone && elements.len() != self.often(*number) {
                return Err(Unsaid);
            }
            let values = self.made(field, elements)?;
            let tabled = |num: &Num| matches!(num, Num::Table(_));
            match number {
                None => made.push(Making::One(values)),
                // One after the other where their numbers follow no rule.
                Some(_) if alone && values.iter().any(tabled) => {
                    for element in elements {
                        made.push(Making::One(self.made(field, &[element])?));
                    }
                }
                Some(number) => {
                    let rounds = self.rounds(*number, Context::New)?;
                    made.push(Making::Loop(rounds, values));
                }
            }
        }
        let many = if one { Many::One } else { Many::Any };
        Ok(held(field, many, made))
    }

    /// What elements are made with, the values of each as one term.
    pub(super) fn made(
        &mut self,
        field: &FieldDraft,
        elements: &[&Element],
    ) -> Result<Vec<Num>, Unsaid> {
        let count = elements.first().map_or(0, |element| element.values.len());
        let mut nums = vec![];
        for at in 0..count {
            let hint = field.hints.get(at).map_or("", String::as_str);
            let seen = elements
                .iter()
                .filter_map(|e| Some((e.at, e.values.get(at).copied()?)));
            let slot = Slot {
                hint: hint.to_owned(),
                seen: seen.collect(),
                missing: None,
            };
            nums.push(self.numbers.resolve(
                &slot,
                Context::New,
                &format!("{}_{hint}", field.name),
            )?);
        }
        Ok(nums)
    }

    /// How often all instances together make what stands in a loop or outside of loops.
    fn often(&self, number: Option<usize>) -> usize {
        let counts = self.draft.instances.iter().map(|id| match number {
            Some(number) => self.repeated_in(*id, number),
            None => 1,
        });
        counts.sum()
    }

    /// How often an instance repeats a loop.
    fn repeated_in(&self, id: InstanceId, number: usize) -> usize {
        let loops = &self.scene.graph[id].loops;
        loops.get(number).copied().unwrap_or(0)
    }

    /// How often a loop is repeated.
    pub(super) fn rounds(&mut self, number: usize, context: Context) -> Result<Num, Unsaid> {
        let field = self.draft.fields.iter().find(|field| {
            let all = |e: &Element| e.number == Some(number);
            field.elements.iter().all(all) && field.elements.iter().any(|e| e.index.is_some())
        });
        let seen = self.draft.instances.iter().map(|id| {
            let count = self.repeated_in(*id, number);
            let at = tree::At {
                instance: *id,
                round: None,
            };
            (at, Value::Number(Number::Int(count)))
        });
        let slot = Slot {
            hint: "rounds".into(),
            seen: seen.collect(),
            missing: None,
        };
        match (context, field) {
            (Context::Forward, Some(field)) => Ok(Num::Fields(field.name.clone())),
            _ => {
                let num = self.numbers.resolve(&slot, context, "rounds")?;
                if let Num::Length(name) = &num {
                    self.read.insert(name.clone());
                }
                Ok(num)
            }
        }
    }
}
