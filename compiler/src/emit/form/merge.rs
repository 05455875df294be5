//! Lays one body over another: `like` tells whether they differ in numbers and places of lists only, `merge` joins them.

use super::tree::{
    Argument, CallExpr, Candidate, Expr, FieldUse, OpExpr, Part, Parts, Segment, Slot,
};
use crate::bug::bug;

/// What can be laid over another of its kind.
pub(super) trait Merge {
    /// Whether both are the same but for numbers and places.
    fn like(&self, other: &Self) -> bool;
    /// Takes in another that is [`like`](Self::like) this one.
    fn merge(&mut self, other: Self);
}

impl<T: Merge> Merge for Vec<T> {
    fn like(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a.like(b))
    }

    fn merge(&mut self, other: Self) {
        self.iter_mut().zip(other).for_each(|(a, b)| a.merge(b));
    }
}

impl<T: Merge> Merge for Option<T> {
    fn like(&self, other: &Self) -> bool {
        match (self, other) {
            (Some(a), Some(b)) => a.like(b),
            (None, None) => true,
            _ => false,
        }
    }

    fn merge(&mut self, other: Self) {
        if let (Some(a), Some(b)) = (self, other) {
            a.merge(b);
        }
    }
}

impl Merge for Slot {
    fn like(&self, _other: &Self) -> bool {
        true
    }

    fn merge(&mut self, other: Self) {
        self.seen.extend(other.seen);
        self.missing = self.missing.or(other.missing);
    }
}

impl Merge for FieldUse {
    fn like(&self, other: &Self) -> bool {
        let places = match (self.index, other.index) {
            (Some(a), Some(b)) => a.meet(b).is_some(),
            (None, None) => true,
            _ => false,
        };
        self.name == other.name && places
    }

    fn merge(&mut self, other: Self) {
        self.index = self.index.zip(other.index).and_then(|(a, b)| a.meet(b));
    }
}

impl Candidate {
    fn meet(&self, other: &Self) -> Option<Self> {
        if self.name != other.name {
            return None;
        }
        let index = match (self.index, other.index) {
            (Some(a), Some(b)) => Some(a.meet(b)?),
            (None, None) => None,
            _ => return None,
        };
        let name = self.name.clone();
        Some(Self { name, index })
    }
}

fn meet(a: &[Candidate], b: &[Candidate]) -> Vec<Candidate> {
    let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (a, b)));
    pairs.filter_map(|(a, b)| a.meet(b)).collect()
}

/// What an operation that does nothing with some number does it to.
fn beneath(op: &OpExpr) -> Option<&Expr> {
    match (op.optional, op.operands.as_slice()) {
        (true, [Part::One(x)]) => Some(x),
        _ => None,
    }
}

impl Merge for Expr {
    fn like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Read(a), Self::Read(b)) => !meet(a, b).is_empty(),
            (Self::Number(_), Self::Number(_)) => true,
            (Self::Op(a), Self::Op(b)) if a.like(b) => true,
            (Self::Call(a), Self::Call(b)) => a.like(b),
            (Self::Op(a), b) if beneath(a).is_some_and(|x| x.like(b)) => true,
            (a, Self::Op(b)) => beneath(b).is_some_and(|x| a.like(x)),
            _ => false,
        }
    }

    fn merge(&mut self, other: Self) {
        let both_ops = matches!((&*self, &other), (Self::Op(a), Self::Op(b)) if a.like(b));
        match (self, other) {
            (Self::Read(a), Self::Read(b)) => *a = meet(a, &b),
            (Self::Number(a), Self::Number(b)) => a.merge(b),
            (Self::Op(a), Self::Op(b)) if both_ops => a.merge(*b),
            (Self::Call(a), Self::Call(b)) => a.merge(*b),
            (Self::Op(a), b) if beneath(a).is_some_and(|x| x.like(&b)) => {
                if let [Part::One(x)] = a.operands.list.as_mut_slice() {
                    x.merge(b);
                }
            }
            (a, Self::Op(mut b)) if beneath(&b).is_some_and(|x| a.like(x)) => {
                if let [Part::One(x)] = b.operands.list.as_mut_slice() {
                    // The names of this side come first: it is the side that is kept.
                    std::mem::swap(a, x);
                    let other = std::mem::replace(a, Self::Read(vec![]));
                    x.merge(other);
                }
                *a = Self::Op(b);
            }
            _ => bug!("bodies that differ are joined"),
        }
    }
}

impl Merge for OpExpr {
    fn like(&self, other: &Self) -> bool {
        self.burn == other.burn
            && self.torch == other.torch
            && self.held.like(&other.held)
            && parts_like(&self.operands, &other.operands)
    }

    fn merge(&mut self, other: Self) {
        self.numbers.merge(other.numbers);
        self.held.merge(other.held);
        merge_parts(&mut self.operands, other.operands);
    }
}

impl Merge for CallExpr {
    fn like(&self, other: &Self) -> bool {
        self.structure == other.structure
            && self.field.like(&other.field)
            && self.arguments.like(&other.arguments)
    }

    fn merge(&mut self, other: Self) {
        self.field.merge(other.field);
        self.arguments.merge(other.arguments);
        self.numbers.merge(other.numbers);
    }
}

impl Merge for Argument {
    fn like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(a), Self::One(b)) => a.like(b),
            (Self::List(a), Self::List(b)) => parts_like(a, b),
            _ => false,
        }
    }

    fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::One(a), Self::One(b)) => a.merge(b),
            (Self::List(a), Self::List(b)) => merge_parts(a, b),
            _ => {}
        }
    }
}

impl Segment {
    fn common(&self, other: &Self) -> Vec<super::tree::Name> {
        let names = self.lists.iter().filter(|name| other.lists.contains(name));
        names.cloned().collect()
    }
}

/// The pairs of parts that lie over each other; a segment may be empty on the other side. None if the parts differ.
fn pairs(a: &[Part], b: &[Part]) -> Option<Vec<(Option<usize>, Option<usize>)>> {
    let (mut i, mut j) = (0, 0);
    let mut pairs = vec![];
    loop {
        let pair = match (a.get(i), b.get(j)) {
            (None, None) => return Some(pairs),
            (Some(Part::Segment(x)), Some(Part::Segment(y))) => {
                if x.common(y).is_empty() {
                    return None;
                }
                (Some(i), Some(j))
            }
            (Some(Part::Segment(_)), _) => (Some(i), None),
            (_, Some(Part::Segment(_))) => (None, Some(j)),
            (Some(Part::One(x) | Part::Repeat(x, _)), Some(Part::One(y) | Part::Repeat(y, _)))
                if x.like(y) =>
            {
                (Some(i), Some(j))
            }
            _ => return None,
        };
        i += usize::from(pair.0.is_some());
        j += usize::from(pair.1.is_some());
        pairs.push(pair);
    }
}

fn parts_like(a: &[Part], b: &[Part]) -> bool {
    let once = |parts: &[Part]| parts.iter().filter(|p| matches!(p, Part::One(_))).count();
    pairs(a, b).is_some() && (once(a) == once(b) || a.len() == b.len())
}

fn merge_parts(a: &mut Parts, b: Parts) {
    let Some(pairs) = pairs(a, &b) else {
        bug!("lists that differ are joined")
    };
    a.seen.extend(b.seen);
    let mut left = std::mem::take(&mut a.list).into_iter();
    let mut right = b.list.into_iter();
    for (i, j) in pairs {
        let part = match (i.and_then(|_| left.next()), j.and_then(|_| right.next())) {
            (Some(Part::One(mut x)), Some(Part::One(y))) => {
                x.merge(y);
                Part::One(x)
            }
            (Some(Part::Repeat(mut x, mut n)), Some(Part::Repeat(y, m))) => {
                x.merge(y);
                n.merge(m);
                Part::Repeat(x, n)
            }
            (Some(Part::Repeat(mut x, n)), Some(Part::One(y)))
            | (Some(Part::One(mut x)), Some(Part::Repeat(y, n))) => {
                x.merge(y);
                Part::Repeat(x, n)
            }
            (Some(Part::Segment(mut x)), Some(Part::Segment(y))) => {
                x.lists = x.common(&y);
                x.spans.extend(y.spans);
                Part::Segment(x)
            }
            (Some(part), None) | (None, Some(part)) => part,
            _ => bug!("lists that differ are joined"),
        };
        a.list.push(part);
    }
}
