//! Where changes are: paths that hold for all calls of a block, and which calls they are of.

use super::Change;
use crate::tree::Tree;

/// Changes of boxes, told once for all calls of a block: the box, what of it (added to its path), and how it was and is.
pub(super) fn grouped(tree: &Tree, changes: Vec<(usize, String, String, String)>) -> Vec<Change> {
    let mut all: Vec<Change> = vec![];
    for (number, name, from, to) in changes {
        let item = tree.item(number);
        let (path, call) = match name.is_empty() {
            true => place(tree, number),
            // What a block itself was given.
            false if item.is_user_block => {
                (format!("{}.{name}", item.what), Some(item.path.clone()))
            }
            false => {
                let (path, call) = place(tree, number);
                (format!("{path}.{name}"), call)
            }
        };
        let known = all.iter_mut().find(|change| {
            let values = (change.from.as_deref(), change.to.as_deref());
            change.path == path && values == (Some(&from), Some(&to))
        });
        match known {
            Some(change) => change.calls.extend(call),
            None => all.push(Change {
                path,
                calls: call.into_iter().collect(),
                from: Some(from),
                to: Some(to),
            }),
        }
    }
    for change in &mut all {
        alone(&mut change.path, &mut change.calls);
    }
    all
}

/// A path from the innermost call of a user's block on, `sfne.l3`, and that call; the whole path where there is none.
pub(super) fn place(tree: &Tree, number: usize) -> (String, Option<String>) {
    let item = tree.item(number);
    let mut holders = tree.holders(number).skip(1);
    let call = holders.find(|holder| tree.item(*holder).is_user_block);
    let Some(call) = call.map(|call| tree.item(call)) else {
        return (item.path.clone(), None);
    };
    let rest = item
        .path
        .strip_prefix(call.path.as_str())
        .unwrap_or_default();
    (format!("{}{rest}", call.what), Some(call.path.clone()))
}

/// In one call alone a part has its own path.
pub(super) fn alone(path: &mut String, calls: &mut Vec<String>) {
    if let [call] = calls.as_slice() {
        let rest = path.split_once('.').map_or("", |(_, rest)| rest);
        *path = format!("{call}.{rest}");
        calls.clear();
    }
}
