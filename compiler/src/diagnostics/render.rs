//! Diagnostics as text through miette, and as JSON for other programs.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    NamedSource, SourceCode, SourceSpan, SpanContents,
};

use super::{Diagnostic, Severity};
use crate::source::{Located, Sources, characters};
use termc_grammar::ast::Span;

/// How text is decorated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colours by ANSI escapes.
    pub color: bool,
    /// Columns to wrap at.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: false,
            width: 100,
        }
    }
}

/// All findings as text, one after the other.
pub fn render(sources: &Sources, diagnostics: &[Diagnostic], style: Style) -> String {
    let theme = if style.color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false);
    let mut out = String::new();
    for diagnostic in diagnostics {
        // Writing to a String cannot fail.
        let _ = handler.render_report(&mut out, &Report::new(sources, diagnostic));
        out.push('\n');
    }
    out
}

/// All findings as a JSON array of objects (`code`, `severity`, `message`, `file`, `line`, `column`, `start`, `end`,
/// `label`, `help`, `related`).
pub fn json(sources: &Sources, diagnostics: &[Diagnostic]) -> serde_json::Value {
    let place = |span: Span, text: &str| {
        let (line, column) = sources.line_column(span);
        let at = sources.locate(span);
        serde_json::json!({
            "file": at.map(|l| l.source.name.as_str()), "line": line, "column": column,
            "start": at.map(|l| l.start), "end": at.map(|l| l.end), "label": text,
        })
    };
    let one = |d: &Diagnostic| {
        let mut object = place(d.span, &d.label);
        if let Some(map) = object.as_object_mut() {
            map.insert("code".into(), d.code.name().into());
            map.insert("severity".into(), d.code.severity().name().into());
            map.insert("message".into(), d.message.clone().into());
            map.insert("help".into(), d.help.clone().into());
            map.insert(
                "related".into(),
                d.related.iter().map(|(s, t)| place(*s, t)).collect(),
            );
        }
        object
    };
    diagnostics.iter().map(one).collect()
}

/// Longer lines are not shown, only named: they are not written by people.
const LONGEST_LINE: usize = 400;

/// Bytes of the longest line that a span touches.
fn longest_line(at: &Located<'_>) -> usize {
    let text = at.source.text.as_str();
    let start = text
        .get(..at.start)
        .and_then(|t| t.rfind('\n'))
        .map_or(0, |i| i + 1);
    let end = text
        .get(at.end..)
        .and_then(|t| t.find('\n'))
        .map_or(text.len(), |i| at.end + i);
    text.get(start..end)
        .unwrap_or("")
        .split('\n')
        .map(str::len)
        .max()
        .unwrap_or(0)
}

/// A text whose columns are counted in characters, as editors do, and not in bytes.
struct Text(NamedSource<String>);

impl SourceCode for Text {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.0.read_span(span, before, after)?;
        let start = read.span().offset();
        let line = start.saturating_sub(read.column());
        let column = self
            .0
            .inner()
            .get(line..start)
            .map_or(read.column(), characters);
        Ok(Box::new(MietteSpanContents::new_named(
            self.0.name().to_owned(),
            read.data(),
            *read.span(),
            read.line(),
            column,
            read.line_count(),
        )))
    }
}

/// A diagnostic with its text attached, as miette wants it.
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    source: Text,
    labels: Vec<LabeledSpan>,
    elsewhere: Option<String>,
}

impl<'a> Report<'a> {
    fn new(sources: &Sources, diagnostic: &'a Diagnostic) -> Self {
        let main = sources.locate(diagnostic.span);
        let name = main.map_or(String::new(), |l| l.source.name.clone());
        let text = main.map_or(String::new(), |l| l.source.text.clone());
        let mut labels = vec![];
        let mut elsewhere = vec![];
        let all = [(diagnostic.span, diagnostic.label.clone(), true)];
        let related = diagnostic
            .related
            .iter()
            .map(|(s, t)| (*s, t.clone(), false));
        for (span, label, primary) in all.into_iter().chain(related) {
            let Some(at) = sources.locate(span) else {
                continue;
            };
            let label = (!label.is_empty()).then_some(label);
            if at.source.name != name || longest_line(&at) > LONGEST_LINE {
                let (line, _) = sources.line_column(span);
                let label = label.map_or(String::new(), |label| format!(": {label}"));
                elsewhere.push(format!("at {}:{line}{label}", at.source.name));
            } else if primary {
                labels.push(LabeledSpan::new_primary_with_span(
                    label,
                    (at.start, at.end - at.start),
                ));
            } else {
                labels.push(LabeledSpan::new_with_span(
                    label,
                    (at.start, at.end - at.start),
                ));
            }
        }
        let elsewhere = (!elsewhere.is_empty()).then(|| elsewhere.join("\n"));
        Self {
            diagnostic,
            source: Text(NamedSource::new(name, text)),
            labels,
            elsewhere,
        }
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.diagnostic)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new(self.diagnostic.code.name()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.code.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        let parts = [self.diagnostic.help.clone(), self.elsewhere.clone()];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
        (!text.is_empty()).then(|| Box::new(text) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.labels.is_empty()).then_some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
