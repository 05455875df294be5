//! Short words for boxes.

use termc_compiler::model::Op;

use super::Item;

/// An operation in a sign or a word, as it is written where it has an operator.
pub(super) fn symbol(op: &Op) -> String {
    match op {
        Op::Add(_) | Op::Offset(_) => "+",
        Op::Sub(_) => "-",
        Op::Mul(_) | Op::ScaleBy(_) => "*",
        Op::MatMul(_) => "@",
        op => op.name(),
    }
    .to_owned()
}

/// What a binding of several calls consists of, each once.
pub(super) fn folder(children: &[Item]) -> String {
    const MOST: usize = 22;
    let mut words: Vec<&str> = vec![];
    for child in children {
        if !words.contains(&child.what.as_str()) {
            words.push(&child.what);
        }
    }
    let all = words.join(" ");
    if all.chars().count() <= MOST {
        return all;
    }
    let cut: String = all.chars().take(MOST - 1).collect();
    format!("{}…", cut.trim_end())
}
