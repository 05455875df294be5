//! Takes a branch, a loss term or a setting out of a syntax tree: `without PATH`.

use termc_grammar::ast::{Expr, ExprKind, File, Item, Path};

use super::place::{Changed, labels, missing};
use crate::check::loss;

/// Removes what the path leads to, or says why not.
pub(super) fn without(file: &mut File, path: &Path) -> Changed {
    let parts: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
    let [first, second] = parts.as_slice() else {
        let at = if parts.len() < 2 { 1 } else { 2 };
        let mut diagnostic = missing(path, at.min(path.parts.len().saturating_sub(1)), []);
        diagnostic.help = Some("`without` takes a branch `BLOCK.LABEL`, a loss term `loss.NAME` or a setting `train.NAME`".into());
        return Err(diagnostic);
    };
    let mut known: Vec<String> = vec![];
    for item in &mut file.items {
        match item {
            Item::Block(block) if block.name.text == *first => {
                let mut removed = false;
                for expr in block
                    .bindings
                    .iter_mut()
                    .map(|b| &mut b.value)
                    .chain(block.result.iter_mut())
                {
                    removed |= remove_branch(expr, second);
                    labels(expr, &mut known);
                }
                if removed {
                    return Ok(());
                }
                return Err(missing(path, 1, known.iter().map(String::as_str)));
            }
            Item::Model(model) if *first == "loss" => {
                for loss_def in &mut model.losses {
                    let before = loss_def.terms.len();
                    loss_def
                        .terms
                        .retain(|t| loss::head(t).is_none_or(|(n, _)| n != *second));
                    if loss_def.terms.len() < before {
                        return Ok(());
                    }
                    known.extend(
                        loss_def
                            .terms
                            .iter()
                            .filter_map(loss::head)
                            .map(|(n, _)| n.to_owned()),
                    );
                }
                return Err(missing(path, 1, known.iter().map(String::as_str)));
            }
            Item::Train(train) if *first == "train" => {
                let before = train.settings.len();
                train.settings.retain(|s| s.key.text != *second);
                if train.settings.len() < before {
                    return Ok(());
                }
                known.extend(train.settings.iter().map(|s| s.key.text.clone()));
                return Err(missing(path, 1, known.iter().map(String::as_str)));
            }
            Item::Block(block) => known.push(block.name.text.clone()),
            _ => {}
        }
    }
    Err(missing(path, 0, known.iter().map(String::as_str)))
}

fn remove_branch(expr: &mut Expr, label: &str) -> bool {
    match &mut expr.kind {
        ExprKind::Concat(branches) => {
            let before = branches.len();
            branches.retain(|b| b.label.as_ref().is_none_or(|l| l.text != label));
            // An unlabelled branch that is just a name goes by that name.
            if branches.len() == before {
                branches.retain(|b| {
                    b.label.is_some() || !matches!(&b.value.kind, ExprKind::Name(n) if n == label)
                });
            }
            branches.len() < before
                || branches
                    .iter_mut()
                    .any(|b| remove_branch(&mut b.value, label))
        }
        ExprKind::Pipe { value, .. } => remove_branch(value, label),
        _ => false,
    }
}
