//! Where what is refused is told: at the value that is wrong, in the user's own text, with the calls it went through.

use termc_grammar::ast::Span;

use super::Elaborator;
use crate::diagnostics::{Diagnostic, Kind, ProgramKind};
use crate::language::limits::{DEEPEST, MAX_NODES, MOST_FOUND};
use crate::language::{PlaceKind, Places};
use crate::prelude::is_prelude;

impl Elaborator<'_> {
    /// Reports something at a place of a text, once for all instances of it.
    pub(super) fn report(&mut self, kind: Kind, span: Span) {
        self.report_with(kind, span, None);
    }

    pub(super) fn report_with(&mut self, kind: Kind, span: Span, related: Option<(Span, String)>) {
        let mut diagnostic = match is_prelude(span) {
            true => self.in_users_text(kind, span),
            false => Diagnostic::of(kind, span),
        };
        if let Some((span, text)) = related {
            diagnostic = diagnostic.related(span, text);
        }
        self.add(diagnostic);
    }

    /// Reports what stands a second time, with the place where it stands first.
    pub(super) fn report_again(&mut self, kind: ProgramKind, span: Span, first: Span) {
        self.report_with(kind.into(), span, Some((first, "first here".into())));
    }

    /// The first of the parts that may stand once, and where it stands; the others are reported.
    pub(super) fn only<T>(
        &mut self,
        part: &str,
        mut all: impl Iterator<Item = (Span, T)>,
    ) -> Option<(Span, T)> {
        let (first, value) = all.next()?;
        for (span, _) in all {
            let part = part.to_owned();
            self.report_again(ProgramKind::PartTwice { part }, span, first);
        }
        Some((first, value))
    }

    /// Reports something that a value is blamed for: at the places it was written, or at the call if it was not.
    pub(super) fn refuse(&mut self, kind: Kind, places: &Places, call: Span) {
        let written: Vec<_> = places.iter().filter(|p| !is_prelude(p.span)).collect();
        let Some((first, others)) = written.split_first() else {
            let diagnostic = self.in_users_text(kind, call);
            self.add(diagnostic);
            return;
        };
        let mut diagnostic = Diagnostic::of(kind, first.span);
        for place in others {
            let text = match place.kind {
                PlaceKind::Literal => "and from this",
                PlaceKind::Shape => "and from the shape of this",
            };
            diagnostic = diagnostic.related(place.span, text);
        }
        let at = self.users_call(call);
        let inside = written.iter().any(|p| at.holds(p.span));
        if !inside {
            diagnostic = diagnostic.related(at, "used here");
        }
        let diagnostic = self.trailed(diagnostic, call);
        self.add(diagnostic);
    }

    /// The same for a value of a wrong type: it is wrong where it stands, unless it came from elsewhere. One that is used in
    /// many places is told at the first.
    pub(super) fn refuse_at(&mut self, kind: Kind, places: &Places, span: Span) {
        let inside = places.iter().any(|p| span.holds(p.span));
        if is_prelude(span) && !inside && !places.is_empty() {
            return self.refuse(kind, places, span);
        }
        let written = places.literals().find(|place| !is_prelude(*place));
        match written.filter(|_| !inside) {
            None => self.report(kind, span),
            Some(written) if self.refused.insert(written) => {
                self.report_with(kind, span, Some((written, "written here".into())));
            }
            Some(_) => {}
        }
    }

    /// Told at the innermost call that stands in the user's text.
    fn in_users_text(&self, kind: Kind, span: Span) -> Diagnostic {
        let diagnostic = Diagnostic::of(kind, self.users_call(span));
        self.trailed(diagnostic, span)
    }

    /// The innermost of the calls that led here that stands in the user's text.
    fn users_call(&self, span: Span) -> Span {
        let calls = self.calls.iter().rev().map(|call| call.span);
        let all = std::iter::once(span).chain(calls);
        all.into_iter()
            .find(|span| !is_prelude(*span))
            .unwrap_or(span)
    }

    /// Adds which blocks it went through, and in which instance it happened.
    fn trailed(&self, mut diagnostic: Diagnostic, span: Span) -> Diagnostic {
        let through = self.calls.iter().rev().take_while(|_| is_prelude(span));
        let mut names = vec![];
        for call in through {
            names.push(format!("`{}`", call.name));
            if !is_prelude(call.span) {
                break;
            }
        }
        if !names.is_empty() {
            diagnostic = diagnostic.note(format!("through {}", names.join(" in ")));
        }
        if let Some(outer) = self
            .calls
            .iter()
            .rev()
            .find(|call| !call.path.is_empty() && call.user)
        {
            diagnostic = diagnostic.note(format!("in `{}`", outer.path));
        }
        diagnostic
    }

    /// Adds a finding unless the same kind was reported at the same place (another instance of a block).
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        if self.found.len() >= MOST_FOUND {
            return;
        }
        if self.seen.insert((diagnostic.code, diagnostic.span)) {
            self.found.push(diagnostic);
            self.aborted |= self.found.len() == MOST_FOUND;
        }
    }

    /// One level of nesting deeper; false if that is too deep.
    pub(super) fn enter(&mut self, span: Span) -> bool {
        if self.aborted {
            return false;
        }
        if self.depth >= DEEPEST {
            self.aborted = true;
            let most = DEEPEST;
            self.refuse(
                ProgramKind::TooDeep { most }.into(),
                &Places::default(),
                span,
            );
            return false;
        }
        self.depth += 1;
        true
    }

    /// One level up.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Stops, with one report, when the graph grew over its limits.
    pub(super) fn check_limits(&mut self, span: Span) {
        if self.draft.exceeded && !self.aborted {
            self.aborted = true;
            let most = MAX_NODES;
            self.refuse(
                ProgramKind::TooManyNodes { most }.into(),
                &Places::default(),
                span,
            );
        }
    }
}
