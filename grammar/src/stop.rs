//! The place where the grammar could not go on, and what stands around it; what to say about it is elsewhere.

use std::ops::Range;

use crate::error::show;
use crate::grammar::{Rule, is_keyword};
use crate::lex::{Kind, Lexeme, lexemes};

/// Where something else was expected.
pub(crate) struct Stop<'a> {
    text: &'a str,
    /// The text up to the place, with the white space before the lexeme or without.
    before: &'a str,
    /// What stands there; nothing at the end of the text or of a line that should go on.
    pub lexeme: Option<Lexeme<'a>>,
    /// Its bytes.
    pub range: Range<usize>,
    /// How to call the place where nothing stands.
    end: &'static str,
    /// The rules that were tried there.
    pub rules: Vec<Rule>,
}

impl<'a> Stop<'a> {
    /// The stop at byte `at` of a text whose end is called `end`.
    pub fn at(text: &'a str, at: usize, rules: Vec<Rule>, end: &'static str) -> Self {
        let lexeme = lexemes(text, at).find(|l| l.kind != Kind::Comment);
        let range = lexeme.map_or(text.len()..text.len(), |l| l.start..l.end());
        let mut stop = Self {
            text,
            before: text.get(..at).unwrap_or_default(),
            lexeme,
            range,
            end,
            rules,
        };
        let between = text.get(at..stop.range.start).unwrap_or_default();
        if between.contains(['\n', '\r']) {
            stop.before = stop.before.trim_end();
            stop.lexeme = None;
            stop.range = stop.before.len()..stop.before.len();
            stop.end = "a new line";
        }
        stop
    }

    pub fn expects(&self, rule: Rule) -> bool {
        self.rules.contains(&rule)
    }

    /// Whether an expression may begin here.
    pub fn expects_operand(&self) -> bool {
        [Rule::number, Rule::expr, Rule::test, Rule::arg]
            .into_iter()
            .any(|rule| self.expects(rule))
    }

    /// What stands here, in words.
    pub fn found(&self) -> String {
        let Some(lexeme) = &self.lexeme else {
            return self.end.to_owned();
        };
        match lexeme.kind {
            Kind::Doc => "a doc comment".to_owned(),
            Kind::FileDoc => "a `//!` comment".to_owned(),
            Kind::Word if is_keyword(lexeme.text) => format!("the keyword `{}`", lexeme.text),
            _ => show(lexeme.text),
        }
    }

    /// What follows the lexeme that stands here.
    pub fn next(&self) -> Option<Lexeme<'a>> {
        lexemes(self.text, self.range.end).find(|l| !l.is_comment())
    }

    /// What stands before the place on its line, or after the last `;`.
    pub fn line(&self) -> Vec<Lexeme<'a>> {
        let start = self.before.rfind(['\n', '\r', ';']);
        lexemes(self.before, start.map_or(0, |at| at + 1)).collect()
    }

    /// Whether nothing stands before the place on its line.
    pub fn is_first(&self) -> bool {
        let before = self.text.get(..self.range.start).unwrap_or_default();
        let line_end = before.trim_end_matches([' ', '\t']);
        line_end.ends_with(['\n', '\r'])
    }

    /// Whether the lexeme touches what stands before it.
    pub fn touches(&self) -> bool {
        self.range.start == self.before.len() && !self.before.ends_with([' ', '\t', '\n', '\r'])
    }

    /// The line above, without comments that say nothing.
    pub fn above(&self) -> Vec<Lexeme<'a>> {
        let end = self.before.rfind(['\n', '\r']).unwrap_or_default();
        let above = self.before.get(..end).unwrap_or_default().trim_end();
        let start = above.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let lexemes = lexemes(above, start);
        lexemes.filter(|l| l.kind != Kind::Comment).collect()
    }

    /// Whether the place is inside of `loss { ... }`.
    pub fn in_loss(&self) -> bool {
        let brace = self.before.rfind(['{', '}']);
        let above = brace.and_then(|at| self.before.get(..=at));
        let opened = above.and_then(|above| above.strip_suffix('{'));
        opened.is_some_and(|above| above.trim_end().ends_with("loss"))
    }

    /// What the line above ends with, if this is the first place on a line and goes on with that one.
    pub fn open_end(&self) -> Option<&'a str> {
        let last = self.above().pop().filter(Lexeme::is_open_end)?;
        Some(last.text)
    }
}
