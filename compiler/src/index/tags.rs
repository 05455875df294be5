//! The calls of an expression, which are steps of paths: those that make tensors, no functions and no block values.

use termc_grammar::ast::{Call, Expr, ExprKind, Name};

use super::call::Called;
use super::item::{Owner, Walk};
use super::place::{At, Given, Next, Place, next};
use crate::language::{Ty, function};

impl<'a> Walk<'a> {
    /// The calls of an expression, by what they call.
    pub fn tags(&self, expr: &'a Expr, owner: Owner<'a>) -> Vec<Next<'a>> {
        let mut all: Vec<Next<'a>> = vec![];
        for given in self.calls(expr, owner) {
            let Name { text: name, span } = &given.call.callee;
            let called = self.callee(Some(owner), owner.file, name, span.start);
            let Some((meaning, _)) = called else {
                continue;
            };
            if !all.iter().any(|known| known.name == *name) {
                all.push(next(name, meaning, self.to_call(&given, owner)));
            }
        }
        all
    }

    pub fn to_call(&self, given: &Given<'a>, owner: Owner<'a>) -> At<'a> {
        let Name { text, span } = &given.call.callee;
        let called = self
            .callee(Some(owner), owner.file, text, span.start)
            .and_then(|(_, called)| called);
        let place = match called {
            Some(Called::Block(inner)) => Place::Block(inner, Some(given.clone())),
            Some(row @ Called::Row(..)) => Place::Primitive(row, Some(given.clone())),
            Some(Called::Function) | None => Place::Value,
        };
        At {
            place,
            owner: Some(owner),
            want: Some(Ty::Block),
        }
    }

    /// The calls that make tensors, in the order of the text: no functions, no block values.
    pub fn calls(&self, expr: &'a Expr, owner: Owner<'a>) -> Vec<Given<'a>> {
        let mut found = vec![];
        self.collect_calls(expr, owner, None, &mut found);
        found.sort_by_key(|given| given.call.callee.span);
        found
    }

    fn collect_calls(
        &self,
        expr: &'a Expr,
        owner: Owner<'a>,
        want: Option<&Ty>,
        found: &mut Vec<Given<'a>>,
    ) {
        let mut inside = |expr: &'a Expr| self.collect_calls(expr, owner, None, found);
        match &expr.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Name(_) => {}
            ExprKind::List(items) => items
                .iter()
                .for_each(|item| self.collect_calls(item, owner, want, found)),
            ExprKind::Call(call) => self.collect_call(call, None, owner, want, found),
            ExprKind::Pipe { value, into } => {
                self.collect_call(into, Some(value), owner, want, found)
            }
            ExprKind::Unary { value, .. }
            | ExprKind::Index { value, .. }
            | ExprKind::Slice { value, .. }
            | ExprKind::Field { value, .. } => inside(value),
            ExprKind::Binary { lhs, rhs, .. } => {
                inside(lhs);
                inside(rhs);
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                inside(condition);
                self.collect_calls(then, owner, want, found);
                self.collect_calls(otherwise, owner, want, found);
            }
        }
    }

    fn collect_call(
        &self,
        call: &'a Call,
        piped: Option<&'a Expr>,
        owner: Owner<'a>,
        want: Option<&Ty>,
        found: &mut Vec<Given<'a>>,
    ) {
        if function(&call.callee.text).is_some() || matches!(want, Some(Ty::Block | Ty::Constant)) {
            return;
        }
        let Name { text, span } = &call.callee;
        let called = self
            .callee(Some(owner), owner.file, text, span.start)
            .and_then(|(_, called)| called);
        let parameters = called
            .as_ref()
            .map(|called| self.parameters(called))
            .unwrap_or_default();
        let values = piped.into_iter().map(|value| (None, value));
        let args = call.args.iter().map(|arg| (arg.name.as_ref(), &arg.value));
        for (position, (name, value)) in values.chain(args).enumerate() {
            let parameter = match name {
                Some(name) => parameters.iter().find(|param| param.name == name.text),
                None => parameters.get(position).or(parameters.last()),
            };
            self.collect_calls(
                value,
                owner,
                parameter.and_then(|param| param.ty.as_ref()),
                found,
            );
        }
        found.push(Given { call, piped, owner });
    }
}
