//! The comments and empty lines of a source, handed out in order as the printer passes them.

use crate::lex::{Kind, lexemes};

/// What a source holds beside its tree.
#[derive(Default)]
pub(crate) struct Trivia {
    /// In source order, each with the byte it stands at.
    rest: std::vec::IntoIter<(u32, Trivium)>,
    /// Where the first `//!` line stands.
    pub file_doc: Option<u32>,
    /// Whether there is a source at all.
    pub present: bool,
}

/// A comment or an empty line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trivium {
    /// A comment after something else on its line.
    Trailing(String),
    /// A comment on a line of its own.
    Own(String),
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
        let mut rest = Vec::new();
        let mut file_doc = None;
        for lexeme in lexemes(text, if text.starts_with('\u{feff}') { 3 } else { 0 }) {
            let at = u32::try_from(lexeme.start).unwrap_or(u32::MAX);
            if lexeme.after_blank {
                rest.push((at.saturating_sub(1), Trivium::Blank));
            }
            let comment = || lexeme.text.trim_end().to_owned();
            match lexeme.kind {
                Kind::Comment if lexeme.first_on_line => rest.push((at, Trivium::Own(comment()))),
                Kind::Comment => rest.push((at, Trivium::Trailing(comment()))),
                Kind::FileDoc => file_doc = file_doc.or(Some(at)),
                _ => {}
            }
        }
        Self {
            rest: rest.into_iter(),
            file_doc,
            present: true,
        }
    }

    /// What stands before byte `end` and has not been handed out.
    pub fn before(&mut self, end: u32) -> Leading {
        let mut leading = Leading::default();
        while let Some((_, trivium)) = self.rest.as_slice().first().filter(|(at, _)| *at < end) {
            match trivium {
                Trivium::Trailing(comment) if leading.own.is_empty() => {
                    leading.trailing.push(comment.clone())
                }
                Trivium::Trailing(comment) => leading.own.push(Trivium::Own(comment.clone())),
                Trivium::Blank if leading.own.last() == Some(&Trivium::Blank) => {}
                trivium => leading.own.push(trivium.clone()),
            }
            self.rest.next();
        }
        leading
    }
}
