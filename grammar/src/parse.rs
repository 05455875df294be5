//! Text to syntax tree: checks the text, applies the grammar, and after an error goes on with the next definition.

use std::ops::Range;

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;

use crate::ast::{Change, Expr, File, Span};
use crate::error::{MAX_ERRORS, MAX_SOURCE_BYTES, SyntaxError, SyntaxErrorKind};
use crate::help::help;
use crate::lex::{Kind, lexemes};
use crate::scan::{Chunk, scan, show};
use crate::tree::Builder;
use crate::words::{expected, found};

/// The parser that `pest` derives from the grammar.
#[derive(pest_derive::Parser)]
#[grammar = "term.pest"]
struct Grammar;

pub(crate) use self::Rule as GrammarRule;

/// Reads a whole source file; every span is offset by `base`.
///
/// A byte order mark is skipped.
///
/// # Errors
/// All independent syntax errors in source order, at most `MAX_ERRORS`: at most one misplaced token per definition.
pub fn parse(text: &str, base: u32) -> Result<File, Vec<SyntaxError>> {
    let source = Source { text, base };
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let chunks = source.check(start)?;
    match source.apply(Rule::file, start..text.len()) {
        Ok(pair) => source
            .build(start, pair, Builder::file)
            .map_err(|whole| source.each(&chunks, whole)),
        Err(whole) => Err(source.each(&chunks, vec![whole])),
    }
}

/// Reads one expression; every span is offset by `base`.
///
/// # Errors
/// As `parse`.
pub fn parse_expr(text: &str, base: u32) -> Result<Expr, Vec<SyntaxError>> {
    Source { text, base }.fragment(Rule::lone_expr, Builder::lone_expr)
}

/// Reads one `path = expr`, as a `Change::Set`; every span is offset by `base`.
///
/// # Errors
/// As `parse`.
pub fn parse_change(text: &str, base: u32) -> Result<Change, Vec<SyntaxError>> {
    Source { text, base }.fragment(Rule::lone_set, Builder::lone_set)
}

/// A source text and where its bytes stand among all sources.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    base: u32,
}

type Errors = Vec<SyntaxError>;

impl<'a> Source<'a> {
    fn span(self, range: Range<usize>) -> Span {
        let at = |byte: usize| {
            self.base
                .saturating_add(u32::try_from(byte).unwrap_or(u32::MAX))
        };
        Span {
            start: at(range.start),
            end: at(range.end),
        }
    }

    /// The parts of the text, if it may be parsed as a whole.
    fn check(self, start: usize) -> Result<Vec<Chunk>, Errors> {
        if self.text.len() > MAX_SOURCE_BYTES {
            let size = format!("{} bytes", self.text.len());
            return Err(vec![SyntaxError::new(
                SyntaxErrorKind::SourceTooLarge,
                self.span(0..0),
                size,
            )]);
        }
        let scan = scan(self.text, start, |range| self.span(range));
        if scan.errors.is_empty() {
            return Ok(scan.chunks);
        }
        let mut errors = scan.errors;
        errors.extend(self.parts(&scan.chunks));
        Err(in_order(errors))
    }

    /// One rule over a part of the text.
    fn apply(self, rule: Rule, range: Range<usize>) -> Result<Pair<'a, Rule>, SyntaxError> {
        let part = self.text.get(range.clone()).unwrap_or_default();
        match Grammar::parse(rule, part) {
            Ok(mut pairs) => pairs.next().ok_or_else(|| self.internal(range)),
            Err(error) => {
                let at = match error.location {
                    InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
                };
                let rules = match &error.variant {
                    ErrorVariant::ParsingError { positives, .. } => positives.as_slice(),
                    ErrorVariant::CustomError { .. } => &[],
                };
                Err(self.unexpected(rule, rules, range.start + at, range.end))
            }
        }
    }

    /// The tree of a pair that begins at byte `start` of the text.
    fn build<T>(
        self,
        start: usize,
        pair: Pair<'a, Rule>,
        read: impl FnOnce(&mut Builder, Pair<'a, Rule>) -> Option<T>,
    ) -> Result<T, Errors> {
        let span = pair.as_span();
        let mut builder = Builder::new(self.span(start..start).start);
        match read(&mut builder, pair) {
            Some(tree) if builder.errors.is_empty() => Ok(tree),
            _ if builder.errors.is_empty() => Err(vec![
                self.internal(start + span.start()..start + span.end()),
            ]),
            _ => Err(in_order(builder.errors)),
        }
    }

    /// The errors of every chunk, or those of the whole should no chunk have one.
    fn each(self, chunks: &[Chunk], whole: Errors) -> Errors {
        let errors = self.parts(chunks);
        if errors.is_empty() {
            whole
        } else {
            in_order(errors)
        }
    }

    /// The errors of every chunk that the scan found sound.
    fn parts(self, chunks: &[Chunk]) -> Errors {
        let mut errors = Vec::new();
        for (number, chunk) in chunks.iter().enumerate().filter(|(_, chunk)| !chunk.broken) {
            let start = chunk.range.start;
            let result = if number == 0 {
                let pair = self
                    .apply(Rule::lone_head, chunk.range.clone())
                    .map_err(|e| vec![e]);
                pair.and_then(|pair| self.build(start, pair, Builder::file).map(|_| ()))
            } else {
                let pair = self
                    .apply(Rule::lone_item, chunk.range.clone())
                    .map_err(|e| vec![e]);
                pair.and_then(|pair| self.build(start, pair, Builder::lone_item).map(|_| ()))
            };
            errors.extend(result.err().into_iter().flatten());
            if errors.len() >= MAX_ERRORS {
                break;
            }
        }
        errors
    }

    fn fragment<T>(
        self,
        rule: Rule,
        read: impl FnOnce(&mut Builder, Pair<'a, Rule>) -> Option<T>,
    ) -> Result<T, Errors> {
        self.check_fragment()?;
        let pair = self.apply(rule, 0..self.text.len()).map_err(|e| vec![e])?;
        self.build(0, pair, read)
    }

    /// A fragment holds no definitions, so there is nothing to go on with after an error.
    fn check_fragment(self) -> Result<(), Errors> {
        if self.text.len() > MAX_SOURCE_BYTES {
            return self.check(0).map(|_| ());
        }
        let errors = scan(self.text, 0, |range| self.span(range)).errors;
        if errors.is_empty() {
            Ok(())
        } else {
            Err(in_order(errors))
        }
    }

    fn unexpected(self, rule: Rule, rules: &[Rule], at: usize, end: usize) -> SyntaxError {
        let is_plain = |kind: Kind| kind != Kind::Comment;
        let lexeme = lexemes(self.text, at).find(|l| is_plain(l.kind));
        let range = lexeme.map_or(self.text.len()..self.text.len(), |l| l.start..l.end());
        let before = self.text.get(..at).unwrap_or_default();
        let whole_file = matches!(rule, Rule::file | Rule::lone_head | Rule::lone_item);
        let last = if whole_file {
            "the end of the file"
        } else {
            "the end"
        };
        let mut error = SyntaxError::new(
            SyntaxErrorKind::Unexpected,
            self.span(range),
            found(lexeme.as_ref(), last),
        )
        .with_expected(expected(rules, whole_file));
        if let Some(bracket) = error
            .expected
            .iter_mut()
            .find(|words| **words == error.found)
        {
            *bracket = format!("{bracket} touching the name");
        }
        let inside = lexeme.filter(|l| l.start < end);
        error.help = inside.and_then(|l| help(rules, &l, before));
        error
    }

    fn internal(self, range: Range<usize>) -> SyntaxError {
        let text = self.text.get(range.clone()).unwrap_or_default();
        SyntaxError::new(SyntaxErrorKind::Internal, self.span(range), show(text))
    }
}

/// Whether the grammar reserves `word`.
pub(crate) fn is_keyword(word: &str) -> bool {
    Grammar::parse(Rule::keyword, word).is_ok()
}

fn in_order(mut errors: Errors) -> Errors {
    errors.sort_by_key(|error| error.span);
    errors.truncate(MAX_ERRORS);
    errors
}
