//! The comments and empty lines of a source, handed out in order as the printer passes them.

use std::collections::VecDeque;

use crate::lex::{Kind, lexemes};

/// What a source holds beside its tree.
#[derive(Default)]
pub(crate) struct Trivia {
    /// In source order, each with the byte it stands at and whether something else stands before it on its line.
    rest: VecDeque<(u32, bool, Trivium)>,
    /// Where each `else` stands.
    elses: Vec<u32>,
    /// Where the first `//!` line stands.
    pub file_doc: Option<u32>,
    /// Whether there is a source at all.
    pub present: bool,
}

/// A comment or an empty line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trivium {
    /// A comment.
    Comment(String),
    /// One or more empty lines.
    Blank,
}

/// What stands before a place.
#[derive(Default)]
pub(crate) struct Leading {
    /// Comments on the line of what precedes the place.
    pub trailing: Vec<String>,
    /// Comments on lines of their own and empty lines, never two of those together.
    pub own: Vec<Trivium>,
}

impl Leading {
    /// Whether it holds a comment.
    pub fn has_comments(&self) -> bool {
        !self.trailing.is_empty() || self.own.iter().any(|one| *one != Trivium::Blank)
    }
}

impl Trivia {
    /// Those of `text`.
    pub fn of(text: &str) -> Self {
        let mut rest = VecDeque::new();
        let (mut file_doc, mut elses) = (None, vec![]);
        for lexeme in lexemes(text, if text.starts_with('\u{feff}') { 3 } else { 0 }) {
            let at = u32::try_from(lexeme.start).unwrap_or(u32::MAX);
            if lexeme.after_blank {
                rest.push_back((at.saturating_sub(1), false, Trivium::Blank));
            }
            match lexeme.kind {
                Kind::Comment => {
                    let comment = Trivium::Comment(lexeme.text.trim_end().to_owned());
                    rest.push_back((at, !lexeme.first_on_line, comment));
                }
                Kind::Word if lexeme.text == "else" => elses.push(at),
                Kind::FileDoc => file_doc = file_doc.or(Some(at)),
                _ => {}
            }
        }
        Self {
            rest,
            elses,
            file_doc,
            present: true,
        }
    }

    /// Where the first `else` between bytes `start` and `end` stands; `start` itself where there is none, as in the
    /// text of a message.
    pub fn else_between(&self, start: u32, end: u32) -> u32 {
        let next = self.elses.partition_point(|at| *at < start);
        let at = self.elses.get(next).copied().filter(|at| *at < end);
        at.unwrap_or(start)
    }

    /// What stands before byte `end` and has not been handed out.
    pub fn before(&mut self, end: u32) -> Leading {
        let mut leading = Leading::default();
        while let Some((_, trailing, trivium)) = self.rest.pop_front_if(|(at, ..)| *at < end) {
            match trivium {
                Trivium::Comment(comment) if trailing && leading.own.is_empty() => {
                    leading.trailing.push(comment)
                }
                Trivium::Blank if leading.own.last() == Some(&Trivium::Blank) => {}
                trivium => leading.own.push(trivium),
            }
        }
        leading
    }
}
