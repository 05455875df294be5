//! Bodies laid over each other, statement by statement.

use super::merge::Merge;
use super::tree::{Draft, FieldDraft, Let, Loop, Stmt};
use crate::bug::bug;

/// Statements lie over each other one by one; a loop may have no rounds, and then be missing, on the other side.
pub(super) fn statement_pairs(
    a: &[Stmt],
    b: &[Stmt],
) -> Option<Vec<(Option<usize>, Option<usize>)>> {
    let (mut i, mut j) = (0, 0);
    let mut pairs = vec![];
    loop {
        let pair = match (a.get(i), b.get(j)) {
            (None, None) => return Some(pairs),
            (Some(Stmt::Let(x)), Some(Stmt::Let(y))) if x.like(y) => (Some(i), Some(j)),
            (Some(Stmt::Let(_)), Some(Stmt::Let(_))) => return None,
            (Some(Stmt::Loop(x)), Some(Stmt::Loop(y))) => match x.number.cmp(&y.number) {
                std::cmp::Ordering::Less => (Some(i), None),
                std::cmp::Ordering::Greater => (None, Some(j)),
                std::cmp::Ordering::Equal if x.arms.like_arms(&y.arms) => (Some(i), Some(j)),
                std::cmp::Ordering::Equal => return None,
            },
            (Some(Stmt::Loop(x)), _) if !has_loop(b, x.number) => (Some(i), None),
            (_, Some(Stmt::Loop(y))) if !has_loop(a, y.number) => (None, Some(j)),
            _ => return None,
        };
        i += usize::from(pair.0.is_some());
        j += usize::from(pair.1.is_some());
        pairs.push(pair);
    }
}

pub(super) fn has_loop(body: &[Stmt], number: usize) -> bool {
    body.iter()
        .any(|s| matches!(s, Stmt::Loop(l) if l.number == number))
}

/// Whether two bodies are the same but for numbers, places and rounds.
pub(super) fn bodies_like(a: &[Stmt], b: &[Stmt]) -> bool {
    statement_pairs(a, b).is_some()
}

/// Lays a body over one that is like it.
pub(super) fn merge_bodies(a: &mut Vec<Stmt>, b: Vec<Stmt>) {
    let Some(pairs) = statement_pairs(a, &b) else {
        bug!("bodies that differ are joined")
    };
    let mut left = std::mem::take(a).into_iter();
    let mut right = b.into_iter();
    for (i, j) in pairs {
        let stmt = match (i.and_then(|_| left.next()), j.and_then(|_| right.next())) {
            (Some(Stmt::Let(mut x)), Some(Stmt::Let(y))) => {
                x.merge(y);
                Stmt::Let(x)
            }
            (Some(Stmt::Loop(x)), Some(Stmt::Loop(y))) => Stmt::Loop(x.joined(y)),
            (Some(stmt), None) | (None, Some(stmt)) => stmt,
            _ => bug!("bodies that differ are joined"),
        };
        a.push(stmt);
    }
}

impl Merge for Let {
    fn like(&self, other: &Self) -> bool {
        let places = match (self.index, other.index) {
            (Some(a), Some(b)) => a.meet(b).is_some(),
            (None, None) => true,
            _ => false,
        };
        self.name == other.name
            && places
            && self.whole == other.whole
            && self.expr.like(&other.expr)
    }

    fn merge(&mut self, other: Self) {
        self.index = self.index.zip(other.index).and_then(|(a, b)| a.meet(b));
        self.expr.merge(other.expr);
    }
}

trait Arms {
    fn like_arms(&self, other: &Self) -> bool;
}

impl Arms for Vec<Vec<Stmt>> {
    fn like_arms(&self, other: &Self) -> bool {
        let both = self.iter().zip(other);
        self.len() == other.len() && both.into_iter().all(|(a, b)| bodies_like(a, b))
    }
}

impl Loop {
    fn joined(mut self, other: Self) -> Self {
        self.rounds.extend(other.rounds);
        for (a, b) in self.arms.iter_mut().zip(other.arms) {
            merge_bodies(a, b);
        }
        self
    }
}

impl Merge for Draft {
    fn like(&self, other: &Self) -> bool {
        let kinds = |a: &FieldDraft| {
            let same = other.fields.iter().find(|b| b.name == a.name);
            same.is_none_or(|b| a.kind == b.kind && a.fixed == b.fixed)
        };
        let lists = |(name, list): &(String, bool)| {
            let same = other.inputs.iter().find(|(other, _)| other == name);
            same.is_none_or(|(_, other)| other == list)
        };
        let unread = self.result.is_none() || other.result.is_none();
        let names = |draft: &Self| -> Vec<String> {
            draft
                .fields
                .iter()
                .map(|field| field.name.clone())
                .collect()
        };
        (!unread || names(self) == names(other))
            && self.fields.iter().all(kinds)
            && self.inputs.iter().all(lists)
            && match (&self.result, &other.result) {
                (Some(a), Some(b)) => a.like(b) && bodies_like(&self.body, &other.body),
                // Only its tensors matter.
                _ => true,
            }
    }

    fn merge(&mut self, other: Self) {
        self.instances.extend(other.instances);
        for (place, input) in other.inputs.into_iter().enumerate() {
            if !self.inputs.contains(&input) {
                self.inputs.insert(place.min(self.inputs.len()), input);
            }
        }
        for field in other.fields {
            match self
                .fields
                .iter_mut()
                .find(|known| known.name == field.name)
            {
                Some(known) => known.elements.extend(field.elements),
                None => self.fields.push(field),
            }
        }
        match (self.result.is_some(), other.result.is_some()) {
            (true, true) => {
                merge_bodies(&mut self.body, other.body);
                self.result.merge(other.result);
            }
            (false, true) => {
                self.body = other.body;
                self.result = other.result;
            }
            _ => {}
        }
    }
}
