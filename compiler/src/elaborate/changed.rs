//! What changes do to values on their way: arguments inside block values, elements of lists, branches of a call.

use std::rc::Rc;

use termc_grammar::ast::Expr;

use super::Elaborator;
use super::call::Calling;
use super::eval::reported;
use super::index::position;
use super::scope::Scope;
use crate::diagnostics::ProgramKind;
use crate::language::{BlockValue, Places, Traced, Ty, Value};
use crate::overrides::{Action, Position};

impl<'a> Elaborator<'a> {
    /// What changes set inside a block value: `K.net.hidden`.
    pub(super) fn changed_inside(
        &mut self,
        scope: &Scope<'a>,
        value: Traced,
        ty: &Ty,
        at: &[Position],
    ) -> Traced {
        let Value::Block(block) = &value.value else {
            return value;
        };
        if *ty != Ty::Block || at.is_empty() {
            return value;
        }
        let params = self.parameters(block.callee);
        let mut changed: BlockValue = (**block).clone();
        for (name, index) in self.changes.below(at) {
            let Some(param) = params.iter().find(|p| p.name == name && index.is_none()) else {
                continue;
            };
            let below = self.changes.step(at, param.name, None);
            let of = format!("`{}` of `{}`", param.name, self.callee_name(block.callee));
            let before = changed
                .fixed
                .iter()
                .find(|(fixed, _)| *fixed == name)
                .map(|(_, v)| v.clone());
            let new = match self.changes.set(&below) {
                Some((expr, _)) => self.set_value(scope, expr, &param.ty, &of),
                None => match before {
                    Some(before) => self.changed_inside(scope, before, &param.ty, &below),
                    None => continue,
                },
            };
            changed.fixed.retain(|(fixed, _)| *fixed != name);
            changed.fixed.push((name.to_owned(), new));
        }
        let names = params.iter().map(|p| p.name);
        self.offer(at, names);
        Traced {
            value: Value::Block(Rc::new(changed)),
            places: value.places,
        }
    }

    /// What changes set of a list's elements: `expand[2] = 3`.
    pub(super) fn changed_elements(
        &mut self,
        calling: &Calling<'a, '_>,
        value: Traced,
        ty: &Ty,
        callee: &str,
        name: &str,
    ) -> Traced {
        if !matches!(value.value, Value::List(_)) {
            return value;
        }
        let own = self.changes.definition(callee);
        let all: Vec<Position> = calling.positions.iter().copied().chain(own).collect();
        self.elements_changed(calling.scope, value, ty, &all, name)
    }

    /// The same for a name below these places.
    pub(super) fn elements_changed(
        &mut self,
        scope: &Scope<'a>,
        value: Traced,
        ty: &Ty,
        at: &[Position],
        name: &str,
    ) -> Traced {
        let (Value::List(items), Ty::List(of)) = (&value.value, ty) else {
            return value;
        };
        if at.is_empty() {
            return value;
        }
        let mut items = items.clone();
        for (below, index) in self.changes.below(at) {
            let Some(index) = index.filter(|_| below == name) else {
                continue;
            };
            let here = self.changes.step(at, name, Some(index));
            let Some((expr, span)) = self.changes.set(&here) else {
                continue;
            };
            let new = self.set_value(scope, expr, of, format!("`{name}[{index}]`"));
            let count = items.len();
            match position(index, count).and_then(|at| items.get_mut(at)) {
                Some(slot) => *slot = new,
                None => self.report(ProgramKind::Index { index, count }.into(), span),
            }
        }
        Traced {
            value: Value::List(items),
            places: value.places,
        }
    }

    /// The tensors of a call that takes any number of them, with branches that changes take away or add.
    pub(super) fn branches(&mut self, calling: &Calling<'a, '_>, exprs: &[&'a Expr]) -> Traced {
        let mut branches: Vec<(Option<String>, &'a Expr, bool)> = vec![];
        for expr in exprs {
            // What is just a name is called so.
            let name = expr.as_name().map(str::to_owned);
            let at = match &name {
                Some(name) => self.changes.step(&calling.positions, name, None),
                None => vec![],
            };
            if !self.changes.without(&at) {
                branches.push((name, expr, false));
            }
        }
        let additions: Vec<_> = self
            .changes
            .additions(&calling.positions)
            .map(|c| (c.path, c.action))
            .collect();
        let mut scope = std::borrow::Cow::Borrowed(calling.scope);
        for (path, action) in additions {
            let (Action::Add(value, place), Some(step)) = (action, path.steps.last()) else {
                continue;
            };
            let at = match place {
                None => branches.len(),
                Some(place) => {
                    let neighbour = place.step.to_string();
                    match branches
                        .iter()
                        .position(|(name, ..)| name.as_deref() == Some(neighbour.as_str()))
                    {
                        Some(at) => at + usize::from(place.after),
                        None => {
                            let known = branches
                                .iter()
                                .filter_map(|(name, ..)| name.clone())
                                .collect();
                            let kind = ProgramKind::NoNeighbour {
                                name: neighbour,
                                known,
                            };
                            self.report(kind.into(), place.step.name.span);
                            continue;
                        }
                    }
                }
            };
            self.mark_used(path);
            let name = step.name.text.clone();
            let before = branches
                .iter()
                .find(|(other, ..)| other.as_ref() == Some(&name));
            if let Some((_, first, _)) = before {
                let first = first.span;
                self.report_again(ProgramKind::DefinedTwice { name }, step.name.span, first);
                continue;
            }
            self.added(scope.to_mut(), &step.name.text, value, step.name.span);
            branches.insert(at.min(branches.len()), (Some(name), value, true));
        }
        if !calling.positions.is_empty() {
            let names = branches.iter().filter_map(|(name, ..)| name.as_ref());
            self.offer(&calling.positions, names);
        }
        let of = format!("an argument of `{}`", calling.callee);
        let mut items = vec![];
        for (name, expr, added) in branches {
            let value = match (added, &name) {
                (true, Some(name)) => scope
                    .names
                    .get(name.as_str())
                    .map_or_else(reported, |e| e.value.clone()),
                _ => self.eval(&scope, expr, Some(&Ty::Tensors)),
            };
            match self.coerce(value, &Ty::Tensors, &of, expr.span) {
                Traced {
                    value: Value::List(list),
                    ..
                } => items.extend(list),
                one => items.push(one),
            }
        }
        Traced {
            value: Value::List(items),
            places: Places::literal(calling.span),
        }
    }
}
