//! Walks through expressions: what each name in them stands for.

use termc_grammar::ast::{Call, Expr, ExprKind, Name, Span};

use super::call::{Called, Parameter, built_in};
use super::item::{Context, Walk};
use super::{BuiltIn, Meaning};
use crate::elaborate::Body;
use crate::language::{Function, Parameter as Row, Ty, bare_start, function};

/// A row of a table: its name, and its parameters.
pub(super) type Named = (&'static str, fn() -> Vec<Row>);

/// The attributes of tensors and lists.
pub(super) const ATTRIBUTES: &[(&str, &str)] = &[
    ("channels", "The channels of a tensor."),
    (
        "rank",
        "How many axes of positions a tensor has: 2 for images, 1 for sequences, 0 without positions.",
    ),
    (
        "sizes",
        "The sizes of a tensor's axes of positions, a list.",
    ),
    (
        "positions",
        "How many positions a tensor has: the product of its sizes.",
    ),
    ("height", "The rows of an image."),
    ("width", "The columns of an image."),
    ("length", "The length of a sequence."),
    ("count", "How many elements a list has."),
];

impl<'a> Walk<'a> {
    /// Everything that an expression names.
    pub fn value(&mut self, context: Context<'a>, expr: &'a Expr) {
        let plain = Context {
            want: None,
            ..context.clone()
        };
        match &expr.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) => {}
            ExprKind::Name(name) => self.name(&context, name, expr.span),
            ExprKind::List(items) => {
                let want = context.want.as_ref().map(element);
                for item in items {
                    self.value(
                        Context {
                            want: want.clone(),
                            ..context.clone()
                        },
                        item,
                    );
                }
            }
            ExprKind::Call(call) => self.call(&context, call, None),
            ExprKind::Pipe { value, into } => self.call(&context, into, Some(value)),
            ExprKind::Unary { value, .. } => self.value(plain, value),
            ExprKind::Binary { lhs, rhs, .. } => {
                self.value(plain.clone(), lhs);
                self.value(plain, rhs);
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                self.value(plain, condition);
                self.value(context.clone(), then);
                self.value(context, otherwise);
            }
            ExprKind::Index { value, index } => {
                self.value(context, value);
                self.value(plain, index);
            }
            ExprKind::Slice { value, start, end } => {
                self.value(context, value);
                for end in start.iter().chain(end) {
                    self.value(plain.clone(), end);
                }
            }
            ExprKind::Field { value, name } => {
                if context.want == Some(Ty::Values)
                    && let Some(owner) = context.owner
                {
                    self.walk_target(self.inside_model(owner), expr);
                    return;
                }
                self.value(plain, value);
                if let Some((_, doc)) = ATTRIBUTES.iter().find(|(own, _)| *own == name.text) {
                    self.built_in(name.span, "attribute", &name.text, doc);
                }
            }
        }
    }

    fn name(&mut self, context: &Context<'a>, name: &str, span: Span) {
        if let Some(words) = context.want.as_ref().and_then(Ty::words)
            && words.words.contains(&name)
        {
            let doc = format!("{name}\n\nA word of `{}`.", words.name);
            self.built_in(span, "word", name, &doc);
            return;
        }
        if let Some(meaning) = self.meaning(context, name, span.start) {
            self.say(span, meaning, false);
        }
    }

    /// What a name stands for where a value is read.
    fn meaning(&self, context: &Context<'a>, name: &str, at: u32) -> Option<Meaning> {
        if let Some(number) = context.owner.and_then(|owner| self.seen(owner, name, at)) {
            return Some(Meaning::Symbol(number));
        }
        if name == "pi" {
            return Some(built_in("word of the language", name));
        }
        if let Some(number) = self.program.find(context.file, name)
            && let Body::Const(_) = self.program.get(number).body
        {
            return self.definition(number).map(Meaning::Symbol);
        }
        if bare_start(name).is_some() {
            // `none` is a word, all others are functions without their arguments.
            let kind = function(name).map_or("word of the language", Function::kind);
            return Some(built_in(kind, name));
        }
        self.callee(context.owner, context.file, name, at)
            .map(|(meaning, _)| meaning)
    }

    fn call(&mut self, context: &Context<'a>, call: &'a Call, piped: Option<&'a Expr>) {
        let plain = Context {
            want: None,
            ..context.clone()
        };
        let Name { text, span } = &call.callee;
        let Some((meaning, called)) = self.callee(context.owner, context.file, text, span.start)
        else {
            for value in piped
                .into_iter()
                .chain(call.args.iter().map(|arg| &arg.value))
            {
                self.value(plain.clone(), value);
            }
            return;
        };
        self.say(call.callee.span, meaning, false);
        let parameters = called
            .as_ref()
            .map(|called| self.parameters(called))
            .unwrap_or_default();
        self.arguments(
            &plain,
            call,
            piped,
            &parameters,
            fixed_by_name(context.want.as_ref(), called.as_ref()),
        );
    }

    fn arguments(
        &mut self,
        context: &Context<'a>,
        call: &'a Call,
        piped: Option<&'a Expr>,
        parameters: &[Parameter<'a>],
        by_name: bool,
    ) {
        let mut next = 0;
        let unnamed = piped.map(|value| (None, value));
        let args = call.args.iter().map(|arg| (arg.name.as_ref(), &arg.value));
        for (name, value) in unnamed.into_iter().chain(args) {
            let parameter = match name {
                Some(name) => parameters.iter().find(|param| param.name == name.text),
                None if by_name => None,
                None => {
                    let param = parameters.get(next).or(parameters.last());
                    next += usize::from(param.is_none_or(|param| param.ty != Some(Ty::Tensors)));
                    param
                }
            };
            if let (Some(name), Some(parameter)) = (name, parameter) {
                self.say(name.span, parameter.meaning.clone(), false);
            }
            let want = parameter.and_then(|param| param.ty.clone());
            self.value(
                Context {
                    want,
                    ..context.clone()
                },
                value,
            );
        }
    }

    /// A row of a table, `name` or `name(arguments)`.
    pub fn row(
        &mut self,
        context: Context<'a>,
        kind: &'static str,
        rows: &[Named],
        expr: &'a Expr,
    ) {
        let (name, span, call) = match &expr.kind {
            ExprKind::Name(name) => (name, expr.span, None),
            ExprKind::Call(call) => (&call.callee.text, call.callee.span, Some(call)),
            _ => return,
        };
        let Some((own, parameters)) = rows.iter().find(|(own, _)| own == name) else {
            return;
        };
        self.say(
            span,
            Meaning::BuiltIn(BuiltIn {
                kind,
                name: name.clone(),
                doc: String::new(),
            }),
            false,
        );
        if let Some(call) = call {
            let parameters = self.parameters(&Called::Row(own, parameters()));
            self.arguments(&context, call, None, &parameters, false);
        }
    }
}

/// Whether a call is a block value, whose arguments are all given by name.
fn fixed_by_name(want: Option<&Ty>, called: Option<&Called<'_>>) -> bool {
    matches!(want, Some(Ty::Block | Ty::Constant)) && !matches!(called, Some(Called::Function))
}

/// What is wanted of the elements of a list that is wanted to be this.
fn element(ty: &Ty) -> Ty {
    match ty {
        Ty::List(of) => (**of).clone(),
        Ty::Parts => Ty::Int,
        other => other.clone(),
    }
}
