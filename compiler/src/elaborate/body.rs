//! The lines of a block: bindings, loops, requirements, and the result.

use std::borrow::Cow;

use termc_grammar::ast::{Callable, Expr, Line, LineKind, Message, Piece};

use super::Elaborator;
use super::binding::forget;
use super::eval::reported;
use super::mentions::bound_names;
use super::scope::{Entry, EntryKind, Scope};
use crate::diagnostics::ProgramKind;
use crate::language::limits::MOST_ROUNDS;
use crate::language::{Places, Traced, Ty, Value};
use crate::model::Iteration;

impl<'a> Elaborator<'a> {
    /// What a block yields. `number` is its definition.
    pub(super) fn body(
        &mut self,
        scope: &mut Scope<'a>,
        block: &'a Callable,
        number: usize,
    ) -> Traced {
        scope.lines = &block.body;
        let mut result = None;
        for line in &block.body {
            if self.aborted {
                return reported();
            }
            if let Some((span, _)) = result {
                self.report_with(
                    ProgramKind::AfterResult {}.into(),
                    line.span,
                    Some((span, "the result".into())),
                );
                return reported();
            }
            match &line.kind {
                LineKind::Yield(expr) => {
                    self.additions_at_end(scope);
                    let value = self.result(scope, expr);
                    result = Some((expr.span, value));
                }
                LineKind::For { .. } | LineKind::Bind { .. } | LineKind::Require { .. } => {
                    if !self.statement(scope, line) {
                        return reported();
                    }
                }
                _ => self.report(
                    ProgramKind::WrongLine { place: "a block" }.into(),
                    line.span,
                ),
            }
        }
        self.offer_names(scope);
        match result {
            Some((_, value)) => value,
            None => {
                let block = self.program.get(number).name;
                self.report(
                    ProgramKind::NoResult {
                        block: block.text.clone(),
                    }
                    .into(),
                    block.span,
                );
                reported()
            }
        }
    }

    /// The tensor a block yields.
    fn result(&mut self, scope: &mut Scope<'a>, expr: &'a Expr) -> Traced {
        scope.folder = self.addresses(scope, expr, None);
        self.tag_clashes(scope, expr);
        let value = self.eval_as(scope, expr, &Ty::Tensor, "what a block yields");
        scope.folder = Default::default();
        value
    }

    /// A call of the result and a name of the block must not have one path.
    fn tag_clashes(&mut self, scope: &Scope<'a>, expr: &Expr) {
        let tags = scope
            .folder
            .addresses
            .iter()
            .filter_map(|(_, address)| address.call);
        let clash = tags.filter_map(|(tag, _)| {
            let entry = scope.names.get(tag)?;
            (!matches!(entry.value.value, Value::Block(_) | Value::Unknown))
                .then_some((tag, entry.span))
        });
        let clash = clash
            .min_by_key(|(_, span)| *span)
            .map(|(tag, span)| (tag.to_owned(), span));
        if let Some((name, span)) = clash {
            let related = Some((expr.span, "and a call of the result".to_owned()));
            self.report_with(ProgramKind::Clash { name }.into(), span, related);
        }
    }

    /// A line that is no result; false if a requirement is not met, and nothing after it has a meaning.
    pub(super) fn statement(&mut self, scope: &mut Scope<'a>, line: &'a Line) -> bool {
        match &line.kind {
            LineKind::Bind { target, value } => self.binding(scope, target, value),
            LineKind::For {
                var,
                start,
                end,
                body,
            } => {
                let rounds = self.rounds(scope, start, end);
                self.repeat(scope, var, rounds, body);
            }
            LineKind::Require { condition, message } => {
                if !self.require(scope, condition, message) {
                    return false;
                }
            }
            _ => crate::bug::bug!("no statement at {:?}", line.span),
        }
        true
    }

    fn rounds(
        &mut self,
        scope: &Scope<'a>,
        start: &'a Expr,
        end: &'a Expr,
    ) -> Option<std::ops::Range<i64>> {
        let from = self.integer(scope, start, "the first number of a loop");
        let to = self.eval_as(scope, end, &Ty::Int, "the end of a loop");
        let (Some(from), Value::Int(to_value)) = (from, &to.value) else {
            return None;
        };
        if to_value
            .checked_sub(from)
            .is_none_or(|rounds| rounds > MOST_ROUNDS)
        {
            let kind = ProgramKind::TooManyRounds { most: MOST_ROUNDS };
            self.refuse(kind.into(), &to.places, end.span);
            return None;
        }
        Some(from..*to_value)
    }

    fn repeat(
        &mut self,
        scope: &mut Scope<'a>,
        var: &'a termc_grammar::ast::Name,
        rounds: Option<std::ops::Range<i64>>,
        body: &'a [Line],
    ) {
        if let Some(entry) = scope.names.get(var.text.as_str()) {
            let kind = ProgramKind::DefinedTwice {
                name: var.text.clone(),
            };
            self.report_again(kind, var.span, entry.span);
            body.iter()
                .flat_map(bound_names)
                .for_each(|(name, span)| forget(scope, name, span));
            return;
        }
        let instance = self.draft.instance(scope.instance);
        let number = instance.loops.len();
        let known = rounds.is_some();
        let rounds = rounds.unwrap_or(0..0);
        instance
            .loops
            .push((rounds.end - rounds.start).max(0) as usize);
        for (round, value) in rounds.enumerate() {
            if self.aborted {
                return;
            }
            let value = Traced {
                value: Value::Int(value),
                places: Places::default(),
            };
            scope.iteration = Some(Iteration { number, round });
            scope.names.insert(
                var.text.as_str(),
                Entry {
                    value,
                    span: var.span,
                    kind: EntryKind::Loop,
                },
            );
            for line in body {
                self.repeated_line(scope, line);
            }
        }
        scope.iteration = None;
        scope.names.remove(var.text.as_str());
        for (name, span) in body.iter().flat_map(bound_names) {
            scope.begun.push(name);
            if !known {
                forget(scope, name, span);
                continue;
            }
            let value = Traced {
                value: Value::List(vec![]),
                places: Places::default(),
            };
            let entry = Entry {
                value,
                span,
                kind: EntryKind::Binding,
            };
            scope.names.entry(name).or_insert(entry);
        }
    }

    fn repeated_line(&mut self, scope: &mut Scope<'a>, line: &'a Line) {
        match &line.kind {
            LineKind::Bind { target, value } => match target.as_element() {
                Some((_, Some(_))) => self.binding(scope, target, value),
                found => {
                    self.report(ProgramKind::BindingOfLoop {}.into(), target.span);
                    if let Some((name, _)) = found {
                        forget(scope, name, target.span);
                    }
                }
            },
            LineKind::Require { condition, message } => {
                self.require(scope, condition, message);
            }
            _ => self.report(ProgramKind::WrongLine { place: "a loop" }.into(), line.span),
        }
    }

    /// Whether a requirement is met, as far as it is known.
    fn require(&mut self, scope: &Scope<'a>, condition: &'a Expr, message: &'a Message) -> bool {
        let value = self.eval(scope, condition, Some(&Ty::Bool));
        let Some((false, places)) = self.truth(value, condition.span) else {
            return true;
        };
        let mut text = String::new();
        for piece in &message.pieces {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Hole(expr) => {
                    let value = self.eval(scope, expr, None);
                    match self.known_value(&value.value) {
                        Some(value) => text.push_str(&value.to_string()),
                        // What is wrong with it was told.
                        None if super::draft::unknown(&value.value) => return true,
                        None => text.push_str(&self.described(&value.value)),
                    }
                }
            }
        }
        // What the condition itself writes is not to blame for what it is held against.
        let places = places.outside(condition.span);
        self.refuse(
            ProgramKind::Required { message: text }.into(),
            &places,
            condition.span,
        );
        false
    }

    /// Remembers what a block's names are, for paths that lead nowhere in it.
    pub(super) fn offer_names(&mut self, scope: &Scope<'a>) {
        let names = scope.names.iter().flat_map(|(name, entry)| {
            let elements = match (&entry.value.value, entry.kind) {
                (Value::List(items), EntryKind::Binding) => items.len(),
                _ => 0,
            };
            let elements = (0..elements).map(move |index| Cow::Owned(format!("{name}[{index}]")));
            std::iter::once(Cow::Borrowed(*name)).chain(elements)
        });
        self.offer(&scope.positions, names);
    }
}
