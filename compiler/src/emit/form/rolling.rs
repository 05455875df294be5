//! Rounds of a loop that are alike become one.

use super::draft::{Builder, element};
use super::index::Index;
use super::merge_bodies::{bodies_like, merge_bodies};
use super::tree::{At, Let, Loop, Name, Stmt};
use crate::model::Iteration;

impl Builder<'_> {
    /// Rounds of loops become one where they are alike.
    ///
    /// # Errors
    /// The loop whose rounds are not.
    pub(super) fn roll(&self, stmts: Vec<(Option<Iteration>, Let)>) -> Result<Vec<Stmt>, usize> {
        let mut body: Vec<Stmt> = vec![];
        let mut rest = stmts.into_iter().peekable();
        while let Some((iteration, stmt)) = rest.next() {
            let Some(Iteration { number, .. }) = iteration else {
                body.push(Stmt::Let(self.outside(stmt)));
                continue;
            };
            let mut rounds: Vec<(usize, Vec<Stmt>)> = vec![];
            let mut next = Some((iteration, stmt));
            while let Some((Some(Iteration { round, .. }), stmt)) = next {
                match rounds.last_mut() {
                    Some((last, stmts)) if *last == round => stmts.push(Stmt::Let(stmt)),
                    _ => rounds.push((round, vec![Stmt::Let(stmt)])),
                }
                next = rest.next_if(|(i, _)| i.is_some_and(|i| i.number == number));
            }
            let count = self.scene.graph[self.id].loops.get(number).copied();
            let complete = rounds
                .iter()
                .enumerate()
                .all(|(at, (round, _))| at == *round);
            let again = body
                .iter()
                .any(|s| matches!(s, Stmt::Loop(l) if l.number == number));
            if count != Some(rounds.len()) || !complete || again {
                return Err(number);
            }
            let count = rounds.len();
            let rounds = rounds.into_iter().map(|(_, stmts)| stmts).collect();
            let mut arms = arms(rounds).ok_or(number)?;
            let period = arms.len();
            for (at, arm) in arms.iter_mut().enumerate() {
                let rounds = (at..count).step_by(period).map(Some);
                let all: Vec<At> = rounds
                    .map(|round| At {
                        instance: self.id,
                        round,
                    })
                    .collect();
                fill_in(arm, &all);
            }
            let rounds = vec![(self.id, count)];
            body.push(Stmt::Loop(Loop {
                number,
                rounds,
                arms,
            }));
        }
        Ok(body)
    }

    /// A statement outside of loops: elements of what is no list in emitted source have names of their own.
    pub(super) fn outside(&self, mut stmt: Let) -> Let {
        let list = self.lists.get(&Name::Local(stmt.name.clone()));
        if let (
            Some(Index {
                fixed: Some(index), ..
            }),
            false,
        ) = (stmt.index, list.is_some_and(|list| list.dynamic))
        {
            stmt.name = element(&Name::Local(stmt.name), index);
            stmt.index = None;
        }
        stmt
    }
}

/// Says in an arm what its rounds that lack an operation do in its place: each has its own number.
fn fill_in(arm: &mut [Stmt], rounds: &[At]) {
    for stmt in arm {
        let Stmt::Let(one) = stmt else { continue };
        one.expr.each_slot(&mut |slot| {
            let Some(missing) = slot.missing else { return };
            for at in rounds {
                if !slot.seen.iter().any(|(seen, _)| seen == at) {
                    slot.seen.push((*at, missing));
                }
            }
        });
    }
}

/// Round i is like arm `i % arms.len()` of the shortest such list of at most three.
pub(super) fn arms(rounds: Vec<Vec<Stmt>>) -> Option<Vec<Vec<Stmt>>> {
    let most = rounds.len().clamp(1, 3);
    'periods: for period in 1..=most {
        let mut arms: Vec<Vec<Stmt>> = rounds.iter().take(period).cloned().collect();
        for (round, body) in rounds.iter().enumerate().skip(period) {
            let Some(arm) = arms.get_mut(round % period) else {
                continue 'periods;
            };
            if !bodies_like(arm, body) {
                continue 'periods;
            }
            merge_bodies(arm, body.clone());
        }
        return Some(arms);
    }
    None
}
