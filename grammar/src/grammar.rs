//! The parser that `pest` derives from the grammar.

use pest::Parser;

/// Applies rules of `term.pest` to texts.
#[derive(pest_derive::Parser)]
#[grammar = "term.pest"]
pub(crate) struct Grammar;

/// Whether the grammar reserves `word`.
pub(crate) fn is_keyword(word: &str) -> bool {
    Grammar::parse(Rule::keyword, word).is_ok()
}
