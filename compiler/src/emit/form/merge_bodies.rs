//! Bodies laid over each other, statement by statement.

use super::merge::{Arms, Merge};
use super::tree::Stmt;
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
