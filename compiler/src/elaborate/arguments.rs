//! Gives each parameter of a call its value: a change's, the argument's, the one fixed before, or the default.

use std::rc::Rc;

use termc_grammar::ast::{Expr, ExprKind, Name};

use super::call::Calling;
use super::eval::reported;
use super::scope::{EntryKind, Scope};
use super::{DefaultValue, Elaborator, ParameterInfo};
use crate::diagnostics::ProgramKind;
use crate::language::{BlockValue, Places, Traced, Ty, Value};
use crate::overrides::{Action, Position};

/// The parameters' values, and the scope that knows them by name.
pub(super) struct Bound {
    pub scope: Scope,
    /// One per parameter, in order.
    pub values: Vec<Traced>,
}

/// What the text of a call gives a parameter.
enum Argument<'a> {
    One(&'a Expr),
    /// Of a parameter that takes any number.
    Many(Vec<&'a Expr>),
}

impl<'a> Elaborator<'a> {
    /// The values of all parameters; None if arguments and parameters do not go together.
    pub(super) fn bind(
        &mut self,
        calling: &Calling<'a, '_>,
        params: &[ParameterInfo<'a>],
        mut scope: Scope,
    ) -> Option<Bound> {
        let given = self.assign(calling, params)?;
        let callee = calling.callee.clone();
        let own = self.changes.definition(&callee);
        let mut values = Vec::with_capacity(params.len());
        for (param, argument) in params.iter().zip(given) {
            let at = self.changes.step(&calling.positions, param.name, None);
            let default_at: Vec<Position> = own.into_iter().collect();
            let default_at = self.changes.step(&default_at, param.name, None);
            let of = format!("`{}` of `{callee}`", param.name);
            let there = || Scope {
                file: self.main,
                ..calling.scope.clone()
            };
            let fixed = calling
                .block
                .fixed
                .iter()
                .find(|(name, _)| *name == param.name);
            let value = if let Some((expr, _)) = self.changes.set(&at) {
                self.expect(&there(), expr, &param.ty, &of)
            } else if let (Some(Argument::One(expr)), Ty::Values) = (&argument, &param.ty) {
                self.values(calling.scope, expr)
            } else if let Some(Argument::One(expr)) = argument {
                self.expect(calling.scope, expr, &param.ty, &of)
            } else if let Some(Argument::Many(exprs)) = argument {
                self.branches(calling, &exprs)
            } else if let Some((_, value)) = fixed {
                value.clone()
            } else if let Some((expr, _)) = self.changes.set(&default_at) {
                let scope = Scope {
                    file: self.main,
                    ..scope.clone()
                };
                self.expect(&scope, expr, &param.ty, &of)
            } else {
                self.default(&scope, param, &of)
            };
            let at: Vec<Position> = at.into_iter().chain(default_at).collect();
            let value = self.changed_inside(calling.scope, value, &param.ty, &at);
            let value = self.changed_elements(calling, value, &param.ty, &callee, param.name);
            scope.names.insert(
                param.name.to_owned(),
                Self::entry(value.clone(), param.span, EntryKind::Parameter),
            );
            values.push(value);
        }
        if !calling.positions.is_empty() {
            let names = params.iter().map(|p| p.name.to_owned());
            self.changes.offer(&calling.positions, names);
        }
        Some(Bound { scope, values })
    }

    /// The default of a parameter that was given nothing.
    fn default(&mut self, scope: &Scope, param: &ParameterInfo<'a>, of: &str) -> Traced {
        match param.default {
            DefaultValue::None => crate::bug::bug!("nothing for {of}"),
            DefaultValue::Written(expr) => self.expect(scope, expr, &param.ty, of),
        }
    }

    /// Which expression goes to which parameter.
    fn assign(
        &mut self,
        calling: &Calling<'a, '_>,
        params: &[ParameterInfo<'a>],
    ) -> Option<Vec<Option<Argument<'a>>>> {
        let callee = calling.callee.clone();
        let is_fixed = |name: &str| calling.block.fixed.iter().any(|(fixed, _)| fixed == name);
        let mut given: Vec<Option<Argument<'a>>> = params.iter().map(|_| None).collect();
        let mut open = (0..params.len())
            .filter(|i| params.get(*i).is_some_and(|p| !is_fixed(p.name)))
            .peekable();
        let mut sound = true;
        let mut surplus: Option<&'a Expr> = None;
        let mut named = false;
        for (name, value) in &calling.args {
            let at = match name {
                Some(name) => {
                    named = true;
                    match params.iter().position(|p| p.name == name.text) {
                        Some(at) => Some((at, Some(*name))),
                        None => {
                            self.unknown_argument(&callee, name, params);
                            None
                        }
                    }
                }
                None if named => {
                    self.report(ProgramKind::PositionAfterName {}.into(), value.span);
                    None
                }
                None => match open.peek().copied() {
                    Some(at) => {
                        if params.get(at).is_some_and(|p| p.ty != Ty::Tensors) {
                            open.next();
                        }
                        Some((at, None))
                    }
                    None => {
                        surplus.get_or_insert(value);
                        None
                    }
                },
            };
            let slot = at.and_then(|(at, name)| Some((given.get_mut(at)?, params.get(at)?, name)));
            match slot {
                Some((slot @ None, param, _)) => {
                    *slot = Some(match param.ty {
                        Ty::Tensors => Argument::Many(vec![value]),
                        _ => Argument::One(value),
                    });
                }
                Some((Some(Argument::Many(all)), _, None)) => all.push(value),
                Some((Some(_), param, name)) => {
                    let span = name.map_or(value.span, |n: &Name| n.span);
                    self.report(
                        ProgramKind::GivenTwice {
                            name: param.name.to_owned(),
                        }
                        .into(),
                        span,
                    );
                    sound = false;
                }
                None => {
                    // A word has no meaning without the parameter it is for.
                    if !matches!(value.kind, ExprKind::Name(_)) {
                        self.eval(calling.scope, value, None);
                    }
                    sound = false;
                }
            }
        }
        if sound && self.misfits(calling, params, &given) {
            return None;
        }
        if let Some(surplus) = surplus {
            let most = params.iter().filter(|p| !is_fixed(p.name)).count();
            self.report(
                ProgramKind::Surplus {
                    callee: callee.clone(),
                    most,
                }
                .into(),
                surplus.span,
            );
        }
        let missing = params.iter().zip(&given).filter(|(param, given)| {
            given.is_none()
                && matches!(param.default, DefaultValue::None)
                && !is_fixed(param.name)
                && {
                    let at = self.changes.step(&calling.positions, param.name, None);
                    self.changes.set(&at).is_none()
                }
        });
        let missing: Vec<String> = missing.map(|(param, _)| param.name.to_owned()).collect();
        if !missing.is_empty() && sound {
            self.missing(calling, &callee, missing);
            sound = false;
        }
        sound.then_some(given)
    }

    /// Whether a block that was passed in takes something else by position than it is called with; told where it was passed.
    fn misfits(
        &mut self,
        calling: &Calling<'a, '_>,
        params: &[ParameterInfo<'a>],
        given: &[Option<Argument<'a>>],
    ) -> bool {
        let Some((param, places)) = self.passed_in(calling) else {
            return false;
        };
        for (of, argument) in params.iter().zip(given) {
            let Some(Argument::One(expr)) = argument else {
                continue;
            };
            let takes = matches!(of.ty, Ty::Tensor | Ty::Grid | Ty::Tensors | Ty::Any);
            let gives = self.tensorish(calling.scope, expr);
            if takes != gives
                && !matches!(expr.kind, ExprKind::Name(_) if !gives && takes && self.unknown_name_of(calling.scope, expr))
            {
                let kind = ProgramKind::MisfitArgument {
                    caller: self.caller(calling),
                    param,
                    block: calling.callee.clone(),
                    takes: of.name.to_owned(),
                    gives: if gives { "a tensor" } else { "a value" },
                };
                self.refuse(kind.into(), &places, calling.span);
                return true;
            }
        }
        false
    }

    /// Whether an expression is a name of something that was reported.
    fn unknown_name_of(&self, scope: &Scope, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => scope
                .names
                .get(name)
                .is_none_or(|e| super::draft::unknown(&e.value.value)),
            _ => false,
        }
    }

    /// The parameter that what is called was passed in for, and where it was written.
    fn passed_in(&self, calling: &Calling<'a, '_>) -> Option<(String, Places)> {
        let name = self.text_of_callee(calling)?;
        let entry = calling.scope.names.get(name)?;
        (entry.kind == EntryKind::Parameter).then(|| (name.to_owned(), entry.value.places.clone()))
    }

    /// The name of the block whose text a call stands in.
    fn caller(&self, calling: &Calling<'a, '_>) -> String {
        let caller = self
            .calls
            .iter()
            .rev()
            .find(|c| c.definition.is_some() && c.path == calling.scope.path);
        caller.map_or(String::new(), |c| c.name.clone())
    }

    /// Tells what a call does not give: at a block value that does not fit, if that is what is called.
    fn missing(&mut self, calling: &Calling<'a, '_>, callee: &str, missing: Vec<String>) {
        match self.passed_in(calling) {
            Some((param, places)) => {
                let caller = self.caller(calling);
                let kind = ProgramKind::Misfit {
                    caller,
                    param,
                    block: callee.to_owned(),
                    missing,
                };
                self.refuse(kind.into(), &places, calling.span);
            }
            None => {
                let name = callee.to_owned();
                self.report(
                    ProgramKind::MissingArguments {
                        callee: name,
                        missing,
                    }
                    .into(),
                    calling.span,
                );
            }
        }
    }

    pub(super) fn unknown_argument(
        &mut self,
        callee: &str,
        name: &Name,
        params: &[ParameterInfo<'a>],
    ) {
        let known = params.iter().map(|p| p.name.to_owned()).collect();
        let kind = ProgramKind::UnknownArgument {
            callee: callee.to_owned(),
            name: name.text.clone(),
            known,
        };
        self.report(kind.into(), name.span);
    }

    /// What changes set inside a block value: `K.net.hidden`.
    pub(super) fn changed_inside(
        &mut self,
        scope: &Scope,
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
                Some((expr, _)) => {
                    let there = Scope {
                        file: self.main,
                        ..scope.clone()
                    };
                    self.expect(&there, expr, &param.ty, &of)
                }
                None => match before {
                    Some(before) => self.changed_inside(scope, before, &param.ty, &below),
                    None => continue,
                },
            };
            changed.fixed.retain(|(fixed, _)| *fixed != name);
            changed.fixed.push((name, new));
        }
        let names = params.iter().map(|p| p.name.to_owned());
        self.changes.offer(at, names);
        Traced {
            value: Value::Block(Rc::new(changed)),
            places: value.places,
        }
    }

    /// What changes set of a list's elements: `expand[2] = 3`.
    fn changed_elements(
        &mut self,
        calling: &Calling<'a, '_>,
        value: Traced,
        ty: &Ty,
        callee: &str,
        name: &str,
    ) -> Traced {
        let own = self.changes.definition(callee);
        let all: Vec<Position> = calling.positions.iter().copied().chain(own).collect();
        self.elements_changed(calling.scope, value, ty, &all, name)
    }

    /// The same for a name below these places.
    pub(super) fn elements_changed(
        &mut self,
        scope: &Scope,
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
            let there = Scope {
                file: self.main,
                ..scope.clone()
            };
            let new = self.expect(&there, expr, of, &format!("`{name}[{index}]`"));
            let count = items.len();
            let from_end = if index < 0 {
                index + count as i64
            } else {
                index
            };
            match usize::try_from(from_end)
                .ok()
                .and_then(|i| items.get_mut(i))
            {
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
    fn branches(&mut self, calling: &Calling<'a, '_>, exprs: &[&'a Expr]) -> Traced {
        let mut branches: Vec<(Option<String>, &'a Expr, bool)> = vec![];
        for expr in exprs {
            let name = Self::branch_name(expr).map(str::to_owned);
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
            scope = std::borrow::Cow::Owned(self.added(
                scope.into_owned(),
                &name,
                value,
                step.name.span,
            ));
            branches.insert(at.min(branches.len()), (Some(name), value, true));
        }
        if !calling.positions.is_empty() {
            let names: Vec<String> = branches
                .iter()
                .filter_map(|(name, ..)| name.clone())
                .collect();
            self.changes.offer(&calling.positions, names.into_iter());
        }
        let of = format!("an argument of `{}`", calling.callee);
        let mut items = vec![];
        for (name, expr, added) in branches {
            let value = match (added, &name) {
                (true, Some(name)) => scope
                    .names
                    .get(name)
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

    /// The name a call is written with.
    fn text_of_callee(&self, calling: &Calling<'a, '_>) -> Option<&'a str> {
        self.written.get(&calling.span.start).copied()
    }
}
