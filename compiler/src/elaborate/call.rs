//! Calls: finds what is called, and makes an instance of a block, the node of a primitive, or a block value.

use std::rc::Rc;

use termc_grammar::ast::{Call, Expr, ExprKind, Name};

use super::coerce::Of;
use super::draft::{Building, unknown};
use super::eval::reported;
use super::scope::{Address, EntryKind, Scope};
use super::{ActiveCall, Elaborator};
use crate::diagnostics::ProgramKind;
use crate::language::{BlockValue, Callee, Places, Traced, Ty, Value, function};
use crate::model::Span;
use crate::overrides::Position;
use crate::prelude;

/// A call on its way.
pub(super) struct Calling<'a, 'b> {
    /// Where it stands.
    pub scope: &'b Scope<'a>,
    /// What is called.
    pub block: BlockValue,
    /// Its name.
    pub callee: &'a str,
    /// The name that the call is written with, if the text calls it by one.
    pub written: Option<&'a str>,
    /// The call.
    pub span: Span,
    /// Its address.
    pub address: Address<'a>,
    /// Where the paths of changes are that reach it.
    pub positions: Vec<Position>,
    /// Its arguments: a name or none, and the expression.
    pub args: Vec<(Option<&'a termc_grammar::ast::Name>, &'a Expr)>,
}

impl<'a> Elaborator<'a> {
    /// The value of a call.
    pub(super) fn call(
        &mut self,
        scope: &Scope<'a>,
        call: &'a Call,
        piped: Option<&'a Expr>,
        want: Option<&Ty>,
    ) -> Traced {
        let name = call.callee.text.as_str();
        if let Some(function) = function(name) {
            let args = piped.into_iter().chain(call.args.iter().map(|a| &a.value));
            let args: Vec<&'a Expr> = args.collect();
            return self.function(scope, function, call, &args);
        }
        let Some(block) = self.callee(scope, name) else {
            return self.unknown_callee(scope, call, piped);
        };
        if matches!(want, Some(Ty::Block | Ty::Constant)) && piped.is_none() {
            return self.block_value(scope, call, block);
        }
        let Some(address) = scope.folder.get(call.callee.span.start) else {
            self.report(
                ProgramKind::CallOfNoTensor {
                    name: name.to_owned(),
                }
                .into(),
                call.span,
            );
            return reported();
        };
        let positions = self.steps(&scope.positions, address.steps());
        let mut args = Vec::with_capacity(call.args.len() + 1);
        args.extend(piped.map(|value| (None, value)));
        args.extend(call.args.iter().map(|arg| (arg.name.as_ref(), &arg.value)));
        let callee = self.callee_name(block.callee);
        let mut calling = Calling {
            scope,
            block,
            callee,
            written: Some(name),
            span: call.span,
            address,
            positions,
            args,
        };
        // A call of a block that was passed in is changed by setting the parameter, which has the same path.
        let passed = scope
            .names
            .get(name)
            .is_some_and(|e| e.kind == EntryKind::Parameter);
        if calling.address.inner() && !passed {
            if self.changes.without(&calling.positions) {
                return self.passed_through(&calling);
            }
            if let Some((value, _)) = self.changes.set(&calling.positions) {
                match self
                    .set_value(scope, value, &Ty::Block, "what takes the place of a call")
                    .value
                {
                    Value::Block(block) => {
                        calling.callee = self.callee_name(block.callee);
                        calling.block = (*block).clone();
                    }
                    _ => return reported(),
                }
                calling.args.truncate(1);
            }
        }
        self.apply(calling)
    }

    /// What is left of a call that a change takes away: its first argument.
    fn passed_through(&mut self, calling: &Calling<'a, '_>) -> Traced {
        match calling.args.first() {
            Some((_, first)) => {
                self.eval_as(calling.scope, first, &Ty::Tensor, "what passes through")
            }
            None => reported(),
        }
    }

    fn unknown_callee(
        &mut self,
        scope: &Scope<'a>,
        call: &'a Call,
        piped: Option<&'a Expr>,
    ) -> Traced {
        let name = call.callee.text.clone();
        let inside = piped
            .into_iter()
            .chain(call.args.iter().map(|arg| &arg.value));
        // Whether a word may stand there only the callee says.
        for expr in inside.filter(|expr| !is_word(expr)) {
            self.eval(scope, expr, None);
        }
        let kind = match scope.names.get(name.as_str()) {
            Some(entry) if matches!(entry.value.value, Value::Unknown) => return reported(),
            Some(entry) => {
                let found = self.described(&entry.value.value);
                ProgramKind::NotCallable { name, found }
            }
            None => {
                let known = self.callable_names(scope);
                ProgramKind::UnknownCallee { name, known }
            }
        };
        self.report(kind.into(), call.callee.span);
        reported()
    }

    fn callable_names(&self, scope: &Scope<'a>) -> Vec<String> {
        let own = scope
            .names
            .iter()
            .filter(|(_, e)| matches!(e.value.value, Value::Block(_)));
        let own = own.map(|(name, _)| (*name).to_owned());
        let blocks = self.program.names(scope.file).map(str::to_owned);
        let primitives = crate::primitives::signatures()
            .iter()
            .map(|s| s.name.to_owned());
        own.chain(blocks).chain(primitives).collect()
    }

    /// A call where a block is wanted: the block with these arguments fixed.
    fn block_value(&mut self, scope: &Scope<'a>, call: &'a Call, mut block: BlockValue) -> Traced {
        let params = self.parameters(block.callee);
        let mut given: Vec<&Name> = vec![];
        let mut sound = true;
        for arg in &call.args {
            let Some(name) = &arg.name else {
                let block = call.callee.text.clone();
                self.report(
                    ProgramKind::FixedByPosition { block }.into(),
                    arg.value.span,
                );
                self.eval(scope, &arg.value, None);
                sound = false;
                continue;
            };
            let Some(param) = params.iter().find(|p| p.name == name.text) else {
                self.unknown_argument(&call.callee.text, name, &params);
                self.eval(scope, &arg.value, None);
                sound = false;
                continue;
            };
            if let Some(first) = given.iter().find(|first| first.text == name.text) {
                let kind = ProgramKind::GivenTwice {
                    name: name.text.clone(),
                };
                self.report_again(kind, name.span, first.span);
                continue;
            }
            given.push(name);
            if matches!(param.ty, Ty::Tensor | Ty::Grid | Ty::Tensors) {
                let name_text = name.text.clone();
                let block = call.callee.text.clone();
                self.report(
                    ProgramKind::FixedTensor {
                        name: name_text,
                        block,
                    }
                    .into(),
                    arg.value.span,
                );
                continue;
            }
            let of = Of(param.name, &call.callee.text);
            let value = self.eval_as(scope, &arg.value, &param.ty, of);
            block.fixed.retain(|(fixed, _)| *fixed != name.text);
            block.fixed.push((name.text.clone(), value));
        }
        if !sound {
            return reported();
        }
        Traced {
            value: Value::Block(Rc::new(block)),
            places: Places::literal(call.span),
        }
    }

    /// The value of a call whose callee is known.
    pub(super) fn apply(&mut self, calling: Calling<'a, '_>) -> Traced {
        if !self.enter(calling.span) {
            return reported();
        }
        let value = match calling.block.callee {
            Callee::Primitive(number) => self.primitive(number, calling),
            Callee::Block(number) => self.instance(number, calling),
            Callee::Row => crate::bug::bug!("a row of a table is no call"),
        };
        self.leave();
        value
    }

    fn primitive(&mut self, number: usize, calling: Calling<'a, '_>) -> Traced {
        let signature = match crate::primitives::signatures().get(number) {
            Some(signature) => signature,
            None => crate::bug::bug!("there is no primitive {number}"),
        };
        let site = self.site(calling.scope, calling.address.steps(), calling.span);
        let params = self.parameters(calling.block.callee);
        let inner = Scope {
            positions: calling.positions.clone(),
            ..self.plain_scope(prelude::UNIT)
        };
        let Some(mut bound) = self.bind(&calling, &params, inner) else {
            return reported();
        };
        for value in &mut bound.values {
            match value.value {
                // A tensor stands for the places where its sizes were written, a list of the prelude's for its elements.
                Value::Tensor(id) => value.places = self.draft.sizes(id),
                Value::List(_) if value.places.iter().all(|p| prelude::is_prelude(p.span)) => {
                    value.places = list_places(value);
                }
                _ => {}
            }
        }
        if self.aborted || bound.values.iter().any(|v| unknown(&v.value)) {
            return reported();
        }
        let sizes = params.iter().position(|p| p.name == "sizes");
        let sizes = sizes.and_then(|at| bound.values.get(at)).map(list_places);
        let made = (signature.build)(
            &mut Building {
                draft: &mut self.draft,
                site: &site,
            },
            bound.values,
        );
        let made = match made {
            Ok(_) => self.made(made, calling.span),
            Err(_) => {
                // Where a primitive refuses inside the prelude, its name belongs to the trail.
                self.calls.push(ActiveCall {
                    span: calling.span,
                    name: signature.name,
                    definition: None,
                    path: site.path,
                    user: false,
                });
                let made = self.made(made, calling.span);
                self.calls.pop();
                made
            }
        };
        if let (Value::Tensor(id), Some(places)) = (&made.value, sizes) {
            self.draft.set_sizes(*id, places);
        }
        made
    }

    /// The name of what is called.
    pub(super) fn callee_name(&self, callee: Callee) -> &'a str {
        match callee {
            Callee::Block(number) => &self.program.get(number).name.text,
            Callee::Primitive(number) => match crate::primitives::signatures().get(number) {
                Some(signature) => signature.name,
                None => crate::bug::bug!("there is no primitive {number}"),
            },
            Callee::Row => crate::bug::bug!("a row of a table is named where it is read"),
        }
    }
}

/// The places of a list's elements together.
fn list_places(value: &Traced) -> Places {
    match &value.value {
        Value::List(items) => items
            .iter()
            .fold(Places::default(), |all, item| all.and(&item.places)),
        _ => value.places.clone(),
    }
}

/// Whether an expression is a word of some type, or a list of such.
fn is_word(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(name) => Ty::is_word(name),
        ExprKind::List(items) => items.iter().all(is_word),
        _ => false,
    }
}
