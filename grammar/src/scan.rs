//! Looks through a source once for what a grammar cannot tell well: stray characters, texts without an end, brackets
//! without a partner, and where reading can go on after an error.

use std::ops::Range;

use crate::brackets::{Brackets, Line};
use crate::error::SyntaxErrorKind;
use crate::lex::{Kind, Lexeme, is_control, lexemes};

/// What a scan finds.
#[derive(Default)]
pub(crate) struct Scan {
    /// What is wrong, in the order of the places.
    pub faults: Vec<Fault>,
    /// Where definitions begin, with their doc comments.
    pub items: Vec<usize>,
    /// Where a line may begin, of a body or outside of all.
    pub starts: Vec<Start>,
}

/// An error that a scan finds.
pub(crate) struct Fault {
    pub kind: SyntaxErrorKind,
    /// Where it is told.
    pub place: Range<usize>,
    /// What is not worth reading because of it.
    pub range: Range<usize>,
    /// Before what a closing bracket is missing, or the closing bracket that lacks a partner because of one before it.
    pub related: Option<Range<usize>>,
}

impl Fault {
    pub fn new(kind: SyntaxErrorKind, place: Range<usize>) -> Self {
        Self {
            kind,
            range: place.clone(),
            place,
            related: None,
        }
    }
}

/// The first byte of a line, and in how many bodies it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub at: usize,
    pub depth: usize,
}

/// Scans `text` from byte `start` on.
pub(crate) fn scan(text: &str, start: usize) -> Scan {
    let mut scan = Scan::default();
    let mut brackets = Brackets::default();
    let mut ahead = lexemes(text, start);
    let mut before: Option<Lexeme> = None;
    let mut doc: Option<usize> = None;
    while let Some(lexeme) = ahead.next() {
        if lexeme.kind != Kind::Comment {
            let new_line = lexeme.first_on_line || before.is_some_and(|l| l.text == ";");
            let line = Line {
                start: lexeme.start,
                indent: indent(text, lexeme.start),
            };
            let next = || ahead.clone().find(|l| !l.is_comment());
            if lexeme.first_on_line && brackets.may_end(line.indent) && begins_item(&lexeme, next) {
                brackets.end_item(lexeme.start..lexeme.end(), line);
                scan.items.push(doc.unwrap_or(lexeme.start));
                scan.starts.push(Start {
                    at: lexeme.start,
                    depth: 0,
                });
            } else if new_line {
                brackets.line(line, &lexeme);
                let goes_on = before.is_some_and(|before| before.is_open_end()) || goes_on(&lexeme);
                let depth = brackets
                    .bodies()
                    .filter(|depth| *depth > 0 || may_stand_alone(&lexeme, line));
                scan.starts
                    .extend(depth.filter(|_| !goes_on).map(|depth| Start {
                        at: lexeme.start,
                        depth,
                    }));
            }
        }
        brackets.take(&lexeme);
        scan.faults
            .extend(stray(&lexeme).map(|(kind, place)| Fault::new(kind, place)));
        match lexeme.kind {
            Kind::Comment => {}
            Kind::Doc => doc = doc.or(Some(lexeme.start)),
            _ => (before, doc) = (Some(lexeme), None),
        }
    }
    brackets.end_item(text.len()..text.len(), Line::default());
    scan.faults.append(&mut brackets.faults);
    scan.faults.sort_by_key(|fault| fault.range.start);
    scan
}

/// Whether a definition begins here: its keyword, and after it what is no path and no argument.
fn begins_item<'a>(lexeme: &Lexeme, next: impl FnOnce() -> Option<Lexeme<'a>>) -> bool {
    let follows = match lexeme.text {
        "const" | "block" | "model" | "variant" => Kind::Word,
        "use" => Kind::Text,
        "train" => Kind::Open('{'),
        _ => return false,
    };
    next().is_some_and(|next| next.kind == follows)
}

/// Whether `lexeme`, first on its line, goes on with what stands before it.
fn goes_on(lexeme: &Lexeme) -> bool {
    matches!(lexeme.text, "|>" | "else" | ";")
}

/// Whether a line is worth an error of its own outside of all definitions: the rest of one is not.
fn may_stand_alone(lexeme: &Lexeme, line: Line) -> bool {
    line.indent == 0 && !matches!(lexeme.kind, Kind::Close(_))
}

/// Columns of white space before byte `at`.
fn indent(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    before.len() - before.trim_end_matches([' ', '\t']).len()
}

/// What is wrong with a lexeme whatever stands around it.
fn stray(lexeme: &Lexeme) -> Option<(SyntaxErrorKind, Range<usize>)> {
    let all = lexeme.start..lexeme.end();
    match lexeme.kind {
        Kind::OpenText => Some((SyntaxErrorKind::UnclosedText, all)),
        Kind::Foreign => Some((SyntaxErrorKind::ForeignCharacter, all)),
        _ if lexeme.is_comment() => {
            let (at, c) = lexeme.text.char_indices().find(|&(_, c)| is_control(c))?;
            let at = lexeme.start + at;
            Some((SyntaxErrorKind::ForeignCharacter, at..at + c.len_utf8()))
        }
        _ => None,
    }
}
