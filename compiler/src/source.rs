//! The texts of one compilation (the file, then every `--set`), laid end to end so that a span is two integers.

use termc_grammar::ast::Span;

use crate::prelude;

/// One text and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// File name, or `--set` for an override from the command line.
    pub name: String,
    /// The text.
    pub text: String,
    /// Offset of its first byte among all texts.
    pub base: u32,
}

/// A line of a text, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file's name; `prelude/gates.term` and so on for the prelude's.
    pub file: &'a str,
    /// One-based.
    pub line: usize,
    /// The line itself, without its end.
    pub text: &'a str,
}

/// All texts of one compilation.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    list: Vec<Source>,
}

/// A span translated to its own text.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The text it lies in.
    pub source: &'a Source,
    /// First byte within that text.
    pub start: usize,
    /// One past the last byte within that text.
    pub end: usize,
}

impl Sources {
    /// Starts with the file that is compiled.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut sources = Self::default();
        sources.add(name, text);
        sources
    }

    /// Adds a text and returns its base offset.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> u32 {
        let base = self.list.last().map_or(0, |s| {
            s.base.saturating_add(s.text.len() as u32).saturating_add(1)
        });
        self.list.push(Source {
            name: name.into(),
            text: text.into(),
            base,
        });
        base
    }

    /// Calls a text by another name.
    pub fn rename(&mut self, from: &str, to: &str) {
        let named = self.list.iter_mut().filter(|source| source.name == from);
        named.for_each(|source| to.clone_into(&mut source.name));
    }

    /// The texts in order.
    pub fn list(&self) -> &[Source] {
        &self.list
    }

    /// The text a span lies in; None only if there are no texts.
    pub fn locate(&self, span: Span) -> Option<Located<'_>> {
        let source = self
            .list
            .iter()
            .rev()
            .find(|s| s.base <= span.start)
            .or(self.list.first())?;
        let clamp = |at: u32| ((at.saturating_sub(source.base)) as usize).min(source.text.len());
        let (start, end) = (clamp(span.start), clamp(span.end));
        Some(Located {
            source,
            start,
            end: end.max(start),
        })
    }

    /// The line that a span starts in, the prelude's lines too; None where a primitive's own default is meant.
    pub fn place(&self, span: Span) -> Option<Place<'_>> {
        let (file, text, start) = match prelude::locate(span) {
            Some(there) => there,
            None if prelude::is_prelude(span) => return None,
            None => {
                let at = self.locate(span)?;
                (at.source.name.as_str(), at.source.text.as_str(), at.start)
            }
        };
        let before = text.get(..start)?;
        let line = before.matches('\n').count();
        Some(Place {
            file,
            line: line + 1,
            text: text.lines().nth(line).unwrap_or_default(),
        })
    }

    /// One-based line and column (in characters) of a span's start.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let Some(at) = self.locate(span) else {
            return (1, 1);
        };
        let before = at.source.text.get(..at.start).unwrap_or("");
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let column = characters(before.get(line_start..).unwrap_or("")) + 1;
        (before.matches('\n').count() + 1, column)
    }
}

/// How many characters a text has for who counts columns: a byte order mark is none.
pub(crate) fn characters(text: &str) -> usize {
    text.chars().filter(|c| *c != '\u{feff}').count()
}
