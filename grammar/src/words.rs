//! The language's own words for what the grammar expects and what the source holds instead.

use std::ops::Range;

use crate::ast::Span;
use crate::brackets::closing;
use crate::error::{Fault, MAX_BRACKETS, SyntaxError, SyntaxErrorKind, show};
use crate::grammar::Rule;
use crate::stop::Stop;

impl Stop<'_> {
    /// What the rules that were tried ask for, each once, the most telling first.
    pub fn expected(&self) -> Vec<String> {
        let operand = self.expects_operand();
        let mut words: Vec<_> = self
            .rules
            .iter()
            .filter_map(|&rule| describe(rule, operand))
            .collect();
        words.sort_unstable();
        words.dedup();
        // What a line or a definition could begin with, or go on after, need not be said beside it.
        if words
            .iter()
            .any(|(_, words)| matches!(*words, "a line" | "a definition"))
        {
            words.retain(|(_, words)| {
                !matches!(*words, "an expression" | "an operator" | "a new line")
            });
        }
        let found = self.found();
        let words = words.into_iter().map(|(_, words)| {
            let touching = if words == found {
                " touching the name"
            } else {
                ""
            };
            format!("{words}{touching}")
        });
        words.collect()
    }
}

/// Rank and words of one rule; none where another rule at the same place says it, which may be one of an operand.
fn describe(rule: Rule, operand: bool) -> Option<(u8, &'static str)> {
    Some(match rule {
        Rule::head | Rule::item => (0, "a definition"),
        Rule::use_def
        | Rule::const_def
        | Rule::block_def
        | Rule::model_def
        | Rule::train_def
        | Rule::variant_def => (0, "a definition"),
        Rule::kw_use
        | Rule::kw_const
        | Rule::kw_block
        | Rule::kw_model
        | Rule::kw_train
        | Rule::kw_variant => (0, "a definition"),
        Rule::line | Rule::input_def | Rule::output_def | Rule::loss_def | Rule::for_loop => {
            (0, "a line")
        }
        Rule::require | Rule::binding => (0, "a line"),
        Rule::kw_input | Rule::kw_output | Rule::kw_loss | Rule::kw_for | Rule::kw_require => {
            (0, "a line")
        }
        Rule::without | Rule::add | Rule::set => (0, "a change"),
        Rule::kw_without | Rule::kw_add if !operand => (0, "a change"),
        Rule::expr | Rule::test | Rule::number => (0, "an expression"),
        Rule::arg => (0, "an argument"),
        Rule::param => (0, "a parameter"),
        Rule::ty => (0, "a type"),
        Rule::path | Rule::step => (0, "a path"),
        Rule::target => (0, "a call"),
        Rule::string => (0, "a text in quotes"),
        Rule::file_name => (0, "the name of a file in quotes"),
        Rule::position => (0, "a whole number"),
        Rule::name | Rule::word | Rule::shape if !operand => (0, "a name"),
        Rule::list if !operand => (1, "`[`"),
        Rule::params => (1, "`(`"),
        Rule::body | Rule::arm => (1, "`{`"),
        Rule::kw_if if !operand => (1, "`if`"),
        Rule::kw_else => (1, "`else`"),
        Rule::kw_of => (1, "`of`"),
        Rule::kw_in => (1, "`in`"),
        Rule::to if !operand => (1, "`..`"),
        Rule::assign => (1, "`=`"),
        Rule::escape => (0, "a character of the text"),
        Rule::comma => (2, "`,`"),
        Rule::close_paren => (3, "`)`"),
        Rule::close_bracket => (3, "`]`"),
        Rule::close_brace => (3, "`}`"),
        Rule::infix | Rule::pipe => (4, "an operator"),
        Rule::sep => (5, "a new line"),
        _ => return None,
    })
}

/// The error that a fault is told as.
pub(crate) fn fault(text: &str, fault: &Fault, span: impl Fn(Range<usize>) -> Span) -> SyntaxError {
    let shown = text.get(fault.place.clone()).unwrap_or_default();
    let mut error = SyntaxError::new(fault.kind, span(fault.place.clone()), show(shown));
    match fault.kind {
        SyntaxErrorKind::UnclosedBracket => {
            let bracket = format!("`{}`", closing(shown.chars().next().unwrap_or('{')));
            error.related = fault.related.clone().map(|place| {
                let label = if place.is_empty() {
                    "the file ends here".to_owned()
                } else {
                    format!("{bracket} should stand before this")
                };
                (span(place), label)
            });
            error.expected.push(bracket);
        }
        SyntaxErrorKind::UnopenedBracket => {
            let label = |place| (span(place), "so that this one closes nothing".to_owned());
            error.related = fault.related.clone().map(label);
        }
        SyntaxErrorKind::NestedTooDeeply => {
            let help = format!(
                "at most {MAX_BRACKETS} brackets may be open at once; bind a part to a name"
            );
            error.help = Some(help);
        }
        SyntaxErrorKind::UnclosedText => {
            error.help = Some(format!(
                "a text ends on its line, with `{}`",
                shown.get(..1).unwrap_or_default()
            ))
        }
        SyntaxErrorKind::ForeignCharacter => error.help = foreign_help(shown).map(str::to_owned),
        _ => {}
    }
    error
}

fn foreign_help(text: &str) -> Option<&'static str> {
    Some(match text.chars().next()? {
        '×' | '·' => "the products are written `*` and `@`",
        '#' => "a comment begins with `//`",
        '^' => "there are no powers; write the product",
        c if c.is_control() => "save the file as plain UTF-8 text without control characters",
        c if c.is_alphabetic() => "names are made of the letters a to z, digits and `_`",
        _ => return None,
    })
}
