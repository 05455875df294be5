//! Variants and `--set`: which model is meant, and the changes to it as one list and a trie of their paths. Looks at no
//! block; whether a path leads anywhere, elaboration finds out.

mod choice;
mod family;
mod trie;
mod undone;

pub(crate) use choice::{Choice, Chosen, targets};
pub(crate) use trie::{Action, Changes, Position, path_expr};
pub(crate) use undone::effective;
