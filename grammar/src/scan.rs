//! Looks through a source once before it is parsed: characters, quotes, brackets and where definitions begin.

use std::ops::Range;

use crate::ast::Span;
use crate::error::{MAX_BRACKETS, SyntaxError, SyntaxErrorKind};
use crate::lex::{Kind, Lexeme, is_control, lexemes};

/// What a scan finds.
pub(crate) struct Scan {
    /// Errors in source order.
    pub errors: Vec<SyntaxError>,
    /// The head of the file, then each definition with the comments that lead up to it: together the whole source.
    pub chunks: Vec<Chunk>,
}

/// A part of the source that is parsed alone when the whole does not parse.
pub(crate) struct Chunk {
    /// Its bytes.
    pub range: Range<usize>,
    /// Whether the scan found an error in it; parsing it would only repeat that.
    pub broken: bool,
}

/// Scans `text` from byte `start` on.
pub(crate) fn scan(text: &str, start: usize, span: impl Fn(Range<usize>) -> Span) -> Scan {
    let mut scanner = Scanner {
        text,
        span,
        errors: Vec::new(),
        chunks: Vec::new(),
        chunk_start: start,
        broken: false,
        too_deep: false,
        open: Vec::new(),
    };
    let mut docs: Option<usize> = None;
    let mut keyword: Option<ItemStart> = None;
    for lexeme in lexemes(text, start) {
        if lexeme.is_comment() {
            scanner.take_comment(&lexeme);
            if lexeme.kind != Kind::Comment {
                docs = docs.or(Some(lexeme.start));
            }
            continue;
        }
        if let Some(item) = keyword.take().filter(|item| item.begins(&lexeme)) {
            scanner.begin_item(item.start);
        }
        if lexeme.kind == Kind::Word
            && is_item_keyword(lexeme.text)
            && (lexeme.first_on_line || scanner.between_items())
        {
            keyword = Some(ItemStart {
                train: lexeme.text == "train",
                start: docs.unwrap_or(lexeme.start),
            });
        }
        docs = None;
        scanner.take(&lexeme);
    }
    scanner.end_chunk(text.len());
    Scan {
        errors: scanner.errors,
        chunks: scanner.chunks,
    }
}

fn is_item_keyword(word: &str) -> bool {
    matches!(word, "slow" | "block" | "model" | "train" | "variant")
}

/// A keyword that begins a definition if what follows it fits; as a part of a path or an argument's name it does not.
struct ItemStart {
    train: bool,
    start: usize,
}

impl ItemStart {
    fn begins(&self, next: &Lexeme) -> bool {
        match next.kind {
            Kind::Word => !self.train,
            Kind::Open('{') => self.train,
            _ => false,
        }
    }
}

struct Scanner<'a, S> {
    text: &'a str,
    span: S,
    errors: Vec<SyntaxError>,
    chunks: Vec<Chunk>,
    chunk_start: usize,
    broken: bool,
    /// Set where brackets are no longer counted, until the next definition.
    too_deep: bool,
    open: Vec<(char, usize)>,
}

impl<S: Fn(Range<usize>) -> Span> Scanner<'_, S> {
    fn between_items(&self) -> bool {
        self.open.is_empty() && !self.too_deep
    }

    fn begin_item(&mut self, start: usize) {
        self.end_chunk(start);
        self.chunk_start = start;
    }

    fn end_chunk(&mut self, end: usize) {
        if let Some(&(open, at)) = self.open.last()
            && !self.too_deep
        {
            let rest = lexemes(self.text, end).find(|l| !l.is_comment());
            let stop = rest.map_or(self.text.len()..self.text.len(), |l| l.start..l.end());
            let place = match rest {
                Some(_) => format!("{} should stand before this", quote(closing(open))),
                None => "the file ends here".to_owned(),
            };
            self.unclosed(open, at, stop, place);
        }
        self.open.clear();
        self.chunks.push(Chunk {
            range: self.chunk_start..end,
            broken: self.broken,
        });
        self.broken = false;
        self.too_deep = false;
    }

    fn take(&mut self, lexeme: &Lexeme) {
        match lexeme.kind {
            Kind::Open(_) | Kind::Close(_) if self.too_deep => {}
            Kind::Open(bracket) => {
                if self.open.len() == MAX_BRACKETS {
                    self.too_deep = true;
                    let help = format!(
                        "at most {MAX_BRACKETS} brackets may be open at once; bind a part to a name"
                    );
                    self.report(lexeme, SyntaxErrorKind::NestedTooDeeply, |e| {
                        e.with_help(help)
                    });
                } else {
                    self.open.push((bracket, lexeme.start));
                }
            }
            Kind::Close(bracket) => self.close(lexeme, bracket),
            Kind::Text => {
                let help = "write the bare word: names and modes need no quotes";
                self.report(lexeme, SyntaxErrorKind::QuotedText, |e| e.with_help(help));
            }
            Kind::Foreign => {
                let help = foreign_help(lexeme.text);
                self.report(lexeme, SyntaxErrorKind::ForeignCharacter, |e| SyntaxError {
                    help,
                    ..e
                });
            }
            _ => {}
        }
    }

    fn take_comment(&mut self, comment: &Lexeme) {
        let mut characters = comment.text.char_indices();
        if let Some((at, c)) = characters.find(|&(_, c)| is_control(c)) {
            let mut buffer = [0; 4];
            let stray = Lexeme {
                kind: Kind::Foreign,
                text: c.encode_utf8(&mut buffer),
                start: comment.start + at,
                ..*comment
            };
            self.take(&stray);
        }
    }

    fn close(&mut self, lexeme: &Lexeme, bracket: char) {
        let fits = |&(open, _): &(char, usize)| closing(open) == bracket;
        match self.open.iter().rposition(fits) {
            None => self.report(lexeme, SyntaxErrorKind::UnopenedBracket, |e| e),
            Some(at) => {
                if let Some(&(open, start)) = self.open.last().filter(|top| !fits(top)) {
                    let place = format!("{} should stand before this", quote(closing(open)));
                    self.unclosed(open, start, lexeme.start..lexeme.end(), place);
                }
                self.open.truncate(at);
            }
        }
    }

    fn unclosed(&mut self, open: char, at: usize, stop: Range<usize>, place: String) {
        let span = (self.span)(at..at + 1);
        let mut error = SyntaxError::new(SyntaxErrorKind::UnclosedBracket, span, quote(open))
            .with_expected(vec![quote(closing(open))]);
        error.related = Some(((self.span)(stop), place));
        self.errors.push(error);
        self.broken = true;
    }

    fn report(
        &mut self,
        at: &Lexeme,
        kind: SyntaxErrorKind,
        finish: impl FnOnce(SyntaxError) -> SyntaxError,
    ) {
        let span = (self.span)(at.start..at.end());
        self.errors
            .push(finish(SyntaxError::new(kind, span, show(at.text))));
        self.broken = true;
    }
}

fn quote(bracket: char) -> String {
    format!("`{bracket}`")
}

fn closing(open: char) -> char {
    match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

/// A piece of the source in backticks: short, and with what cannot be seen spelled out.
pub(crate) fn show(text: &str) -> String {
    const LONGEST: usize = 40;
    let spell = |c: char| match c {
        '\u{feff}' => vec!['\\', 'u', '{', 'f', 'e', 'f', 'f', '}'],
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

fn foreign_help(text: &str) -> Option<String> {
    let first = text.chars().next()?;
    let help = match first {
        '"' | '\'' => "there are no strings; write the bare word",
        '×' | '·' => "the products are written `*` and `@`",
        '#' => "a comment begins with `//`",
        c if c.is_control() => "save the file as plain UTF-8 text without control characters",
        c if c.is_alphabetic() => "names are made of the letters a to z, digits and `_`",
        _ => return None,
    };
    Some(help.to_owned())
}
