//! Keeps the brackets of a source and tells which of them has no partner.
//!
//! Where a bracket is missing or one too many is often a guess; lines and their indents make it a good one.

use std::ops::Range;

use crate::error::{Fault, MAX_BRACKETS, SyntaxErrorKind};
use crate::lex::{Kind, Lexeme};

/// An open bracket.
struct Open {
    bracket: char,
    at: usize,
    /// Whether it is a brace around lines, inside of nothing but such.
    body: bool,
    line: LineStart,
    /// The first line inside it that is indented no further, and so should stand behind the closing bracket.
    outdented: Option<Range<usize>>,
}

/// The first byte of a line that is no white space, and how many columns stand before it.
#[derive(Clone, Copy, Default)]
pub(crate) struct LineStart {
    pub at: usize,
    pub indent: usize,
}

/// The brackets of the definition that is being read.
#[derive(Default)]
pub(crate) struct Brackets {
    pub faults: Vec<Fault>,
    open: Vec<Open>,
    line: LineStart,
    /// In how many brackets an `if` or `else` stands that awaits its brace.
    arm: Option<usize>,
    /// A brace that was closed by what is indented less: if one is never closed, it is this one.
    late: Option<Open>,
    /// A closing brace behind something else or indented more than its partner: if one is too many, it is this one.
    early: Option<Range<usize>>,
    /// Whether a line stood outside of all brackets that does not begin a definition.
    astray: bool,
    /// Where brackets are no longer counted, until the next definition.
    too_deep: Option<usize>,
}

impl Brackets {
    /// In how many bodies of a definition the next lexeme stands, if it stands in nothing else.
    pub fn bodies(&self) -> Option<usize> {
        let depth = self.open.len();
        let known = self.too_deep.is_none() && !(self.astray && depth > 0);
        (known && self.open.last().is_none_or(|top| top.body)).then_some(depth)
    }

    /// Whether a line of this indent may stand outside of all brackets.
    pub fn may_end(&self, indent: usize) -> bool {
        self.open
            .first()
            .is_none_or(|open| indent <= open.line.indent)
    }

    /// A new line, and what it begins with, if that is not a definition.
    pub fn line(&mut self, line: LineStart, first: &Lexeme) {
        self.line = line;
        if matches!(first.kind, Kind::Close(_)) {
            return;
        }
        self.astray |= self.open.is_empty() && !first.is_comment();
        let outdents = |open: &&mut Open| open.line.indent >= line.indent;
        for open in self.open.iter_mut().rev().take_while(outdents) {
            open.outdented.get_or_insert(first.start..first.end());
        }
    }

    pub fn take(&mut self, lexeme: &Lexeme) {
        match lexeme.kind {
            _ if self.too_deep.is_some() => {}
            Kind::Open(bracket) => self.open(bracket, lexeme.start),
            Kind::Close(bracket) => self.close(bracket, lexeme),
            Kind::Word if matches!(lexeme.text, "if" | "else") => self.arm = Some(self.open.len()),
            // The expressions in a text are read like any other, and are as deep as they are.
            Kind::Text if self.open.len() + depth_of(lexeme.text) > MAX_BRACKETS => {
                let place = lexeme.start..lexeme.end();
                self.faults
                    .push(Fault::new(SyntaxErrorKind::NestedTooDeeply, place));
            }
            Kind::OpenText => self.pass_over(lexeme),
            _ => {}
        }
    }

    fn open(&mut self, bracket: char, at: usize) {
        if self.open.len() == MAX_BRACKETS {
            self.too_deep = Some(at);
            self.faults
                .push(Fault::new(SyntaxErrorKind::NestedTooDeeply, at..at + 1));
            return;
        }
        let arm = self
            .arm
            .take_if(|depth| bracket == '{' && *depth == self.open.len());
        self.open.push(Open {
            bracket,
            at,
            body: bracket == '{' && arm.is_none() && self.open.last().is_none_or(|top| top.body),
            line: self.line,
            outdented: None,
        });
    }

    fn close(&mut self, bracket: char, lexeme: &Lexeme) {
        let place = lexeme.start..lexeme.end();
        let fits = |open: &Open| closing(open.bracket) == bracket;
        let partner = self.open.iter().rposition(fits);
        let inside = partner.map_or(0, |partner| self.open.len() - partner - 1);
        let Some(open) = partner.and_then(|partner| self.open.get(partner)) else {
            self.stray(bracket, place);
            return;
        };
        // A closing brace stands on the line of its partner or on one of its own.
        let odd = bracket == '}' && !lexeme.first_on_line && open.line.at != self.line.at;
        if odd && inside > 0 {
            self.faults
                .push(Fault::new(SyntaxErrorKind::UnopenedBracket, place));
            return;
        }
        // The innermost of the open brackets is told, and nothing of the others up to the partner.
        for number in 0..inside {
            match self.open.pop() {
                Some(open) if number == 0 => self.unclosed(open, place.clone(), place.start),
                _ => {}
            }
        }
        let Some(mut open) = self.open.pop().filter(|_| bracket == '}') else {
            return;
        };
        if odd || lexeme.first_on_line && self.line.indent > open.line.indent {
            self.early.get_or_insert(place.clone());
        }
        if lexeme.first_on_line && self.line.indent < open.line.indent {
            open.outdented.get_or_insert(place);
        }
        if open.outdented.is_some() {
            self.late.get_or_insert(open);
        }
    }

    /// A closing bracket that has no partner.
    fn stray(&mut self, bracket: char, place: Range<usize>) {
        let body = bracket == '}' && self.open.is_empty();
        match self.early.take().filter(|_| body) {
            Some(early) => self.faults.push(Fault {
                range: early.start..place.end,
                related: Some(place),
                ..Fault::new(SyntaxErrorKind::UnopenedBracket, early)
            }),
            // The first of the lines astray is told, and this is their end.
            None if body && self.astray => {}
            None => self
                .faults
                .push(Fault::new(SyntaxErrorKind::UnopenedBracket, place)),
        }
    }

    /// A text without an end takes a line with it, whose brackets count if they close or open something outside.
    fn pass_over(&mut self, text: &Lexeme) {
        let mut inside = 0usize;
        for c in text.text.chars() {
            match c {
                '(' | '[' | '{' => inside += 1,
                ')' | ']' | '}' if inside > 0 => inside -= 1,
                ')' | ']' | '}' => drop(self.open.pop_if(|open| closing(open.bracket) == c)),
                _ => {}
            }
        }
        let end = text.text.trim_end();
        if inside > 0 && end.ends_with('{') {
            self.open('{', text.start + end.len() - 1);
        }
    }

    /// Ends the current definition before what stands at `next`, on `line`.
    pub fn end_item(&mut self, next: Range<usize>, line: LineStart) {
        let end = next.start;
        if let Some(from) = self.too_deep {
            let cut = self
                .faults
                .iter_mut()
                .rfind(|fault| fault.range.start == from);
            cut.into_iter().for_each(|fault| fault.range.end = end);
        } else if let Some(innermost) = self.open.pop() {
            let late = self.late.take().filter(|_| innermost.bracket == '{');
            self.unclosed(late.unwrap_or(innermost), next, end);
        }
        *self = Self {
            faults: std::mem::take(&mut self.faults),
            line,
            ..Self::default()
        };
    }

    /// `open` should have been closed before what stands at `stop`; nothing up to byte `end` is worth reading.
    fn unclosed(&mut self, open: Open, stop: Range<usize>, end: usize) {
        let place = open.at..open.at + 1;
        self.faults.push(Fault {
            range: open.at..end,
            related: Some(open.outdented.unwrap_or(stop)),
            ..Fault::new(SyntaxErrorKind::UnclosedBracket, place)
        });
    }
}

/// The bracket that closes `open`.
pub(crate) fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// How many brackets are open at once in `text`.
fn depth_of(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for c in text.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
