//! Gives each parameter of a call its value: a change's, the argument's, the one fixed before, or the default.

use std::fmt::Display;

use termc_grammar::ast::{Expr, ExprKind};

use super::assign::Argument;
use super::call::Calling;
use super::coerce::Of;
use super::eval::reported;
use super::scope::{Entry, EntryKind, Scope};
use super::{Elaborator, ParameterInfo};
use crate::diagnostics::ProgramKind;
use crate::language::{Callee, Traced, Ty};
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
        let callee = calling.callee;
        let own = self.changes.definition(callee);
        let mut values = Vec::with_capacity(params.len());
        // Nothing reads the names of a primitive's scope but defaults that are not the same for all calls.
        let named = matches!(calling.block.callee, Callee::Block(_))
            || own.is_some()
            || params.iter().any(|p| p.default.is_some() && !p.constant);
        for (number, (param, argument)) in params.iter().zip(given).enumerate() {
            let at = self.changes.step(&calling.positions, param.name, None);
            let default_at: Vec<Position> = own.into_iter().collect();
            let default_at = self.changes.step(&default_at, param.name, None);
            let of = Of(param.name, callee);
            let fixed = calling
                .block
                .fixed
                .iter()
                .find(|(name, _)| *name == param.name);
            let value = if let Some((expr, _)) = self.changes.set(&at) {
                self.set_value(calling.scope, expr, &param.ty, of)
            } else if let Some(Argument::One(expr)) = argument {
                self.argument(calling.scope, expr, &param.ty, of)
            } else if let Some(Argument::Many(exprs)) = argument {
                self.branches(calling, &exprs)
            } else if let Some((_, value)) = fixed {
                value.clone()
            } else if let Some((expr, _)) = self.changes.set(&default_at) {
                self.set_value(&scope, expr, &param.ty, of)
            } else {
                self.default(&scope, (calling.block.callee, number), param, of)
            };
            let at: Vec<Position> = at.into_iter().chain(default_at).collect();
            let value = self.changed_inside(calling.scope, value, &param.ty, &at);
            let value = self.changed_elements(calling, value, &param.ty, callee, param.name);
            if named {
                let entry = Entry {
                    value: value.clone(),
                    span: param.span,
                    kind: EntryKind::parameter(&param.ty),
                };
                scope.names.insert(param.name, entry);
            }
            values.push(value);
        }
        if !calling.positions.is_empty() {
            let names = params.iter().map(|p| p.name);
            self.offer(&calling.positions, names);
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
        if scope.file == self.main {
            return self.argument(scope, expr, ty, of);
        }
        let there = Scope {
            file: self.main,
            ..scope.clone()
        };
        self.argument(&there, expr, ty, of)
    }

    fn argument(&mut self, scope: &Scope<'a>, expr: &'a Expr, ty: &Ty, of: impl Display) -> Traced {
        match ty {
            Ty::Values => self.values(scope, expr),
            _ => self.eval_as(scope, expr, ty, of),
        }
    }

    /// The default of a parameter that was given nothing, evaluated once if it is the same for all calls.
    fn default(
        &mut self,
        scope: &Scope<'a>,
        key: (Callee, usize),
        param: &ParameterInfo<'a>,
        of: impl Display,
    ) -> Traced {
        let Some(expr) = param.default else {
            crate::bug::bug!("nothing for {of}");
        };
        // A row of a table has no number that tells it from others.
        if !param.constant || key.0 == Callee::Row {
            return self.default_value(scope, expr, param, of);
        }
        if let Some(value) = self.defaults.get(&key) {
            return value.clone();
        }
        let value = self.default_value(scope, expr, param, of);
        self.defaults.insert(key, value.clone());
        value
    }

    /// What a default says. A parameter without a type is a tensor, which who gives it a number forgets.
    pub(super) fn default_value(
        &mut self,
        scope: &Scope<'a>,
        expr: &'a Expr,
        param: &ParameterInfo<'a>,
        of: impl Display,
    ) -> Traced {
        let ty = match (&param.ty, &expr.kind) {
            (Ty::Tensor, ExprKind::Int(_)) => "int",
            (Ty::Tensor, ExprKind::Float(_)) => "float",
            (Ty::Tensor, ExprKind::Bool(_)) => "bool",
            _ => return self.eval_as(scope, expr, &param.ty, of),
        };
        let kind = ProgramKind::Untyped {
            name: param.name.to_owned(),
            ty,
            default: termc_grammar::print_expr(expr),
        };
        self.report(kind.into(), expr.span);
        reported()
    }
}
