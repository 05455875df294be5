//! Evaluates calls: binds arguments to parameters and hands over to an operation, a block or a slow net.

use termc_grammar::ast::{Call, Expr, ParamDef};

use super::signature::{Args, Default, Slot};
use super::value::{Ty, Value};
use super::{Checker, Frame};
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::model::Span;
use crate::ops;

/// A parameter as the binder sees it.
pub(super) struct Parameter<'p> {
    pub name: &'p str,
    pub ty: Option<Ty>,
    pub optional: bool,
}

/// A bound argument: its value and where it stands; None where the default holds.
pub(super) type Bound = Vec<Option<(Value, Span)>>;

impl<'a> Checker<'a> {
    /// A call as an expression; `first` is what a pipe brings.
    pub(super) fn eval_call(
        &mut self,
        call: &'a Call,
        first: Option<(Value, Span)>,
        span: Span,
        want: Option<Ty>,
    ) -> Value {
        let name = call.callee.text.as_str();
        let top = self.top == Some(span);
        if let Some(operation) = ops::find(name) {
            let Some(args) = self.bind_slots(name, operation.slots, call, first) else {
                return Value::Unknown;
            };
            if args.unknown() {
                return Value::Unknown;
            }
            self.builder.span = span;
            return (operation.lower)(self, &args).unwrap_or(Value::Unknown);
        }
        if let Some(block) = self.blocks.get(name).copied() {
            return self.call_block(block, call, first, span, top);
        }
        if let Some(slow) = self.slows.get(name).copied() {
            return self.call_slow(slow, call, first);
        }
        if want == Some(Ty::Init) || ops::INITS.iter().any(|(n, _)| *n == name) {
            return self.call_init(call, first);
        }
        match name {
            "magnet" => self.call_magnet(call, first),
            "trained" => {
                const START: &[Slot] = &[super::signature::needed("start", Ty::Float)];
                let args = self.bind_slots(name, START, call, first);
                args.and_then(|a| a.float(0))
                    .map_or(Value::Unknown, Value::Trained)
            }
            _ => {
                // Arguments are still looked through for errors of their own.
                for arg in &call.args {
                    self.eval(&arg.value, None);
                }
                self.unknown_callee(call);
                Value::Unknown
            }
        }
    }

    fn unknown_callee(&mut self, call: &'a Call) {
        let name = call.callee.text.as_str();
        let user = self.blocks.keys().chain(self.slows.keys()).copied();
        let known: Vec<String> = user
            .map(str::to_owned)
            .chain(ops::names().map(str::to_owned))
            .collect();
        let known = known.iter().map(String::as_str).chain(["magnet"]);
        let mut diagnostic = Diagnostic::new(
            Code::UnknownCallee,
            call.callee.span,
            format!("unknown operation, block or slow net `{name}`"),
        )
        .label("not an operation, and not defined in this file");
        if self.lookup(name).is_some() {
            diagnostic = diagnostic.help(format!("`{name}` is a value here, it cannot be called"));
        } else if let Some(near) = nearest(name, known) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        } else {
            diagnostic = diagnostic.help(format!("operations: {}", one_of(ops::names())));
        }
        self.report(diagnostic);
    }

    /// Binds a call to fixed slots, filling defaults. None if an argument was reported as wrong.
    pub(super) fn bind_slots(
        &mut self,
        name: &str,
        slots: &'static [Slot],
        call: &'a Call,
        first: Option<(Value, Span)>,
    ) -> Option<Args> {
        let parameters: Vec<Parameter> = slots
            .iter()
            .map(|s| Parameter {
                name: s.name,
                ty: Some(s.ty),
                optional: s.default.is_some(),
            })
            .collect();
        let bound = self.bind(name, &parameters, call, first)?;
        let mut args = Args {
            values: vec![],
            spans: vec![],
            given: vec![],
            span: call.span,
            slots,
        };
        for (slot, bound) in slots.iter().zip(bound) {
            args.given.push(bound.is_some());
            let (value, span) = match (bound, slot.default) {
                (Some(bound), _) => bound,
                (None, Some(default)) => (default_value(slot.ty, default), call.span),
                (None, None) => (Value::Unknown, call.span),
            };
            args.values.push(value);
            args.spans.push(span);
        }
        Some(args)
    }

    /// Binds a call to parameters: evaluates every argument once, reports arity, names and types.
    pub(super) fn bind(
        &mut self,
        callee: &str,
        parameters: &[Parameter],
        call: &'a Call,
        first: Option<(Value, Span)>,
    ) -> Option<Bound> {
        let mut bound: Bound = parameters.iter().map(|_| None).collect();
        let mut sound = true;
        let mut position = 0;
        if let Some((value, span)) = first {
            match parameters.first() {
                Some(parameter) => {
                    let value = self.coerce(value, parameter.ty, span);
                    if let Some(slot) = bound.first_mut() {
                        *slot = Some((value, span));
                    }
                }
                None => {
                    sound = false;
                    let message = format!("`{callee}` takes no argument, but one is piped in");
                    self.report(
                        Diagnostic::new(Code::Arity, call.span, message).label("takes nothing"),
                    );
                }
            }
            position = 1;
        }
        let mut surplus: Vec<Span> = vec![];
        for arg in &call.args {
            let index = match &arg.name {
                None => {
                    position += 1;
                    (position <= parameters.len()).then_some(position - 1)
                }
                Some(name) => parameters.iter().position(|p| p.name == name.text),
            };
            let Some(index) = index else {
                sound = false;
                self.eval(&arg.value, None);
                match &arg.name {
                    None => surplus.push(arg.value.span),
                    Some(name) => {
                        let mut diagnostic = Diagnostic::new(
                            Code::UnknownArgument,
                            name.span,
                            format!("`{callee}` has no parameter `{}`", name.text),
                        )
                        .label("unknown parameter");
                        let known = parameters.iter().map(|p| p.name);
                        diagnostic = match nearest(&name.text, known.clone()) {
                            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                            None => diagnostic
                                .help(format!("parameters of `{callee}`: {}", one_of(known))),
                        };
                        self.report(diagnostic);
                    }
                }
                continue;
            };
            let ty = parameters.get(index).and_then(|p| p.ty);
            let value = self.eval(&arg.value, ty);
            let name = parameters.get(index).map_or("", |p| p.name);
            if let Some(Some((_, before))) = bound.get(index) {
                sound = false;
                let at = arg.name.as_ref().map_or(arg.value.span, |n| n.span);
                let diagnostic = Diagnostic::new(
                    Code::RepeatedArgument,
                    at,
                    format!("`{name}` of `{callee}` is given twice"),
                )
                .label("again here")
                .related(*before, "first here")
                .help("give it once");
                self.report(diagnostic);
            } else if let Some(slot) = bound.get_mut(index) {
                *slot = Some((value, arg.value.span));
            }
        }
        if let Some(extra) = surplus.first() {
            let many = parameters.len();
            let given = position;
            let diagnostic = Diagnostic::new(
                Code::Arity,
                *extra,
                format!(
                    "`{callee}` takes {many} argument{}, found {given}",
                    if many == 1 { "" } else { "s" }
                ),
            )
            .label("one too many")
            .help(format!("`{callee}` is {}", usage(callee, parameters)));
            self.report(diagnostic);
        }
        let missing: Vec<&str> = parameters
            .iter()
            .zip(&bound)
            .filter(|(p, b)| b.is_none() && !p.optional)
            .map(|(p, _)| p.name)
            .collect();
        if !missing.is_empty() && sound {
            sound = false;
            let diagnostic = Diagnostic::new(
                Code::Arity,
                call.span,
                format!(
                    "`{callee}` needs {}",
                    one_of(missing.iter().copied()).replace(" or ", " and ")
                ),
            )
            .label("not given here")
            .help(format!("`{callee}` is {}", usage(callee, parameters)));
            self.report(diagnostic);
        }
        sound.then_some(bound)
    }

    /// Parameters of a definition as the binder sees them.
    pub(super) fn parameters(&mut self, params: &'a [ParamDef]) -> Vec<Parameter<'a>> {
        params
            .iter()
            .map(|p| Parameter {
                name: &p.name.text,
                ty: self.declared_type(p),
                optional: p.default.is_some(),
            })
            .collect()
    }

    fn declared_type(&mut self, param: &'a ParamDef) -> Option<Ty> {
        const TYPES: [(&str, Ty); 5] = [
            ("int", Ty::Int),
            ("float", Ty::Float),
            ("feature", Ty::Feature),
            ("features", Ty::Features),
            ("slow", Ty::Slow),
        ];
        let Some(ty) = &param.ty else {
            return Some(Ty::Feature);
        };
        if let Some((_, found)) = TYPES.iter().find(|(name, _)| *name == ty.text) {
            return Some(*found);
        }
        let names = TYPES.iter().map(|(name, _)| *name);
        let mut diagnostic = Diagnostic::new(
            Code::UnknownWord,
            ty.span,
            format!("unknown type `{}`", ty.text),
        )
        .label(format!("expected {}", one_of(names.clone())));
        if let Some(near) = nearest(&ty.text, names) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        self.report(diagnostic);
        None
    }

    /// Opens a frame with bound parameters; defaults see the parameters before them.
    pub(super) fn open_frame(&mut self, what: String, params: &'a [ParamDef], bound: Bound) {
        self.frames.push(Frame::new(what));
        let mut bound = bound.into_iter();
        for param in params {
            let value = match (bound.next().flatten(), &param.default) {
                (Some((value, _)), _) => value,
                (None, Some(default)) => {
                    let ty = self.declared_type(param);
                    self.eval(default, ty)
                }
                (None, None) => Value::Unknown,
            };
            self.define(&param.name, value);
        }
    }

    /// Evaluates something written as a call or as a bare name (`cross_entropy`): the callee and its bound arguments.
    pub(super) fn bind_term(
        &mut self,
        expr: &'a Expr,
        slots: &'static [Slot],
        callee: &str,
    ) -> Option<Args> {
        match &expr.kind {
            termc_grammar::ast::ExprKind::Call(call) => self.bind_slots(callee, slots, call, None),
            _ => {
                let missing: Vec<&str> = slots
                    .iter()
                    .filter(|s| s.default.is_none())
                    .map(|s| s.name)
                    .collect();
                if !missing.is_empty() {
                    let message = format!(
                        "`{callee}` needs {}",
                        one_of(missing.iter().copied()).replace(" or ", " and ")
                    );
                    self.report(
                        Diagnostic::new(Code::Arity, expr.span, message).label("not given here"),
                    );
                    return None;
                }
                let values = slots
                    .iter()
                    .filter_map(|s| s.default.map(|d| default_value(s.ty, d)))
                    .collect();
                let many = slots.len();
                Some(Args {
                    values,
                    spans: vec![expr.span; many],
                    given: vec![false; many],
                    span: expr.span,
                    slots,
                })
            }
        }
    }
}

fn default_value(ty: Ty, default: Default) -> Value {
    match (ty, default) {
        (Ty::Init, Default::Word(word)) => {
            let init = ops::INITS
                .iter()
                .find(|(n, _)| *n == word)
                .and_then(|(_, init)| *init);
            init.map_or(Value::Unknown, Value::Init)
        }
        (_, Default::Int(i)) => Value::Int(i),
        (_, Default::Float(x)) => Value::Float(x),
        (_, Default::Word(w)) => Value::Word(w),
        (_, Default::Bool(b)) => Value::Bool(b),
    }
}

/// "`hyper(net, over)`", optional parameters in brackets.
fn usage(callee: &str, parameters: &[Parameter]) -> String {
    let list: Vec<String> = parameters
        .iter()
        .map(|p| {
            if p.optional {
                format!("[{}]", p.name)
            } else {
                p.name.to_owned()
            }
        })
        .collect();
    format!("`{callee}({})`", list.join(", "))
}
