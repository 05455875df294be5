//! Functions of numbers, and starts.

use termc_grammar::ast::{Call, Expr};

use super::Elaborator;
use super::eval::reported;
use super::scope::Scope;
use crate::diagnostics::{OutOfRange, ProgramKind};
use crate::language::{Function, FunctionBody, Places, Start, Traced, Ty, Value, shown};

impl<'a> Elaborator<'a> {
    pub(super) fn function(
        &mut self,
        scope: &Scope<'a>,
        function: &Function,
        call: &'a Call,
        args: &[&'a Expr],
    ) -> Traced {
        let callee = function.name.to_owned();
        if let Some(name) = call.args.iter().find_map(|arg| arg.name.as_ref()) {
            self.report(ProgramKind::NamedOfFunction { callee }.into(), name.span);
            return reported();
        }
        let (least, most) = match (function.more, function.bare) {
            (true, _) => (function.arguments.len(), usize::MAX),
            (false, true) => (0, function.arguments.len()),
            (false, false) => (function.arguments.len(), function.arguments.len()),
        };
        if args.len() < least {
            let all: Vec<String> = function.arguments.iter().map(|a| (*a).to_owned()).collect();
            let missing = all.iter().skip(args.len()).cloned().collect();
            let kind = ProgramKind::MissingOperands {
                callee,
                missing,
                all,
            };
            self.report(kind.into(), call.span);
            return reported();
        }
        if let Some(surplus) = args.get(most) {
            self.report(ProgramKind::Surplus { callee, most }.into(), surplus.span);
            return reported();
        }
        let wanted = match function.body {
            FunctionBody::Fixed => Ty::Init,
            _ => Ty::Float,
        };
        let mut values = vec![];
        let mut places = Places::literal(call.span);
        let mut whole = true;
        for arg in args {
            // Whether a number is whole is lost by reading it as a float.
            let raw = self.eval(scope, arg, Some(&wanted));
            whole &= matches!(raw.value, Value::Int(_));
            let of = format_args!("an argument of `{callee}`");
            let value = self.coerce(raw, &wanted, of, arg.span);
            if matches!(
                function.body,
                FunctionBody::Number(_) | FunctionBody::Select(_)
            ) {
                places = places.and(&value.places);
            }
            if let (FunctionBody::Start(_), Value::Float(x)) = (&function.body, &value.value)
                && *x < 0.0
            {
                let name = function
                    .arguments
                    .get(values.len())
                    .copied()
                    .unwrap_or("gain");
                let kind = OutOfRange {
                    what: format!("`{name}` of `{callee}`"),
                    found: shown(*x),
                    allowed: "0 or more".into(),
                };
                self.refuse(kind.into(), &value.places, arg.span);
                return reported();
            }
            values.push(value.value);
        }
        if values.iter().any(|v| matches!(v, Value::Unknown)) {
            return reported();
        }
        let numbers: Vec<f64> = values
            .iter()
            .filter_map(|v| match v {
                Value::Float(x) => Some(*x),
                _ => None,
            })
            .collect();
        let value = match function.body {
            FunctionBody::Number(f) => f(&numbers).map(Value::Float),
            FunctionBody::Select(f) => numbers.into_iter().reduce(f).map(|x| match whole {
                true => Value::Int(x as i64),
                false => Value::Float(x),
            }),
            FunctionBody::Start(f) => match numbers.iter().all(|x| x.is_finite()) {
                true => Some(Value::Init(Start::new(f(&numbers)))),
                false => None,
            },
            FunctionBody::Fixed => values.into_iter().next().map(|value| match value {
                Value::Init(start) => Value::Init(Start {
                    fixed: true,
                    ..start
                }),
                other => other,
            }),
        };
        match value {
            Some(value) => Traced { value, places },
            None => {
                self.refuse(ProgramKind::Undefined { callee }.into(), &places, call.span);
                reported()
            }
        }
    }
}
