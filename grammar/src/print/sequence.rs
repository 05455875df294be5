//! Elements between brackets with commas: on one line, or one a line with a comma after the last.

use super::Printer;
use super::layout::{Doc, text};
use super::trivia::{Leading, Trivium};
use crate::ast::{Expr, Span};

/// The closing bracket of what ends at the end of `span`.
pub(super) fn last_byte(span: Span) -> u32 {
    span.end.saturating_sub(1)
}

#[derive(Default)]
pub(super) struct Sequence {
    docs: Vec<Doc>,
}

impl Sequence {
    pub(super) fn element(&mut self, leading: Leading, doc: Doc) {
        let first = self.docs.is_empty();
        if !first {
            self.docs.push(text(","));
        }
        broken(
            leading,
            if first { Doc::Soft } else { Doc::Line },
            &mut self.docs,
        );
        self.docs.push(doc);
    }

    pub(super) fn close(mut self, open: &str, leading: Leading, close: &str) -> Doc {
        if self.docs.is_empty() && !leading.has_comments() {
            return text(format!("{open}{close}"));
        }
        if !self.docs.is_empty() {
            self.docs.push(Doc::IfBroken(","));
        }
        self.docs
            .extend(leading.trailing.into_iter().map(Doc::Suffix));
        for trivium in leading.own {
            if let Trivium::Comment(comment) = trivium {
                self.docs.extend([Doc::Hard, text(comment)]);
            }
        }
        Doc::Group(vec![
            text(open),
            Doc::Nest(self.docs),
            Doc::Soft,
            text(close),
        ])
    }
}

impl Printer {
    /// `open a, name=b close`; the closing bracket stands at byte `end`.
    pub(super) fn sequence<'e>(
        &mut self,
        open: &str,
        elements: impl Iterator<Item = (Option<&'e str>, &'e Expr)>,
        close: &str,
        end: u32,
    ) -> Doc {
        let mut sequence = Sequence::default();
        for (name, value) in elements {
            let leading = self.trivia.before(value.span.start);
            let value = self.expr(value);
            let doc = match name {
                Some(name) => Doc::Concat(vec![text(format!("{name}=")), value]),
                None => value,
            };
            sequence.element(leading, doc);
        }
        sequence.close(open, self.trivia.before(end), close)
    }

    /// A place where a line may be broken before what stands at byte `start`, with the comments that stand there.
    pub(super) fn interrupt(&mut self, start: u32, docs: &mut Vec<Doc>) {
        broken(self.trivia.before(start), Doc::Line, docs);
    }

    /// The comments between what stands before and byte `end`, below it.
    pub(super) fn comments_below(&mut self, end: u32, docs: &mut Vec<Doc>) {
        let leading = self.trivia.before(end);
        docs.extend(leading.trailing.into_iter().map(Doc::Suffix));
        for trivium in leading.own {
            if let Trivium::Comment(comment) = trivium {
                docs.extend([Doc::Hard, text(comment)]);
            }
        }
    }
}

/// A break with comments: those of the line before it, it, and those on lines of their own.
fn broken(leading: Leading, line: Doc, docs: &mut Vec<Doc>) {
    docs.extend(leading.trailing.into_iter().map(Doc::Suffix));
    docs.push(line);
    for trivium in leading.own {
        if let Trivium::Comment(comment) = trivium {
            docs.extend([text(comment), Doc::Hard]);
        }
    }
}
