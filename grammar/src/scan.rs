//! Looks through a source once for what a grammar cannot tell well: stray characters, texts without an end, brackets
//! without a partner, and where reading can go on after an error.

use std::ops::Range;

use crate::brackets::{Brackets, LineStart};
use crate::error::{Fault, MAX_ERRORS, SyntaxErrorKind};
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

/// The first byte of a line, and in how many bodies it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub at: usize,
    pub depth: usize,
}

/// Far more faults than are ever told: what has so many is no program.
const MOST_FAULTS: usize = 100 * MAX_ERRORS;

/// Scans `text` from byte `start` on.
pub(crate) fn scan(text: &str, start: usize) -> Scan {
    let mut scan = Scan::default();
    let mut brackets = Brackets::default();
    let mut ahead = lexemes(text, start);
    let mut before: Option<Lexeme> = None;
    let mut doc: Option<usize> = None;
    while let Some(lexeme) = ahead.next() {
        if lexeme.kind != Kind::Comment {
            let at = lexeme.start;
            let line = LineStart {
                at,
                indent: indent(text, at),
            };
            let next = || ahead.clone().find(|l| !l.is_comment());
            let item =
                lexeme.first_on_line && brackets.may_end(line.indent) && begins_item(&lexeme, next);
            if item {
                brackets.end_item(at..lexeme.end(), line);
                scan.items.push(doc.unwrap_or(at));
            } else if lexeme.first_on_line {
                brackets.line(line, &lexeme);
            }
            let new_line = lexeme.first_on_line || before.is_some_and(|l| l.text == ";");
            let goes_on = before.is_some_and(|l| l.is_open_end())
                || matches!(lexeme.text, "|>" | "else" | ";");
            // Outside of all definitions a line further in is the rest of one, and worth no error of its own.
            let alone = line.indent == 0 && !matches!(lexeme.kind, Kind::Close(_));
            if let Some(depth) = brackets.bodies()
                && (item || new_line && !goes_on && (depth > 0 || alone))
            {
                scan.starts.push(Start { at, depth });
            }
        }
        if scan.faults.len() + brackets.faults.len() > MOST_FAULTS {
            break;
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
    brackets.end_item(text.len()..text.len(), LineStart::default());
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
