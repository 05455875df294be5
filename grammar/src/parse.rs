//! Text to syntax tree: looks through the text, applies the grammar, and after an error goes on with the next line.

use std::ops::Range;

use pest::Parser;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::Pair;

use crate::ast::{Expr, File, Line, Span};
use crate::error::{Fault, MAX_ERRORS, MAX_SOURCE_BYTES, SyntaxError, SyntaxErrorKind, show};
use crate::grammar::{Grammar, Rule};
use crate::scan::{Scan, scan};
use crate::stop::Stop;
use crate::tree::Builder;
use crate::version1;
use crate::words;

type Errors = Vec<SyntaxError>;

/// Reads a whole source file; every span is offset by `base`.
///
/// A byte order mark is skipped.
///
/// # Errors
/// Independent syntax errors in source order, at most `MAX_ERRORS`: at most one misplaced token a line, and one error
/// alone where the source is of version 1 of the language.
pub fn parse(text: &str, base: u32) -> Result<File, Errors> {
    let source = Source { text, base };
    source.check_size()?;
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let parsed = source.file(&scan(text, start), start);
    let may_be_old = match &parsed {
        Ok(file) => file.language.is_some_and(|(version, _)| version == 1),
        Err(_) => true,
    };
    let place = may_be_old.then(|| version1::told_by(text, start));
    match place.flatten() {
        Some(place) => Err(vec![version1::error(
            source.span(place.clone()),
            text.get(place),
        )]),
        None => parsed,
    }
}

/// Reads one expression; every span is offset by `base`.
///
/// # Errors
/// As `parse`.
pub fn parse_expr(text: &str, base: u32) -> Result<Expr, Errors> {
    Source { text, base }.fragment(Rule::lone_expr, Builder::lone_expr)
}

/// Reads one change, `path = value`, `without path` or `add path = value`; every span is offset by `base`.
///
/// # Errors
/// As `parse`.
pub fn parse_change(text: &str, base: u32) -> Result<Line, Errors> {
    let mut change = Source { text, base }.fragment(Rule::lone_change, Builder::lone_change);
    for error in change.as_mut().err().into_iter().flatten() {
        let forms = "a change is `path = value`, `without path` or `add path = value`";
        error.help.get_or_insert_with(|| forms.to_owned());
    }
    change
}

/// A source text and where its bytes stand among all sources.
#[derive(Clone, Copy)]
struct Source<'a> {
    text: &'a str,
    base: u32,
}

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

    fn check_size(self) -> Result<(), Errors> {
        if self.text.len() <= MAX_SOURCE_BYTES {
            return Ok(());
        }
        let size = format!("{} bytes", self.text.len());
        let kind = SyntaxErrorKind::SourceTooLarge;
        Err(vec![SyntaxError::new(kind, self.span(0..0), size)])
    }

    /// One rule over a part of the text; of an error, where it is and which rules could go on there.
    fn apply(self, rule: Rule, range: Range<usize>) -> Result<Pair<'a, Rule>, (usize, Vec<Rule>)> {
        let part = self.text.get(range.clone()).unwrap_or_default();
        let error = match Grammar::parse(rule, part).map(|mut pairs| pairs.next()) {
            Ok(Some(pair)) => return Ok(pair),
            Ok(None) => return Err((range.end, vec![])),
            Err(error) => error,
        };
        let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
        let rules = match error.variant {
            ErrorVariant::ParsingError { positives, .. } => positives,
            ErrorVariant::CustomError { .. } => vec![],
        };
        let rules = rules.into_iter().map(|rule| match rule {
            Rule::next_item => Rule::item,
            Rule::rest_of_body => Rule::line,
            Rule::lone_change => Rule::set,
            Rule::lone_expr => Rule::expr,
            rule => rule,
        });
        Err((range.start + at, rules.collect()))
    }

    /// The tree of a pair that begins at byte `start` of the text, unless there is something wrong with it.
    fn build<T>(
        self,
        start: usize,
        pair: Pair<'a, Rule>,
        read: impl FnOnce(&mut Builder, Pair<'a, Rule>) -> Option<T>,
        errors: &mut Errors,
    ) -> Option<T> {
        let span = pair.as_span();
        let mut builder = Builder::new(self.span(start..start).start);
        let tree = read(&mut builder, pair);
        if tree.is_none() && builder.errors.is_empty() {
            let range = start + span.start()..start + span.end();
            let found = show(self.text.get(range.clone()).unwrap_or_default());
            errors.push(SyntaxError::new(
                SyntaxErrorKind::Internal,
                self.span(range),
                found,
            ));
        }
        errors.append(&mut builder.errors);
        tree
    }

    fn fragment<T>(
        self,
        rule: Rule,
        read: impl FnOnce(&mut Builder, Pair<'a, Rule>) -> Option<T>,
    ) -> Result<T, Errors> {
        self.check_size()?;
        let mut errors = self.told(&scan(self.text, 0).faults);
        if errors.is_empty() {
            match self.apply(rule, 0..self.text.len()) {
                Ok(pair) => {
                    let tree = self.build(0, pair, read, &mut errors);
                    if let Some(tree) = tree.filter(|_| errors.is_empty()) {
                        return Ok(tree);
                    }
                }
                Err((at, rules)) => {
                    let stop = Stop::at(self.text, at, rules, "the end");
                    errors.push(self.unexpected(&stop));
                }
            }
        }
        Err(self.in_order(errors))
    }

    /// A file, one definition after another; after a misplaced token reading goes on with the next line.
    fn file(self, scan: &Scan, start: usize) -> Result<File, Errors> {
        let mut file = File::default();
        let mut errors = self.told(&scan.faults);
        let mut faults = scan.faults.iter().peekable();
        let mut items = scan.items.iter().copied().peekable();
        let mut starts = scan.starts.iter().peekable();
        let (mut at, mut depth, mut rule) = (start, 0, Rule::head);
        while (at < self.text.len() || rule == Rule::head) && errors.len() < MAX_ERRORS {
            // What reads a definition sees neither the next one nor what the scan found fault with.
            while faults.next_if(|fault| fault.range.end <= at).is_some() {}
            while items.next_if(|item| *item <= at).is_some() {}
            let item = items.peek().copied().unwrap_or(self.text.len());
            let fault = faults.peek().filter(|fault| fault.range.start < item);
            let end = fault.map_or(item, |fault| fault.range.start.max(at));
            match self.apply(rule, at..end) {
                Ok(pair) => {
                    let length = pair.as_span().end();
                    match rule {
                        Rule::head => {
                            file = self
                                .build(at, pair, Builder::head, &mut errors)
                                .unwrap_or_default()
                        }
                        Rule::next_item => {
                            file.items
                                .extend(self.build(at, pair, Builder::next_item, &mut errors))
                        }
                        _ => depth -= 1,
                    }
                    at += length;
                }
                Err((place, rules)) => {
                    let stop = Stop::at(self.text, place, rules, "the end of the file");
                    let after = match fault {
                        Some(fault) if stop.range.start >= end => fault.range.end,
                        _ => {
                            errors.push(self.unexpected(&stop));
                            item.min(stop.range.start + 1)
                        }
                    };
                    while starts.next_if(|start| start.at < after).is_some() {}
                    let Some(start) = starts.peek() else { break };
                    (at, depth) = (start.at, start.depth);
                }
            }
            rule = if depth == 0 {
                Rule::next_item
            } else {
                Rule::rest_of_body
            };
        }
        if errors.is_empty() {
            Ok(file)
        } else {
            Err(self.in_order(errors))
        }
    }

    fn told(self, faults: &[Fault]) -> Errors {
        let errors = faults.iter().take(MAX_ERRORS);
        errors
            .map(|fault| words::fault(self.text, fault, |range| self.span(range)))
            .collect()
    }

    /// The first error of each line, in order.
    fn in_order(self, mut errors: Errors) -> Errors {
        errors.sort_by_key(|error| error.span);
        let at = |error: &SyntaxError| error.span.start.saturating_sub(self.base) as usize;
        errors.dedup_by(|next, kept| {
            let between = self.text.get(at(kept)..at(next)).unwrap_or_default();
            !between.contains(['\n', '\r'])
        });
        errors.truncate(MAX_ERRORS);
        errors
    }

    fn unexpected(self, stop: &Stop) -> SyntaxError {
        let kind = SyntaxErrorKind::Unexpected;
        let mut error = SyntaxError::new(kind, self.span(stop.range.clone()), stop.found());
        error.expected = stop.expected();
        if let Some(help) = stop.help() {
            error.help = Some(help.text.into_owned());
            error.instead = help.instead;
        }
        error
    }
}
