//! What can be wrong with the text of a `.term` file; what finds it out is elsewhere.

use std::fmt;
use std::ops::Range;

use crate::ast::Span;

/// The largest source in bytes (2 MiB).
pub const MAX_SOURCE_BYTES: usize = 2 << 20;

/// How many brackets may be open at once.
pub const MAX_BRACKETS: usize = 64;

/// The greatest depth of an expression tree: brackets and chained operators together.
pub const MAX_DEPTH: usize = 256;

/// How many errors one parse reports; what follows them is not shown.
pub const MAX_ERRORS: usize = 100;

/// One syntax error: a kind, a place, and what was expected and found there in the language's own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Where.
    pub span: Span,
    /// What could stand there: "an expression", "`}`", "a name". Empty where the kind says it all.
    pub expected: Vec<String>,
    /// What stands there.
    pub found: String,
    /// What to do about it.
    pub help: Option<String>,
    /// What to write in place of what stands there, where that is all there is to do.
    pub instead: Option<&'static str>,
    /// A second place that explains the first, and what it is.
    pub related: Option<(Span, String)>,
}

/// The kinds of syntax errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SyntaxErrorKind {
    /// The source has more than `MAX_SOURCE_BYTES`.
    SourceTooLarge,
    /// A character that is in no program.
    ForeignCharacter,
    /// A text whose second quote is missing.
    UnclosedText,
    /// More than `MAX_BRACKETS` open brackets, or an expression deeper than `MAX_DEPTH`.
    NestedTooDeeply,
    /// A bracket that is never closed, or closed by one of another kind.
    UnclosedBracket,
    /// A closing bracket too many.
    UnopenedBracket,
    /// Something else was expected.
    Unexpected,
    /// A number that no machine number can hold.
    NumberOutOfRange,
    /// The whole source is written in the first version of the language.
    Version1,
    /// The parser built a tree it cannot read: a fault of this program, not of the source.
    Internal,
}

impl SyntaxError {
    /// An error without help, expectations or a second place.
    pub(crate) fn new(kind: SyntaxErrorKind, span: Span, found: String) -> Self {
        Self {
            kind,
            span,
            expected: Vec::new(),
            found,
            help: None,
            instead: None,
            related: None,
        }
    }

    /// The same with help.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with what was expected.
    pub(crate) fn with_expected(mut self, expected: Vec<String>) -> Self {
        self.expected = expected;
        self
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = &self.found;
        match self.kind {
            SyntaxErrorKind::SourceTooLarge => {
                write!(
                    f,
                    "the source has {found}, more than the {MAX_SOURCE_BYTES} allowed"
                )
            }
            SyntaxErrorKind::ForeignCharacter => write!(f, "{found} has no meaning here"),
            SyntaxErrorKind::UnclosedText => write!(f, "{found} has no closing quote"),
            SyntaxErrorKind::NestedTooDeeply => write!(f, "{found} is nested too deeply"),
            SyntaxErrorKind::UnclosedBracket => {
                write!(f, "{found} is never closed, expected {}", self.wanted())
            }
            SyntaxErrorKind::UnopenedBracket => write!(f, "{found} is one too many"),
            SyntaxErrorKind::Unexpected => {
                write!(f, "expected {}, found {found}", self.wanted())
            }
            SyntaxErrorKind::NumberOutOfRange => write!(f, "the number {found} is out of range"),
            SyntaxErrorKind::Version1 => {
                write!(
                    f,
                    "{found} is version 1 of the language, and this compiler reads version 2"
                )
            }
            SyntaxErrorKind::Internal => {
                write!(f, "the parser cannot read its own tree at {found}")
            }
        }
    }
}

impl std::error::Error for SyntaxError {}

/// A list in words: "a", "a or b", "a, b or c" where `before_last` is "or"; empty if there is nothing in it.
pub fn listed<S: AsRef<str>>(words: &[S], before_last: &str) -> String {
    let joined = |words: &[S]| {
        let words: Vec<&str> = words.iter().map(S::as_ref).collect();
        words.join(", ")
    };
    match words {
        [] | [_] => joined(words),
        [init @ .., last] => format!("{} {before_last} {}", joined(init), last.as_ref()),
    }
}

impl SyntaxError {
    fn wanted(&self) -> String {
        match self.expected.is_empty() {
            true => "something else".to_owned(),
            false => listed(&self.expected, "or"),
        }
    }
}

/// A piece of the source in backticks: short, and with what cannot be seen spelled out.
pub(crate) fn show(text: &str) -> String {
    const LONGEST: usize = 40;
    let spell = |c: char| match c {
        '\u{feff}' => c.escape_unicode().collect(),
        c if c.is_control() || (c.is_whitespace() && c != ' ') => c.escape_unicode().collect(),
        c => vec![c],
    };
    let shown: String = text.chars().take(LONGEST).flat_map(spell).collect();
    let more = if text.chars().nth(LONGEST).is_some() {
        "..."
    } else {
        ""
    };
    format!("`{shown}{more}`")
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
