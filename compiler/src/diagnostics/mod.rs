//! What the compiler has to say: code, message, labelled spans, help. Rendering is in `render`, long texts in `code`.

mod code;
mod fix;
mod kind;
mod nearest;
mod render;

pub use code::{Code, Severity};
pub use fix::Fix;
pub(crate) use kind::{Kind, OutOfRange, ProgramKind, SettingKind, ShapeKind};
pub(crate) use nearest::{each_of, nearest, one_of, quoted};
pub use render::{Style, json, render};

use termc_grammar::ast::Span;

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// What is wrong; lower case, no final stop.
    pub message: String,
    /// The main place.
    pub span: Span,
    /// What the main place is said to be.
    pub label: String,
    /// Further places.
    pub related: Vec<(Span, String)>,
    /// How it came about.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// The change that the help describes, if a program can make it.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding at a place.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            span,
            label: String::new(),
            related: vec![],
            notes: vec![],
            help: None,
            fix: None,
        }
    }

    /// A finding of a kind at a place.
    pub(crate) fn of(kind: impl Into<Kind>, span: Span) -> Self {
        let kind = kind.into();
        Self {
            code: kind.code(),
            message: kind.message(),
            span,
            label: kind.label(),
            related: vec![],
            notes: vec![],
            help: kind.help(),
            fix: fix::fix(&kind),
        }
    }

    /// Adds how it came about: the calls it went through, the instance it happened in.
    pub(crate) fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what the main place is.
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Adds a further place.
    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push((span, text.into()));
        self
    }

    /// Says what to do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Whether it stops compilation.
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }
}
