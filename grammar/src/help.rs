//! Advice for syntax errors that people make often; what is wrong is said elsewhere.

use crate::lex::{Kind, Lexeme};
use crate::parse::{GrammarRule as Rule, is_keyword};

/// What to do where `found` stands after `before` and one of `rules` should.
pub(crate) fn help(rules: &[Rule], found: &Lexeme, before: &str) -> Option<String> {
    let expects = |rule: Rule| rules.contains(&rule);
    let values = [
        Rule::expr,
        Rule::arg,
        Rule::branch,
        Rule::concat,
        Rule::number,
        Rule::reference,
    ];
    let operand = values.into_iter().any(expects);
    let in_brackets = expects(Rule::close_paren) || expects(Rule::close_bracket);
    let touching =
        found.start == before.trim_end().len() && before.ends_with(|c: char| !c.is_whitespace());
    let text = match (found.kind, found.text) {
        (Kind::Doc, _) => {
            "doc comments stand before definitions, bindings, members and branches; begin others with `//`"
        }
        (Kind::FileDoc, _) => "`//!` comments describe the file and stand at its top",
        (Kind::Symbol, "=") if in_brackets => "an argument is named with `:`, as in `lr: 0.001`",
        (Kind::Symbol, "=" | ":") if operand && !expects(Rule::infix) => {
            "a setting is its name, then its value, as in `epochs 100`"
        }
        (Kind::Symbol, ":") if expects(Rule::equals) || expects(Rule::close_brace) => {
            "a value is given with `=`; `:` names arguments, branches and types"
        }
        (Kind::Symbol, "." | "..") if operand || before.ends_with(|c: char| c.is_ascii_digit()) => {
            "a number has digits on both sides of its point"
        }
        (Kind::Symbol, ".") if touching => {
            "`.` joins the parts of a path in a variant; elsewhere use the name of a binding"
        }
        (Kind::Symbol, "-") if operand => {
            "a minus sign touches a number, or stands between two values; write `0 - x`"
        }
        (Kind::Symbol, "|") => "a value is piped into a call with `|>`",
        (Kind::Word, word)
            if is_keyword(word) && (operand || expects(Rule::name) || expects(Rule::key)) =>
        {
            return Some(format!(
                "`{word}` is a word of the language; choose another name"
            ));
        }
        (Kind::Number, text) if text.contains(|c: char| !c.is_ascii_digit()) => {
            "a name begins with a letter; a number has digits with single `_` between them, a point and an exponent"
        }
        (Kind::Open('('), _) if expects(Rule::equals) => {
            "a model is made of `input`, `output`, `loss` and bindings; give the value a name with `=`"
        }
        (Kind::Open('('), _) if touching => "only a name can be called",
        (Kind::Open('('), _) if !operand => "the `(` of a call touches the name",
        (Kind::Open('['), _) if !operand => "the `[` of an element or an input touches the name",
        (Kind::Word, _) if expects(Rule::close_brace) && expects(Rule::equals) => {
            "the result of a block comes last; what stands before it has a name, as in `y = rgu(x)`"
        }
        _ if expects(Rule::EOI) && (expects(Rule::kw_slow) || expects(Rule::infix)) => {
            "a file is made of `slow`, `block`, `model`, `train` and `variant` definitions"
        }
        _ => return None,
    };
    Some(text.to_owned())
}
