//! Bindings: `name = value` and `name[i] = value`, what changes set in their place, and the bindings that changes add.

use termc_grammar::ast::{Expr, Span};

use super::Elaborator;
use super::eval::reported;
use super::scope::{Entry, EntryKind, Scope};
use crate::diagnostics::ProgramKind;
use crate::language::{Places, Traced, Value};
use crate::model::{Binding, NodeId};
use crate::overrides::Action;

impl<'a> Elaborator<'a> {
    /// `name = value`, `name[i] = value`.
    pub(super) fn binding(&mut self, scope: &mut Scope<'a>, target: &'a Expr, value: &'a Expr) {
        let Some((name, index)) = target.as_element() else {
            self.report(ProgramKind::NoBindingName {}.into(), target.span);
            return;
        };
        let index = match index {
            None => None,
            Some(index) => match self.integer(scope, index, "an index") {
                Some(index) => Some(index),
                None => return,
            },
        };
        if !scope.names.contains_key(name) {
            scope.begun.push(name);
        }
        if !self.may_bind(scope, name, index, target.span) {
            // Which elements the list was to have is not known.
            let is_list = |entry: &Entry| {
                matches!(entry.value.value, Value::List(_)) && entry.kind == EntryKind::Binding
            };
            if index.is_some() && scope.names.get(name).is_none_or(is_list) {
                forget(scope, name, target.span);
            }
            return;
        }
        let value = self.bound_value(scope, name, index, value);
        self.enter_name(scope, name, index, value, target.span);
        self.additions_after(scope, name, index);
    }

    /// Whether a name, or the next element of a list, may be bound here; what forbids it is reported.
    fn may_bind(&mut self, scope: &Scope<'a>, name: &str, index: Option<i64>, span: Span) -> bool {
        let Some(entry) = scope.names.get(name) else {
            if let Some(index) = index.filter(|i| *i != 0) {
                let kind = ProgramKind::NotNext {
                    name: name.to_owned(),
                    index,
                    next: 0,
                    repeated: scope.iteration.is_some(),
                };
                self.report(kind.into(), span);
                return false;
            }
            return true;
        };
        match (&entry.value.value, index) {
            (_, None) if entry.kind == EntryKind::Start => true,
            (Value::Unknown, _) if entry.kind != EntryKind::Parameter => true,
            (Value::List(items), Some(index)) if entry.kind == EntryKind::Binding => {
                let next = items.len() as i64;
                if index != next {
                    let kind = ProgramKind::NotNext {
                        name: name.to_owned(),
                        index,
                        next,
                        repeated: scope.iteration.is_some(),
                    };
                    self.report(kind.into(), span);
                }
                index == next
            }
            _ => {
                let kind = ProgramKind::DefinedTwice {
                    name: name.to_owned(),
                };
                self.report_again(kind, span, entry.span);
                false
            }
        }
    }

    /// The value of a binding, or what a change sets in its place.
    pub(super) fn bound_value(
        &mut self,
        scope: &mut Scope<'a>,
        name: &'a str,
        index: Option<i64>,
        value: &'a Expr,
    ) -> Traced {
        let at = self.changes.step(&scope.positions, name, index);
        let (value, file) = match self.changes.set(&at) {
            Some((changed, _)) => (changed, self.main),
            None => (value, scope.file),
        };
        let own = std::mem::replace(&mut scope.file, file);
        let first = self.draft.nodes.len();
        scope.folder = self.addresses(scope, value, Some((name, index)));
        let made = self.eval(scope, value, None);
        scope.folder = Default::default();
        scope.file = own;
        if !self.only_looked_at && matches!(made.value, Value::Tensor(_) | Value::List(_)) {
            let named = !self.in_prelude(scope);
            let path = scope.path_of(std::iter::once((name, index)));
            self.name_nodes(&made.value, first, path, named);
        }
        made
    }

    /// Gives nodes made since `first` the path of the name they are bound to.
    fn name_nodes(&mut self, value: &Value, first: usize, path: String, named: bool) {
        let mut name = |id: NodeId, path: String| {
            if id.index() >= first {
                self.draft.rename(id, path);
                if named {
                    self.draft.name(id);
                }
            }
        };
        match value {
            Value::Tensor(id) => name(*id, path),
            Value::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    if let Value::Tensor(id) = item.value {
                        name(id, format!("{path}[{i}]"));
                    }
                }
            }
            _ => {}
        }
    }

    /// Binds a name, or the next element of a list.
    pub(super) fn enter_name(
        &mut self,
        scope: &mut Scope<'a>,
        name: &'a str,
        index: Option<i64>,
        value: Traced,
        span: Span,
    ) {
        let iteration = scope.iteration;
        let mut record = |index: Option<i64>, node: NodeId| {
            let bindings = &mut self.draft.instance(scope.instance).bindings;
            bindings.push(Binding {
                name: name.to_owned(),
                index: index.and_then(|i| usize::try_from(i).ok()),
                node,
                iteration,
            });
        };
        match &value.value {
            Value::Tensor(id) => record(index, *id),
            Value::List(items) if index.is_none() => {
                for (i, item) in items.iter().enumerate() {
                    if let Value::Tensor(id) = item.value {
                        record(Some(i as i64), id);
                    }
                }
            }
            _ => {}
        }
        let kind = EntryKind::Binding;
        match index {
            None => {
                scope.names.insert(name, Entry { value, span, kind });
            }
            Some(_) => {
                let list = Traced {
                    value: Value::List(vec![]),
                    places: Places::default(),
                };
                let entry = scope.names.entry(name).or_insert(Entry {
                    value: list,
                    span,
                    kind,
                });
                if let Value::List(items) = &mut entry.value.value {
                    items.push(value);
                }
            }
        }
    }

    /// Bindings that changes add after (or before, which comes to the same for what is read) this one.
    pub(super) fn additions_after(
        &mut self,
        scope: &mut Scope<'a>,
        name: &'a str,
        index: Option<i64>,
    ) {
        self.add_where(scope, |place| {
            place.is_some_and(|p| p.step.name.text == name && p.step.index.map(|(i, _)| i) == index)
        });
    }

    /// Bindings that changes add at the end.
    pub(super) fn additions_at_end(&mut self, scope: &mut Scope<'a>) {
        self.add_where(scope, |place| place.is_none());
    }

    fn add_where(
        &mut self,
        scope: &mut Scope<'a>,
        here: impl Fn(Option<&termc_grammar::ast::Place>) -> bool,
    ) {
        if scope.positions.is_empty() {
            return;
        }
        let additions: Vec<_> = self
            .changes
            .additions(&scope.positions)
            .map(|c| (c.path, c.action))
            .collect();
        for (path, action) in additions {
            let (Action::Add(value, place), Some(step)) = (action, path.steps.last()) else {
                continue;
            };
            if !here(place) || scope.names.contains_key(step.name.text.as_str()) {
                continue;
            }
            self.mark_used(path);
            self.added(scope, &step.name.text, value, step.name.span);
        }
    }

    /// Binds what a change adds.
    pub(super) fn added(
        &mut self,
        scope: &mut Scope<'a>,
        name: &'a str,
        value: &'a Expr,
        span: Span,
    ) {
        let folder = std::mem::take(&mut scope.folder);
        let own = std::mem::replace(&mut scope.file, self.main);
        let made = self.bound_value(scope, name, None, value);
        self.enter_name(scope, name, None, made, span);
        scope.file = own;
        scope.folder = folder;
    }
}

/// Binds a name to something that is not known, because what was wrong with it was told.
pub(super) fn forget<'a>(scope: &mut Scope<'a>, name: &'a str, span: Span) {
    scope.begun.push(name);
    let kind = EntryKind::Binding;
    scope.names.insert(
        name,
        Entry {
            value: reported(),
            span,
            kind,
        },
    );
}
