//! Which argument of a call goes to which parameter, and what is said if they do not go together.

use termc_grammar::ast::{Expr, ExprKind, Name, Span};

use super::call::Calling;
use super::scope::{EntryKind, Scope};
use super::{Elaborator, ParameterInfo};
use crate::bug::bug;
use crate::diagnostics::ProgramKind;
use crate::language::{Places, Ty};

/// What the text of a call gives a parameter.
pub(super) enum Argument<'a> {
    One(&'a Expr),
    /// Of a parameter that takes any number.
    Many(Vec<&'a Expr>),
}

impl Argument<'_> {
    /// Where it stands first.
    fn span(&self) -> Span {
        match self {
            Self::One(expr) => expr.span,
            Self::Many(all) => match all.first() {
                Some(expr) => expr.span,
                None => bug!("a parameter was given no value"),
            },
        }
    }
}

impl<'a> Elaborator<'a> {
    /// Which expression goes to which parameter.
    pub(super) fn assign(
        &mut self,
        calling: &Calling<'a, '_>,
        params: &[ParameterInfo<'a>],
    ) -> Option<Vec<Option<Argument<'a>>>> {
        let callee = calling.callee;
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
                            self.unknown_argument(callee, name, params);
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
                Some((Some(first), param, name)) => {
                    let span = name.map_or(value.span, |n: &Name| n.span);
                    let kind = ProgramKind::GivenTwice {
                        name: param.name.to_owned(),
                    };
                    self.report_again(kind, span, first.span());
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
            let callee = callee.to_owned();
            match self.passed_in(calling) {
                Some((param, places)) => {
                    let kind = ProgramKind::MisfitSurplus {
                        caller: self.caller(calling),
                        param,
                        block: callee,
                        most,
                    };
                    self.refuse(kind.into(), &places, calling.span);
                }
                None => self.report(ProgramKind::Surplus { callee, most }.into(), surplus.span),
            }
        }
        let missing = params.iter().zip(&given).filter(|(param, given)| {
            given.is_none() && param.default.is_none() && !is_fixed(param.name) && {
                let at = self.changes.step(&calling.positions, param.name, None);
                self.changes.set(&at).is_none()
            }
        });
        let missing: Vec<String> = missing.map(|(param, _)| param.name.to_owned()).collect();
        if !missing.is_empty() && sound {
            self.missing(calling, callee, missing);
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
                    block: calling.callee.to_owned(),
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
    fn unknown_name_of(&self, scope: &Scope<'a>, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => scope
                .names
                .get(name.as_str())
                .is_none_or(|e| super::draft::unknown(&e.value.value)),
            _ => false,
        }
    }

    /// The parameter that what is called was passed in for, and where it was written.
    fn passed_in(&self, calling: &Calling<'a, '_>) -> Option<(String, Places)> {
        let name = calling.written?;
        let entry = calling.scope.names.get(name)?;
        (entry.kind == EntryKind::Parameter).then(|| (name.to_owned(), entry.value.places.clone()))
    }

    /// The name of the block whose text a call stands in.
    fn caller(&self, calling: &Calling<'a, '_>) -> String {
        let caller = self
            .calls
            .iter()
            .rev()
            .find(|c| c.definition.is_some() && *c.path == *calling.scope.path);
        caller.map_or(String::new(), |c| c.name.to_owned())
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
}
