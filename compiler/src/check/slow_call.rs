//! Evaluates what describes slow nets: their definitions, `magnet` and initial distributions. Makes no parameters.

use std::rc::Rc;

use termc_grammar::ast::{Call, SlowDef};

use super::Checker;
use super::call::Bound;
use super::signature::{Slot, needed};
use super::value::{InitSpec, ScaleSpec, SlowSpec, Ty, Value};
use crate::diagnostics::{Code, Diagnostic, nearest, one_of};
use crate::model::Span;
use crate::ops;

impl<'a> Checker<'a> {
    pub(super) fn slow_without_arguments(&mut self, name: &'a str, span: Span) -> Value {
        let Some(slow) = self.slows.get(name).copied() else {
            return Value::Unknown;
        };
        self.used.insert(name);
        let missing: Vec<&str> = slow
            .params
            .iter()
            .filter(|p| p.default.is_none())
            .map(|p| p.name.text.as_str())
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "slow net `{name}` needs {}",
                one_of(missing.iter().copied()).replace(" or ", " and ")
            );
            let diagnostic = Diagnostic::new(Code::Arity, span, message)
                .label("no arguments here")
                .related(slow.name.span, "its parameters")
                .help(format!(
                    "write `{name}({}: ...)`",
                    missing.first().unwrap_or(&"")
                ));
            self.report(diagnostic);
            return Value::Unknown;
        }
        self.enter_slow(slow, slow.params.iter().map(|_| None).collect())
    }

    pub(super) fn call_slow(
        &mut self,
        slow: &'a SlowDef,
        call: &'a Call,
        first: Option<(Value, Span)>,
    ) -> Value {
        self.used.insert(&slow.name.text);
        let parameters = self.parameters(&slow.params);
        match self.bind(&slow.name.text, &parameters, call, first) {
            Some(bound) => self.enter_slow(slow, bound),
            None => Value::Unknown,
        }
    }

    /// Evaluates a slow net's definition with bound parameters.
    pub(super) fn enter_slow(&mut self, slow: &'a SlowDef, bound: Bound) -> Value {
        if self.slow_stack.contains(&slow.name.text.as_str()) {
            let diagnostic = Diagnostic::new(
                Code::Recursion,
                slow.name.span,
                format!("slow net `{}` contains itself", slow.name.text),
            )
            .label("expanding this never ends")
            .help("a slow net is described by `magnet(...)`");
            self.report(diagnostic);
            return Value::Unknown;
        }
        self.slow_stack.push(&slow.name.text);
        self.open_frame(
            format!("slow net `{}`", slow.name.text),
            &slow.params,
            bound,
        );
        let value = self.eval(&slow.value, Some(Ty::Slow));
        self.frames.pop();
        self.slow_stack.pop();
        value
    }

    pub(super) fn call_magnet(&mut self, call: &'a Call, first: Option<(Value, Span)>) -> Value {
        let Some(args) = self.bind_slots("magnet", ops::MAGNET, call, first) else {
            return Value::Unknown;
        };
        if args.unknown() {
            return Value::Unknown;
        }
        let scale = |value: &Value| match value {
            Value::Trained(x) => Some(ScaleSpec::Trained(*x)),
            Value::Int(i) => Some(ScaleSpec::Constant(*i as f64)),
            Value::Float(x) => Some(ScaleSpec::Constant(*x)),
            _ => None,
        };
        let (hidden, layers) = (self.whole(&args, 0, 1, 4096), self.whole(&args, 1, 1, 64));
        let (omega, gamma) = (self.scale(&args, 2), self.scale(&args, 3));
        let spec = (|| {
            Some(SlowSpec {
                hidden: hidden?,
                layers: layers?,
                omega: omega?,
                gamma: gamma?,
                init: match args.value(4) {
                    Value::Init(init) => *init,
                    _ => return None,
                },
                bias: args.float(5)?,
                alpha: scale(args.value(6))?,
                beta: scale(args.value(7))?,
            })
        })();
        spec.map_or(Value::Unknown, |spec| Value::Slow(Rc::new(spec)))
    }

    pub(super) fn init_word(&mut self, name: &str, span: Span) -> Value {
        match ops::INITS.iter().find(|(n, _)| *n == name) {
            Some((_, Some(init))) => Value::Init(*init),
            Some((_, None)) => {
                let diagnostic =
                    Diagnostic::new(Code::Arity, span, format!("`{name}` needs a number"))
                        .help(format!("write `{name}(0.1)`"));
                self.report(diagnostic);
                Value::Unknown
            }
            None => {
                let names = ops::INITS.iter().map(|(n, _)| *n);
                let mut diagnostic = Diagnostic::new(
                    Code::UnknownWord,
                    span,
                    format!("unknown initial distribution `{name}`"),
                )
                .label(format!("expected {}", one_of(names.clone())));
                if let Some(near) = nearest(name, names) {
                    diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                }
                self.report(diagnostic);
                Value::Unknown
            }
        }
    }

    pub(super) fn call_init(&mut self, call: &'a Call, first: Option<(Value, Span)>) -> Value {
        let name = call.callee.text.as_str();
        const VALUE: &[Slot] = &[needed("value", Ty::Float)];
        match ops::INITS.iter().find(|(n, _)| *n == name) {
            Some((_, None)) => {}
            Some((_, Some(_))) => {
                let diagnostic = Diagnostic::new(
                    Code::Arity,
                    call.span,
                    format!("`{name}` takes no argument"),
                )
                .help(format!("write `{name}`"));
                self.report(diagnostic);
                return Value::Unknown;
            }
            None => return self.init_word(name, call.callee.span),
        }
        let Some(args) = self.bind_slots(name, VALUE, call, first) else {
            return Value::Unknown;
        };
        let Some(x) = args.float(0) else {
            return Value::Unknown;
        };
        let allowed = match name {
            "constant" => (-1e30..=1e30, "from -1e30 to 1e30"),
            // Where a spread begins to be stored and printed as none.
            _ => (1e-10..=1e30, "from 1e-10 to 1e30"),
        };
        if !allowed.0.contains(&x) {
            self.out_of_range(args.span(0), "value", x, allowed.1);
            return Value::Unknown;
        }
        Value::Init(match name {
            "uniform" => InitSpec::Uniform(x),
            "normal" => InitSpec::Normal(x),
            _ => InitSpec::Constant(x),
        })
    }
}
