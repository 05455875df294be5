//! Gives each parameter of a call its value: a change's, the argument's, the one fixed before, or the default.

use std::fmt::Display;

use termc_grammar::ast::Expr;

use super::assign::Argument;
use super::call::Calling;
use super::coerce::Of;
use super::scope::{Entry, EntryKind, Scope};
use super::{Elaborator, ParameterInfo};
use crate::language::{Traced, Ty};
use crate::overrides::Position;

/// The parameters' values, and the scope that knows them by name.
pub(super) struct Bound<'a> {
    pub scope: Scope<'a>,
    /// One per parameter, in order.
    pub values: Vec<Traced>,
}

impl<'a> Elaborator<'a> {
    /// The values of all parameters; None if arguments and parameters do not go together.
    pub(super) fn bind(
        &mut self,
        calling: &Calling<'a, '_>,
        params: &[ParameterInfo<'a>],
        mut scope: Scope<'a>,
    ) -> Option<Bound<'a>> {
        let given = self.assign(calling, params)?;
        let callee = calling.callee.clone();
        let own = self.changes.definition(&callee);
        let mut values = Vec::with_capacity(params.len());
        for (param, argument) in params.iter().zip(given) {
            let at = self.changes.step(&calling.positions, param.name, None);
            let default_at: Vec<Position> = own.into_iter().collect();
            let default_at = self.changes.step(&default_at, param.name, None);
            let of = Of(param.name, &callee);
            let fixed = calling
                .block
                .fixed
                .iter()
                .find(|(name, _)| *name == param.name);
            let value = if let Some((expr, _)) = self.changes.set(&at) {
                self.set_value(calling.scope, expr, &param.ty, of)
            } else if let (Some(Argument::One(expr)), Ty::Values) = (&argument, &param.ty) {
                self.values(calling.scope, expr)
            } else if let Some(Argument::One(expr)) = argument {
                self.eval_as(calling.scope, expr, &param.ty, of)
            } else if let Some(Argument::Many(exprs)) = argument {
                self.branches(calling, &exprs)
            } else if let Some((_, value)) = fixed {
                value.clone()
            } else if let Some((expr, _)) = self.changes.set(&default_at) {
                self.set_value(&scope, expr, &param.ty, of)
            } else {
                self.default(&scope, param, of)
            };
            let at: Vec<Position> = at.into_iter().chain(default_at).collect();
            let value = self.changed_inside(calling.scope, value, &param.ty, &at);
            let value = self.changed_elements(calling, value, &param.ty, &callee, param.name);
            scope.names.insert(
                param.name,
                Entry {
                    value: value.clone(),
                    span: param.span,
                    kind: EntryKind::Parameter,
                },
            );
            values.push(value);
        }
        if !calling.positions.is_empty() {
            let names = params.iter().map(|p| p.name.to_owned());
            self.changes.offer(&calling.positions, names);
        }
        Some(Bound { scope, values })
    }

    /// A value that a change sets: it sees the names of where it goes to and the definitions of the main file.
    pub(super) fn set_value(
        &mut self,
        scope: &Scope<'a>,
        expr: &'a Expr,
        ty: &Ty,
        of: impl Display,
    ) -> Traced {
        let there = Scope {
            file: self.main,
            ..scope.clone()
        };
        self.eval_as(&there, expr, ty, of)
    }

    /// The default of a parameter that was given nothing.
    fn default(
        &mut self,
        scope: &Scope<'a>,
        param: &ParameterInfo<'a>,
        of: impl Display,
    ) -> Traced {
        match param.default {
            None => crate::bug::bug!("nothing for {of}"),
            Some(expr) => self.eval_as(scope, expr, &param.ty, of),
        }
    }
}
