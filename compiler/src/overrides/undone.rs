//! Changes that later ones take back: a variant of a variant leaves out again what that added.

use std::collections::HashSet;

use termc_grammar::ast::{Path, Step};

use super::Action;

/// The changes without additions that are left out again, and without what was changed inside of these.
pub(crate) fn effective<'a>(changes: Vec<(&'a Path, Action<'a>)>) -> Vec<(&'a Path, Action<'a>)> {
    let mut kept: Vec<(&Path, Action<'_>)> = Vec::with_capacity(changes.len());
    let mut added: HashSet<String> = HashSet::new();
    for (path, action) in changes {
        match action {
            Action::Add(..) => {
                added.insert(path.to_string());
            }
            Action::Without if added.remove(&path.to_string()) => {
                kept.retain(|(other, _)| !starts_with(other, path));
                continue;
            }
            _ => {}
        }
        kept.push((path, action));
    }
    kept
}

/// Whether a path leads to or into what another leads to.
fn starts_with(path: &Path, start: &Path) -> bool {
    let index = |step: &Step| step.index.map(|(index, _)| index);
    let mut pairs = path.steps.iter().zip(&start.steps);
    path.steps.len() >= start.steps.len()
        && pairs.all(|(a, b)| a.name.text == b.name.text && index(a) == index(b))
}
