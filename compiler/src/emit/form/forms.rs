//! What becomes of the lists of a text: a variable that is set anew in every round, a name within a round, or a list.

use std::collections::HashMap;

use super::index::Index;
use super::tree::{Argument, Draft, Expr, Name, Part, Stmt};

/// What a list of the text is in emitted source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListForm {
    /// Every element is read in its own round only: a name.
    Local,
    /// Only the latest element is ever read: a variable.
    Latest,
    /// A list.
    List,
}

/// One loop, or none.
type Where = Option<usize>;

#[derive(Debug, Default)]
struct Seen {
    /// Where elements are made, and at which place.
    made: Vec<(Where, Option<isize>)>,
    /// Where elements are read.
    read: Vec<(Where, Index)>,
    /// Whether several are read at once, or all are made at once.
    whole: bool,
}

/// The form of each list whose elements are made by statements.
pub(super) fn forms(draft: &Draft) -> HashMap<String, ListForm> {
    let mut seen: HashMap<String, Seen> = HashMap::new();
    body(&draft.body, None, &mut seen);
    draft
        .result
        .iter()
        .for_each(|result| reads(result, None, &mut seen));
    seen.into_iter()
        .map(|(name, seen)| (name, seen.form()))
        .collect()
}

impl Seen {
    fn form(&self) -> ListForm {
        let Some((place, offset)) = self.made.first().copied() else {
            return ListForm::List;
        };
        if self.whole {
            return ListForm::List;
        }
        let alone = self.made.iter().all(|made| *made == (place, offset));
        let same = |(at, index): &(Where, Index)| *at == place && index.offset == offset;
        if place.is_some() && offset.is_some() && alone && self.read.iter().all(same) {
            return ListForm::Local;
        }
        match place.is_none() && self.read.iter().all(|(_, index)| index.latest) {
            true => ListForm::Latest,
            false => ListForm::List,
        }
    }
}

fn body(stmts: &[Stmt], place: Where, seen: &mut HashMap<String, Seen>) {
    for stmt in stmts {
        match stmt {
            Stmt::Let(one) => {
                reads(&one.expr, place, seen);
                if one.whole {
                    seen.entry(one.name.clone()).or_default().whole = true;
                }
                if let Some(index) = one.index {
                    let made = (place, index.offset);
                    seen.entry(one.name.clone()).or_default().made.push(made);
                }
            }
            Stmt::Loop(repeated) => {
                for arm in &repeated.arms {
                    body(arm, Some(repeated.number), seen);
                }
            }
        }
    }
}

fn reads(expr: &Expr, place: Where, seen: &mut HashMap<String, Seen>) {
    expr.each(&mut |expr| {
        let mut parts = |parts: &[Part]| {
            for part in parts {
                if let Part::Segment(segment) = part
                    && let Some(Name::Local(name)) = segment.lists.last()
                {
                    seen.entry(name.clone()).or_default().whole = true;
                }
            }
        };
        match expr {
            Expr::Read(candidates) => {
                if let Some(chosen) = candidates.last()
                    && let (Name::Local(name), Some(index)) = (&chosen.name, chosen.index)
                {
                    seen.entry(name.clone())
                        .or_default()
                        .read
                        .push((place, index));
                }
            }
            Expr::Number(_) => {}
            Expr::Op(op) => parts(&op.operands),
            Expr::Call(call) => {
                for argument in &call.arguments {
                    if let Argument::List(list) = argument {
                        parts(list);
                    }
                }
            }
        }
    });
}
