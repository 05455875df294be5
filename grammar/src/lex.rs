//! Cuts a source into words, brackets, comments and stray characters in one pass; it knows no syntax.
//!
//! The grammar is `term.pest`; this is what must be known before it can be applied (bracket depth, where definitions
//! begin) and beside it (comments, how to name what was found).

use crate::ast::BinaryOp;

/// What a lexeme is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `// text`
    Comment,
    /// `/// text`
    Doc,
    /// `//! text`
    FileDoc,
    /// A name or a keyword.
    Word,
    /// A number, well-formed or not: `64`, `5e-5`, `3x`.
    Number,
    /// `(`, `[` or `{`.
    Open(char),
    /// `)`, `]` or `}`.
    Close(char),
    /// `"text"` or `'text'` on one line.
    Text,
    /// From a quote to the end of a line without another.
    OpenText,
    /// Characters that are in no program outside comments and texts.
    Foreign,
    /// Any other punctuation.
    Symbol,
}

/// A piece of the source.
#[derive(Clone, Copy, Debug)]
pub struct Lexeme<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: &'a str,
    /// Its first byte.
    pub start: usize,
    /// Whether nothing but white space stands before it on its line.
    pub first_on_line: bool,
    /// Whether an empty line stands directly before it.
    pub after_blank: bool,
}

impl Lexeme<'_> {
    /// One past its last byte.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether what begins with it goes on on the next line.
    pub fn is_open_end(&self) -> bool {
        let is_operator = || BinaryOp::ALL.iter().any(|op| op.symbol() == self.text);
        matches!(self.text, "," | "=" | "|>" | "not") || is_operator()
    }

    /// Whether it is a comment of any kind.
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::Comment | Kind::Doc | Kind::FileDoc)
    }
}

/// The lexemes of `text` from byte `start` on, without the white space between them.
pub fn lexemes(text: &str, start: usize) -> Lexer<'_> {
    Lexer {
        text,
        at: start,
        line_ends: 1,
    }
}

/// The iterator behind [`lexemes`].
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Line ends seen since the last lexeme; the start of the source counts as one.
    line_ends: usize,
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Lexeme<'a>;

    fn next(&mut self) -> Option<Lexeme<'a>> {
        let rest = self.text.get(self.at..)?;
        let spaces = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let (blank, rest) = rest.split_at_checked(spaces)?;
        self.line_ends += count_line_ends(blank);
        self.at += spaces;
        let (kind, len) = classify(rest)?;
        let lexeme = Lexeme {
            kind,
            text: rest.get(..len)?,
            start: self.at,
            first_on_line: self.line_ends > 0,
            after_blank: self.line_ends > 1,
        };
        self.at += len;
        self.line_ends = 0;
        Some(lexeme)
    }
}

/// Line ends in white space, where `\r\n` is one.
fn count_line_ends(blank: &str) -> usize {
    let lone = |(i, c): (usize, char)| {
        c == '\n' || (c == '\r' && !blank.get(i + 1..).is_some_and(|r| r.starts_with('\n')))
    };
    blank.char_indices().filter(|&at| lone(at)).count()
}

/// Punctuation of two characters, some of it of other languages.
const PAIRS: [&str; 8] = ["|>", "..", "==", "!=", "<=", ">=", "&&", "||"];

/// Punctuation of one character.
const SINGLES: &str = "=:,;.+-*/%@|<>!&";

/// Kind and length in bytes of the lexeme `rest` begins with.
fn classify(rest: &str) -> Option<(Kind, usize)> {
    let first = rest.chars().next()?;
    let single = first.len_utf8();
    Some(match first {
        '/' if rest.starts_with("//") => {
            let kind = match rest.get(2..).map(str::as_bytes) {
                Some([b'!', ..]) => Kind::FileDoc,
                Some([b'/', b'/', ..]) => Kind::Comment,
                Some([b'/', ..]) => Kind::Doc,
                _ => Kind::Comment,
            };
            (kind, rest.find(['\n', '\r']).unwrap_or(rest.len()))
        }
        'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, run(rest, is_tail)),
        '0'..='9' => (Kind::Number, number_len(rest)),
        '(' | '[' | '{' => (Kind::Open(first), 1),
        ')' | ']' | '}' => (Kind::Close(first), 1),
        '"' | '\'' => quoted(rest, first),
        _ if PAIRS.iter().any(|pair| rest.starts_with(pair)) => (Kind::Symbol, 2),
        _ if SINGLES.contains(first) => (Kind::Symbol, 1),
        _ => (Kind::Foreign, run(rest, is_foreign).max(single)),
    })
}

/// Length of the prefix whose characters are all in `class`.
fn run(rest: &str, class: fn(char) -> bool) -> usize {
    rest.find(|c| !class(c)).unwrap_or(rest.len())
}

fn is_tail(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Control characters other than the white space of the language.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

fn is_foreign(c: char) -> bool {
    is_control(c) || !(c.is_ascii() || c.is_whitespace())
}

/// Digits and what touches them, with a fraction and a signed exponent where they have one.
fn number_len(rest: &str) -> usize {
    let mut len = run(rest, is_tail);
    let from = |at: usize| rest.get(at..).unwrap_or_default();
    let digit_at = |at: usize| from(at).starts_with(|c: char| c.is_ascii_digit());
    if from(len).starts_with('.') && digit_at(len + 1) {
        len += 1 + run(from(len + 1), is_tail);
    }
    let exponent = rest.get(..len).is_some_and(|t| t.ends_with(['e', 'E']));
    if exponent && from(len).starts_with(['-', '+']) && digit_at(len + 1) {
        len += 1 + run(from(len + 1), is_tail);
    }
    len
}

/// A text that begins with `quote`; a backslash takes the next character with it.
fn quoted(rest: &str, quote: char) -> (Kind, usize) {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '\n' | '\r' => return (Kind::OpenText, at),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return (Kind::Text, at + 1),
            _ => {}
        }
    }
    (Kind::OpenText, rest.len())
}
