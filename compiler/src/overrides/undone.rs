//! Changes that later ones take back: a variant of a variant leaves out again what that added.

use std::collections::{HashMap, HashSet};

use termc_grammar::ast::Path;

use super::Action;

/// The changes without additions that are left out again, and without what was changed inside of these in between.
pub(crate) fn effective<'a>(changes: Vec<(&'a Path, Action<'a>)>) -> Vec<(&'a Path, Action<'a>)> {
    let paths: Vec<String> = changes.iter().map(|(path, _)| path.to_string()).collect();
    let mut added = HashMap::new();
    let mut undone = HashSet::new();
    for (number, (path, (_, action))) in paths.iter().zip(&changes).enumerate() {
        match action {
            Action::Add(..) => {
                added.insert(path.as_str(), number);
            }
            Action::Without => {
                if let Some(addition) = added.remove(path.as_str()) {
                    undone.extend([addition, number]);
                }
            }
            Action::Set(_) => {}
        }
    }
    let mut kept = vec![];
    // What is added at this point and left out later.
    let mut vain: HashSet<&str> = HashSet::new();
    for (number, (path, change)) in paths.iter().zip(changes).enumerate() {
        if undone.contains(&number) {
            if !vain.remove(path.as_str()) {
                vain.insert(path);
            }
            continue;
        }
        let ends = path.match_indices('.').map(|(end, _)| end);
        let mut holders = ends.filter_map(|end| path.get(..end));
        if !vain.contains(path.as_str()) && !holders.any(|holder| vain.contains(holder)) {
            kept.push(change);
        }
    }
    kept
}
