//! Writes the forward pass and the numbers of one structure by the words of a target: names, what is read for the last time,
//! and the places of operands in calls. The same for all targets.

use std::collections::{HashMap, HashSet};

use super::doc::{Doc, Doc::Text};
use super::flow::{Flow, What};
use super::form::{
    Argument, Bound, CallExpr, Expr, FieldKind, FieldRead, Form, Name, Num, OpExpr, Part, Place,
    Read, Statement, Structure,
};
use super::items::{Items, Named};
use super::names::{Names, snake};
use super::target::{Body, Line, Printed, Round, Target, Tensors, Tightness};
use crate::bug::bug;
use crate::primitives::written::{Code, Number};

/// What the names of a structure's file are.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub target: &'a dyn Target,
    pub form: &'a Form,
    pub items: &'a Items,
}

impl<'a> Scope<'a> {
    fn named(self, number: usize) -> &'a Named {
        let place = self.form.places.get(number);
        match place.and_then(|place| self.items.structures.get(*place)) {
            Some(named) => named,
            None => bug!("there is no structure {number}"),
        }
    }

    /// The name of a structure by its number.
    pub fn name_of(self, number: usize) -> &'a str {
        &self.named(number).name
    }

    /// Its name and those of its parameters.
    pub fn parameters_of(self, number: usize) -> (&'a str, &'a [String]) {
        let named = self.named(number);
        (&named.name, &named.parameters)
    }
}

/// One structure while it is written.
pub(super) struct Writer<'a> {
    pub scope: Scope<'a>,
    pub structure: &'a Structure,
    pub named: &'a Named,
    /// Whether numbers stand in the forward pass.
    forward: bool,
    names: Names,
    known: HashMap<Name, String>,
    dims: Vec<(String, [Option<String>; 3])>,
    flow: Flow,
    /// The name of the round's number.
    round: String,
    /// Whether something reads it.
    pub round_is_read: bool,
    /// Lists that the loop goes through.
    over: Vec<Name>,
    grown: Vec<String>,
}

impl<'a> Writer<'a> {
    pub fn new(scope: Scope<'a>, place: usize) -> Self {
        let (structure, named) = match (
            scope.form.structures.get(place),
            scope.items.structures.get(place),
        ) {
            (Some(structure), Some(named)) => (structure, named),
            _ => bug!("there is no structure at {place}"),
        };
        Self {
            scope,
            structure,
            named,
            forward: false,
            names: Names::default(),
            known: HashMap::new(),
            dims: vec![],
            flow: Flow::default(),
            round: "i".into(),
            round_is_read: false,
            over: vec![],
            grown: vec![],
        }
    }

    /// The forward pass.
    pub fn body(&mut self) -> Body {
        // Once to see what is read when, and again knowing it.
        self.pass();
        self.flow.decide();
        let body = self.pass();
        self.forward = false;
        body
    }

    fn pass(&mut self) -> Body {
        let words = self.scope.target.words();
        let called = called(self.structure, self.scope);
        let kept = words
            .kept
            .iter()
            .copied()
            .chain(words.values.iter().copied());
        self.names = Names::reserving(
            kept.map(str::to_owned)
                .chain(called)
                .chain(["device".into(), "training".into()]),
        );
        self.forward = true;
        self.known.clear();
        self.dims.clear();
        self.grown = vec![];
        for statement in &self.structure.body {
            grown(statement, &mut self.grown);
        }
        let mut inputs = vec![];
        for input in &self.structure.inputs {
            let name = self.name(Name::Input(input.source.clone()));
            inputs.push((name, input.list));
        }
        if self.structure.is_function() {
            for name in &self.named.parameters {
                self.names.give(name);
            }
        }
        let lines = self.lines(&self.structure.body);
        let result = match &self.structure.result {
            Some(result) => self.expr(result).doc,
            None => Doc::Nil,
        };
        Body {
            inputs,
            dims: std::mem::take(&mut self.dims),
            lines,
            result,
        }
    }

    /// Gives something a name in the target.
    fn name(&mut self, name: Name) -> String {
        let (Name::Input(text) | Name::Local(text)) = &name;
        let given = self.names.give(&snake(text));
        self.flow.see(&given, What::Made);
        self.known.insert(name, given.clone());
        given
    }

    fn local(&mut self, name: &str) -> String {
        self.name(Name::Local(name.to_owned()))
    }

    fn named(&self, name: &Name) -> String {
        match self.known.get(name) {
            Some(name) => name.clone(),
            None => bug!("{name:?} is read before it is made"),
        }
    }

    fn lines(&mut self, statements: &[Statement]) -> Vec<Line> {
        let mut lines = vec![];
        for statement in statements {
            let line = self.line(statement);
            lines.push(line);
        }
        lines
    }

    fn line(&mut self, statement: &Statement) -> Line {
        match statement {
            Statement::Let(name, expr) | Statement::Parts(name, expr) => {
                let doc = self.expr(expr).doc;
                Line::Let(self.local(name), doc)
            }
            Statement::Variable(name, expr) => {
                let doc = self.expr(expr).doc;
                Line::Variable(self.local(name), doc)
            }
            Statement::Set(name, expr) => {
                let doc = self.expr(expr).doc;
                let name = self.named(&Name::Local(name.clone()));
                self.flow.see(&name, What::Set);
                Line::Set(name, doc)
            }
            Statement::List(name, exprs) => {
                let docs = exprs.iter().map(|expr| self.expr(expr).doc).collect();
                let grows = self.grown.contains(name);
                Line::List(self.local(name), docs, grows)
            }
            Statement::Push(name, expr) => {
                let doc = self.expr(expr).doc;
                Line::Push(self.named(&Name::Local(name.clone())), doc)
            }
            Statement::Collect(name, rounds, exprs) => {
                let all: Vec<&Expr> = exprs.iter().collect();
                let (round, docs) = self.rounds(rounds, &all, |writer| {
                    let each = exprs.iter().map(|expr| {
                        let doc = writer.expr(expr).doc;
                        writer.flow.next_arm();
                        doc
                    });
                    each.collect()
                });
                Line::Collect(self.local(name), round, docs)
            }
            Statement::Loop(rounds, arms) => {
                let mut all: Vec<Expr> = vec![];
                for statement in arms.iter().flatten() {
                    statement.each_expr(&mut |expr| all.push(expr.clone()));
                }
                let all: Vec<&Expr> = all.iter().collect();
                let (round, arms) = self.rounds(rounds, &all, |writer| {
                    let each = arms.iter().map(|arm| {
                        let lines = writer.lines(arm);
                        writer.flow.next_arm();
                        lines
                    });
                    each.collect()
                });
                Line::Loop(round, arms)
            }
        }
    }

    /// A loop: its head, and what `inside` makes of its arms.
    fn rounds<T>(
        &mut self,
        rounds: &Num,
        exprs: &[&Expr],
        inside: impl FnOnce(&mut Self) -> Vec<T>,
    ) -> (Round, Vec<T>) {
        let over = self.gone_through(rounds, exprs);
        let count = self.num(rounds).doc;
        let outside = (self.names.clone(), self.known.clone(), self.round.clone());
        let list = over.as_ref().map(|name| self.named(name));
        self.flow.enter();
        let element = over.clone().map(|name| {
            self.over.push(name.clone());
            let (Name::Input(text) | Name::Local(text)) = &name;
            let element = self.names.give_inner(&snake(text));
            self.flow.see(&inner(&element), What::Made);
            self.known.insert(name, element.clone());
            element
        });
        self.round = self.names.give("i");
        let before = std::mem::take(&mut self.round_is_read);
        let arms = inside(self);
        let counted = std::mem::replace(&mut self.round_is_read, before) || arms.len() > 1;
        self.flow.leave();
        self.over.clear();
        let name = counted.then(|| self.round.clone());
        (self.names, self.known, self.round) = outside;
        let over = list.zip(element).map(|(list, element)| {
            let how = self.flow.read(&list, true);
            let lent = matches!(self.list_of(&list), Some(Name::Input(_)));
            (self.scope.target.gone_through(&list, how, lent), element)
        });
        (Round { count, name, over }, arms)
    }

    /// What has this name in the target.
    fn list_of(&self, name: &str) -> Option<&Name> {
        self.known
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(name, _)| name)
    }

    /// A list of which every round reads its own element and nothing else.
    fn gone_through(&self, rounds: &Num, exprs: &[&Expr]) -> Option<Name> {
        let mut reads: Vec<(Name, bool)> = vec![];
        for expr in exprs {
            expr.each(&mut |expr| match expr {
                Expr::Read(read) => {
                    if let Some(place) = read.place {
                        reads.push((read.name.clone(), place == Place::Round(0)));
                    }
                }
                Expr::Op(op) => slices(&op.operands, &mut reads),
                Expr::Call(call) => {
                    for argument in &call.arguments {
                        if let Argument::List(parts) = argument {
                            slices(parts, &mut reads);
                        }
                    }
                }
                Expr::Number(_) => {}
            });
        }
        let own = |name: &Name| reads.iter().all(|(other, own)| other != name || *own);
        let as_long = |name: &Name| match name {
            Name::Input(input) => *rounds == Num::Length(input.clone()),
            Name::Local(local) => self.structure.body.iter().any(|statement| match statement {
                Statement::Parts(list, Expr::Op(op)) => {
                    list == local && op.numbers.first() == Some(rounds)
                }
                _ => false,
            }),
        };
        let mut names = reads.iter().map(|(name, _)| name);
        names.find(|name| own(name) && as_long(name)).cloned()
    }

    fn expr(&mut self, expr: &Expr) -> Printed {
        match expr {
            Expr::Read(read) => self.read(read),
            Expr::Number(num) => self.num(num),
            Expr::Op(op) => {
                let code = self.scope.target.code(&op.burn, &op.torch).clone();
                self.code(&code, op)
            }
            Expr::Call(call) => self.call(call),
        }
    }

    fn read(&mut self, read: &Read) -> Printed {
        let name = self.named(&read.name);
        let through = self.over.contains(&read.name);
        match read.place.filter(|_| !through) {
            None => {
                let key = if through { inner(&name) } else { name.clone() };
                let how = self.flow.read(&key, true);
                self.scope.target.variable(&name, how)
            }
            Some(place) => {
                self.round_is_read |= matches!(place, Place::Round(_));
                self.flow.read(&name, false);
                self.scope.target.element(&name, &place, &self.round)
            }
        }
    }

    fn field(&mut self, field: &FieldRead) -> (Printed, FieldKind) {
        let place = self
            .structure
            .fields
            .iter()
            .position(|known| known.name == field.name);
        let Some((known, name)) =
            place.and_then(|at| Some((self.structure.fields.get(at)?, self.named.fields.get(at)?)))
        else {
            bug!("there is no field `{}`", field.name)
        };
        self.round_is_read |= matches!(field.place, Some(Place::Round(_)));
        let printed = self
            .scope
            .target
            .field(name, field.place.as_ref(), &self.round);
        (printed, known.kind.clone())
    }

    /// What an operation holds: a tensor or a module.
    fn held(&mut self, op: &OpExpr) -> Printed {
        let Some(field) = &op.held else {
            bug!("an operation holds nothing")
        };
        match self.field(field) {
            (printed, FieldKind::Tensor) => self.scope.target.tensor(printed),
            (printed, _) => printed,
        }
    }

    fn operand(&mut self, part: Option<&Part>) -> Printed {
        match part {
            Some(Part::One(expr)) => self.expr(expr),
            _ => bug!("an operand is a list"),
        }
    }

    fn code(&mut self, code: &Code, op: &OpExpr) -> Printed {
        let target = self.scope.target;
        match code {
            Code::Operand(index) => self.operand(op.operands.get(*index)),
            Code::Operands => {
                let parts = self.tensors(&op.operands);
                atom(target.tensors(parts))
            }
            Code::Number(index) => match op.numbers.get(*index) {
                Some(num) => self.num(num),
                None => bug!("there is no number {index}"),
            },
            Code::Numbers => {
                let numbers = op.numbers.iter().map(|num| self.num(num).doc).collect();
                target.list(numbers)
            }
            Code::Held => self.held(op),
            Code::Apply(arguments) => {
                let held = self.held(op);
                let arguments = arguments.iter().map(|a| self.code(a, op).doc).collect();
                target.apply(held, arguments)
            }
            Code::Device => self.device(),
            Code::Training => match target.training(self.structure.is_function()) {
                Some(printed) => printed,
                None => bug!("a target is asked whether it trains"),
            },
            Code::Text(text) => atom(Text(text.clone())),
            Code::Borrowed(inner) => {
                let inner = self.code(inner, op);
                target.borrowed(inner)
            }
            Code::Call(function, arguments) => {
                let arguments = arguments.iter().map(|a| self.code(a, op).doc).collect();
                target.call(function, arguments)
            }
            Code::Method(on, method, arguments) => {
                let on = self.code(on, op);
                let arguments = arguments.iter().map(|a| self.code(a, op).doc).collect();
                target.method(on, method, arguments)
            }
            Code::Binary(left, operator, right) => {
                let left = self.code(left, op);
                let right = self.code(right, op);
                binary(left, operator, right)
            }
            Code::List(elements) => {
                let elements = elements.iter().map(|e| self.code(e, op).doc).collect();
                target.list(elements)
            }
        }
    }

    fn device(&mut self) -> Printed {
        let tensor = self.structure.inputs.iter().find(|input| !input.list);
        let variable = tensor.map(|input| self.named(&Name::Input(input.source.clone())));
        if let Some(variable) = &variable {
            self.flow.read(variable, false);
        }
        self.scope.target.device(variable.as_deref())
    }

    fn call(&mut self, call: &CallExpr) -> Printed {
        let name = self.scope.name_of(call.structure);
        let callee = self.scope.form.structure(call.structure);
        let mut arguments = vec![];
        for argument in &call.arguments {
            arguments.push(match argument {
                Argument::One(expr) => self.expr(expr).doc,
                Argument::List(parts) => {
                    let parts = self.tensors(parts);
                    self.scope.target.lent(parts)
                }
            });
        }
        if callee.is_function() {
            for at in &callee.order {
                if let Some(num) = call.numbers.get(*at) {
                    arguments.push(self.num(num).doc);
                }
            }
        }
        if callee.device {
            arguments.push(self.device().doc);
        }
        if callee.is_function() && callee.training {
            let training = self.scope.target.training(self.structure.is_function());
            arguments.extend(training.map(|printed| printed.doc));
        }
        match &call.field {
            Some(field) => {
                let (field, _) = self.field(field);
                self.scope.target.apply(field, arguments)
            }
            None => self.scope.target.call(name, arguments),
        }
    }

    fn tensors(&mut self, parts: &[Part]) -> Vec<Tensors> {
        let mut all = vec![];
        for part in parts {
            all.push(match part {
                Part::One(expr) => Tensors::One(self.expr(expr).doc),
                Part::Repeat(expr, times) => {
                    let one = self.expr(expr).doc;
                    Tensors::Repeat(one, self.num(times).doc)
                }
                Part::Slice(name, from, to) => {
                    let list = self.named(name);
                    let lent = matches!(name, Name::Input(_));
                    let whole = (*from, *to) == (Bound::Start, Bound::End);
                    let how = self.flow.read(&list, whole && !lent);
                    match whole {
                        true => Tensors::Whole(list, how, lent),
                        false => {
                            let of_round = |bound: &Bound| matches!(bound, Bound::Round(_));
                            self.round_is_read |= of_round(from) || of_round(to);
                            Tensors::Slice(list, *from, *to, self.round.clone())
                        }
                    }
                }
            });
        }
        all
    }

    /// A number where it is needed.
    pub fn num(&mut self, num: &Num) -> Printed {
        let target = self.scope.target;
        match num {
            Num::Value(number) => target.literal(*number),
            Num::Init(starts, numbers) => {
                let numbers = numbers.iter().map(|n| self.num(n).doc).collect();
                target.start(*starts, numbers)
            }
            Num::Parameter(at) => {
                let names = match self.forward && !self.structure.is_function() {
                    true => &self.named.kept,
                    false => &self.named.parameters,
                };
                match names.get(*at) {
                    Some(name) if self.forward => target.kept(name, self.structure.is_function()),
                    Some(name) => atom(Text(name.clone())),
                    None => bug!("there is no parameter {at}"),
                }
            }
            Num::Dim(input, axis) => atom(Text(self.dim(input, *axis))),
            Num::Length(input) => {
                let list = self.named(&Name::Input(input.clone()));
                target.length(atom(Text(list)))
            }
            Num::Fields(name) => {
                let field = FieldRead {
                    name: name.clone(),
                    place: None,
                };
                let (field, _) = self.field(&field);
                target.length(field)
            }
            Num::Round => {
                self.round_is_read = true;
                atom(Text(self.round.clone()))
            }
            Num::Op(a, operator, b) => {
                let (a, b) = (self.num(a), self.num(b));
                let operator = match operator {
                    '÷' => target.division().to_owned(),
                    other => other.to_string(),
                };
                binary(a, &operator, b)
            }
            Num::Sqrt(inner) => {
                let inner = self.num(inner);
                target.root(inner)
            }
            Num::Cast(inner) => match **inner {
                Num::Value(Number::Int(n)) => target.literal(Number::Float(n as f64)),
                _ => {
                    let inner = self.num(inner);
                    target.cast(inner)
                }
            },
            Num::Pi => target.constant("PI"),
            Num::Tau => target.constant("TAU"),
            Num::Table(numbers) => {
                self.round_is_read = true;
                let numbers = numbers.iter().map(|n| self.num(n).doc).collect();
                target.table(numbers, &self.round)
            }
        }
    }

    /// The name of a size of an input.
    fn dim(&mut self, input: &str, axis: usize) -> String {
        let variable = self.named(&Name::Input(input.to_owned()));
        let first = self
            .structure
            .inputs
            .first()
            .is_some_and(|first| first.source == input);
        let known = self.dims.iter().position(|(name, _)| *name == variable);
        let at = known.unwrap_or_else(|| {
            self.dims.push((variable.clone(), [None, None, None]));
            self.dims.len() - 1
        });
        let what = ["channels", "height", "width"];
        let what = what.get(axis.saturating_sub(1)).copied().unwrap_or("size");
        let slot = self
            .dims
            .get_mut(at)
            .and_then(|(_, axes)| axes.get_mut(axis.saturating_sub(1)));
        match slot {
            Some(Some(name)) => name.clone(),
            Some(slot) => {
                let wanted = if first {
                    what.to_owned()
                } else {
                    format!("{variable}_{what}")
                };
                let name = self.names.give(&wanted);
                *slot = Some(name.clone());
                name
            }
            None => bug!("a tensor has no axis {axis}"),
        }
    }
}

/// An element that hides its list's name.
fn inner(name: &str) -> String {
    format!("{name}#")
}

/// The functions that a body calls, by their names in the target.
fn called(structure: &Structure, scope: Scope<'_>) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut see = |expr: &Expr| match expr {
        Expr::Op(op) => functions(scope.target.code(&op.burn, &op.torch), &mut names),
        Expr::Call(call) if call.field.is_none() => {
            names.insert(scope.name_of(call.structure).to_owned());
        }
        _ => {}
    };
    structure.each_expr(&mut see);
    names
}

/// The functions that a primitive's call names.
pub(super) fn functions(code: &Code, names: &mut HashSet<String>) {
    if let Code::Call(function, _) = code {
        names.insert((*function).to_owned());
    }
    code.each_inner(&mut |inner| functions(inner, names));
}

fn slices(parts: &[Part], reads: &mut Vec<(Name, bool)>) {
    for part in parts {
        if let Part::Slice(name, ..) = part {
            reads.push((name.clone(), false));
        }
    }
}

fn grown(statement: &Statement, names: &mut Vec<String>) {
    match statement {
        Statement::Push(name, _) => names.push(name.clone()),
        Statement::Loop(_, arms) => arms.iter().flatten().for_each(|s| grown(s, names)),
        _ => {}
    }
}

fn atom(doc: Doc) -> Printed {
    Printed {
        doc,
        tight: Tightness::Atom,
        chain: vec![],
    }
}

/// No wider than an indentation.
const SHORT: usize = 4;

/// `left operator right`, with brackets where they are needed.
pub(super) fn binary(left: Printed, operator: &str, right: Printed) -> Printed {
    use super::doc::{ANY, all, group, nest, text};
    let tight = match operator {
        "+" | "-" => Tightness::Sum,
        _ => Tightness::Product,
    };
    let left = left.at_least(tight, false);
    let right = right.at_least(tight, true);
    // What follows a very short name stays on its line.
    if left.flat().is_some_and(|width| width <= SHORT) {
        return Printed {
            doc: all([left, text(format!(" {operator} ")), right]),
            tight,
            chain: vec![],
        };
    }
    let rest = nest(all([Doc::Line, text(format!("{operator} ")), right]));
    Printed {
        doc: group(ANY, all([left, rest])),
        tight,
        chain: vec![],
    }
}

impl Printed {
    /// In brackets unless it holds together this tightly, or more tightly than this.
    pub fn at_least(self, tight: Tightness, more: bool) -> Doc {
        use super::doc::{all, text};
        match self.tight > tight || (self.tight == tight && !more) {
            true => self.doc,
            false => all([text("("), self.doc, text(")")]),
        }
    }
}
