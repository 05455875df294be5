//! What stands below a place: the names of a block, the parts of a binding, the members of settings and losses.

use termc_grammar::ast::{Expr, ExprKind, Line, LineKind, Name};

use super::call::{Called, Parameter, argument, built_in};
use super::declare::bound;
use super::item::{Owner, Walk};
use super::place::{At, Given, Next, Place, at, next};
use super::{Meaning, SymbolKind};
use crate::language::Ty;
use crate::language::losses::LOSSES;
use crate::language::settings::{Row, Setting, Takes};

impl<'a> Walk<'a> {
    /// Parameters, bindings, and the calls of the result.
    pub fn names_of(
        &self,
        owner: Owner<'a>,
        given: Option<&Given<'a>>,
        here: &At<'a>,
    ) -> Vec<Next<'a>> {
        let mut all = vec![];
        for param in self.parameters(&Called::Block(owner)) {
            all.push(self.to_parameter(param, given, here));
        }
        let mut bindings: Vec<(String, Vec<&'a Expr>)> = vec![];
        let mut results = vec![];
        collect(&owner.callable.body, &mut bindings, &mut results);
        for (name, exprs) in bindings {
            if let Some(number) = self.local(owner, &name) {
                all.push(next(
                    &name,
                    Meaning::Symbol(number),
                    at(Place::Bound(exprs), Some(owner)),
                ));
            }
        }
        // What a variant added has no line here.
        let known: Vec<String> = all.iter().map(|next| next.name.clone()).collect();
        for (number, symbol) in self.symbols.iter().enumerate() {
            let own = matches!(symbol.kind, SymbolKind::Binding | SymbolKind::Input);
            if own
                && self.local(owner, &symbol.name) == Some(number)
                && !known.contains(&symbol.name)
            {
                all.push(next(
                    &symbol.name,
                    Meaning::Symbol(number),
                    at(Place::Value, Some(owner)),
                ));
            }
        }
        for result in results {
            all.extend(self.tags(result, owner));
        }
        all
    }

    pub fn to_parameter(
        &self,
        param: Parameter<'a>,
        given: Option<&Given<'a>>,
        here: &At<'a>,
    ) -> Next<'a> {
        let value = given.and_then(|given| {
            let Name { text, span } = &given.call.callee;
            let (_, called) = self.callee(Some(given.owner), given.owner.file, text, span.start)?;
            let called = called?;
            let parameters = self.parameters(&called);
            Some((
                argument(given.call, given.piped, &parameters, &param.name)?,
                given.owner,
            ))
        });
        let place = match (value, param.default) {
            (Some((expr, owner)), _) | (None, Some((expr, owner)))
                if param.ty == Some(Ty::Block) =>
            {
                Place::Fixed(expr, Some(owner), owner.file)
            }
            _ => Place::Value,
        };
        let owner = given.map(|given| given.owner).or(here.owner);
        Next {
            name: param.name,
            meaning: param.meaning,
            to: At {
                place,
                owner,
                want: param.ty,
            },
        }
    }

    pub fn inside_bound(&self, exprs: &[&'a Expr], here: &At<'a>) -> Vec<Next<'a>> {
        let Some(owner) = here.owner else {
            return vec![];
        };
        let mut all: Vec<Next<'a>> = vec![];
        for expr in exprs {
            let calls = self.calls(expr, owner);
            let steps = match calls.as_slice() {
                [only] => self.offers(&self.to_call(only, owner)),
                _ => self.tags(expr, owner),
            };
            for step in steps {
                if !all.iter().any(|known| known.name == step.name) {
                    all.push(step);
                }
            }
        }
        all
    }

    pub fn inside_primitive(
        &self,
        called: &Called<'a>,
        given: Option<&Given<'a>>,
        here: &At<'a>,
    ) -> Vec<Next<'a>> {
        let parameters = self.parameters(called);
        let mut all: Vec<Next<'a>> = vec![];
        // The branches of a `concat`: one that is just a name has that name.
        if let Some(given) = given
            && parameters.iter().any(|param| param.ty == Some(Ty::Tensors))
        {
            for arg in &given.call.args {
                if let Some(name) = arg.value.as_name()
                    && let Some(number) = self.local(given.owner, name)
                {
                    all.push(next(
                        name,
                        Meaning::Symbol(number),
                        at(Place::Value, Some(given.owner)),
                    ));
                }
            }
        }
        all.extend(
            parameters
                .into_iter()
                .map(|param| self.to_parameter(param, given, here)),
        );
        all
    }

    pub fn terms(&self, owner: Owner<'a>) -> Vec<Next<'a>> {
        let mut all = vec![];
        let lines = owner
            .callable
            .body
            .iter()
            .filter_map(|line| match &line.kind {
                LineKind::Loss(terms) => Some(terms),
                _ => None,
            });
        let called = |name: &str| {
            let row = LOSSES.iter().find(|row| row.name == name)?;
            Some(Called::Row(row.name, (row.parameters)()))
        };
        let to = |name: &str| at(called(name).map_or(Place::Value, Place::Term), Some(owner));
        for line in lines.flatten() {
            match &line.kind {
                LineKind::Yield(expr) => {
                    if let Some(name) = row_name(expr) {
                        all.push(next(name, built_in("loss term", name), to(name)));
                    }
                }
                LineKind::Bind { target, value } => {
                    if let (Some(name), Some(row)) = (bound(target), row_name(value))
                        && let Some(number) = self.label(owner, &name.text)
                    {
                        all.push(next(&name.text, Meaning::Symbol(number), to(row)));
                    }
                }
                _ => {}
            }
        }
        all
    }

    pub fn inside_setting(&self, setting: &'static Setting, here: &At<'a>) -> Vec<Next<'a>> {
        let kind = setting.row_kind();
        let called = |row: &'static Row| Called::Row(row.name, (row.parameters)());
        match &setting.takes {
            Takes::Value(..) => vec![],
            Takes::Many(rows) => {
                let to = |row| at(Place::Member(called(row)), here.owner);
                rows.iter()
                    .map(|row| next(row.name, built_in(kind, row.name), to(row)))
                    .collect()
            }
            Takes::One(rows) => {
                let parameters = rows.iter().flat_map(|row| self.parameters(&called(row)));
                let mut all: Vec<Next<'a>> = vec![];
                for param in parameters {
                    if !all.iter().any(|known| known.name == param.name) {
                        all.push(self.to_parameter(param, None, here));
                    }
                }
                all
            }
        }
    }
}

/// The name that a row of a table is given by.
fn row_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Call(call) => Some(&call.callee.text),
        _ => expr.as_name(),
    }
}

/// The bindings of a body, elements of one list together, and its results.
fn collect<'a>(
    lines: &'a [Line],
    bindings: &mut Vec<(String, Vec<&'a Expr>)>,
    results: &mut Vec<&'a Expr>,
) {
    for line in lines {
        match &line.kind {
            LineKind::Bind { target, value } => {
                let Some(name) = bound(target) else { continue };
                match bindings.iter_mut().find(|(own, _)| *own == name.text) {
                    Some((_, values)) => values.push(value),
                    None => bindings.push((name.text, vec![value])),
                }
            }
            LineKind::Output { name, value } => bindings.push((name.text.clone(), vec![value])),
            LineKind::For { body, .. } => collect(body, bindings, &mut vec![]),
            LineKind::Yield(expr) => results.push(expr),
            _ => {}
        }
    }
}
