//! The language's own words for what the grammar expects and what the source holds instead.

use crate::lex::{Kind, Lexeme};
use crate::parse::{GrammarRule as Rule, is_keyword};
use crate::scan::show;

/// What a set of rules that were tried asks for, each once, the most telling first.
pub(crate) fn expected(rules: &[Rule], whole_file: bool) -> Vec<String> {
    let mut words: Vec<(u8, &str)> = rules
        .iter()
        .filter_map(|&rule| describe(rule, whole_file))
        .collect();
    words.sort_unstable();
    words.dedup();
    if words
        .iter()
        .any(|&(rank, word)| rank == CONTINUATION || VALUES.contains(&word))
    {
        words.retain(|&(_, word)| word != "`(`" && word != "`[`");
    }
    let telling = words.iter().any(|&(rank, _)| rank < CONTINUATION);
    words.retain(|&(rank, _)| !telling || rank < HIDDEN);
    words.into_iter().map(|(_, word)| word.to_owned()).collect()
}

/// What may begin with a bracket, so that the bracket need not be named beside it; nor beside an operator, where it
/// would be that of a call or an element.
const VALUES: [&str; 3] = ["an expression", "an argument", "a branch"];

/// The rank of what could go on where something else must come.
const CONTINUATION: u8 = 4;

/// The rank of what is not worth saying beside anything else.
const HIDDEN: u8 = 5;

/// Rank and words of one rule; none where another rule at the same place says it.
fn describe(rule: Rule, whole_file: bool) -> Option<(u8, &'static str)> {
    Some(match rule {
        Rule::lone_head | Rule::lone_item => (0, "a definition"),
        Rule::lone_expr => (0, "an expression"),
        Rule::lone_set => (0, "a path"),
        Rule::EOI if whole_file => (3, "a definition"),
        Rule::EOI => (3, "the end"),
        Rule::item
        | Rule::kw_slow
        | Rule::kw_block
        | Rule::kw_model
        | Rule::kw_train
        | Rule::kw_variant => (0, "a definition"),
        Rule::slow_def
        | Rule::block_def
        | Rule::model_def
        | Rule::train_def
        | Rule::variant_def => (0, "a definition"),
        Rule::head | Rule::language | Rule::kw_language => (HIDDEN, "`language`"),
        Rule::file_doc => (HIDDEN, "a `//!` comment"),
        Rule::doc => (HIDDEN, "a doc comment"),
        Rule::name | Rule::word | Rule::input_shape | Rule::output_head => (0, "a name"),
        Rule::path | Rule::set => (0, "a path"),
        Rule::setting | Rule::key => (0, "a setting"),
        Rule::statement | Rule::binding | Rule::kw_kernel => (0, "a binding"),
        Rule::member | Rule::input_def | Rule::output_def | Rule::loss_def => (0, "a member"),
        Rule::kw_input | Rule::kw_output | Rule::kw_loss => (0, "a member"),
        Rule::change | Rule::without | Rule::kw_without => (0, "a change"),
        Rule::expr
        | Rule::reference
        | Rule::grouped
        | Rule::group
        | Rule::listed
        | Rule::concat
        | Rule::kw_concat => (0, "an expression"),
        Rule::arg | Rule::arg_name => (0, "an argument"),
        Rule::branch => (0, "a branch"),
        Rule::param => (0, "a parameter"),
        Rule::number | Rule::element => (0, "an expression"),
        Rule::target => (0, "a call"),
        Rule::list => (1, "`[`"),
        Rule::kw_of => (1, "`of`"),
        Rule::equals => (1, "`=`"),
        Rule::colon => (2, "`:`"),
        Rule::comma => (2, "`,`"),
        Rule::open_brace => (1, "`{`"),
        Rule::close_brace => (2, "`}`"),
        Rule::open_paren | Rule::params => (1, "`(`"),
        Rule::output_size => (1, "`(`"),
        Rule::close_paren => (2, "`)`"),
        Rule::open_bracket => (1, "`[`"),
        Rule::close_bracket => (2, "`]`"),
        Rule::infix | Rule::pipe => (CONTINUATION, "an operator"),
        Rule::dots | Rule::from_start => (CONTINUATION, "`..`"),
        Rule::semicolon | Rule::args | Rule::index => (HIDDEN, "`;`"),
        _ => return None,
    })
}

/// What stands where something else was expected.
pub(crate) fn found(lexeme: Option<&Lexeme>, end: &str) -> String {
    match lexeme {
        None => end.to_owned(),
        Some(lexeme) => match lexeme.kind {
            Kind::Doc => "a doc comment".to_owned(),
            Kind::FileDoc => "a `//!` comment".to_owned(),
            Kind::Word if is_keyword(lexeme.text) => format!("the keyword `{}`", lexeme.text),
            _ => show(lexeme.text),
        },
    }
}
