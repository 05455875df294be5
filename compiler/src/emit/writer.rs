//! Writes the forward pass and the numbers of one structure by the words of a target: names, what is read for the last time,
//! and the places of operands in calls. The same for all targets.

use std::collections::HashMap;

use super::doc::Doc;
use super::flow::{Flow, What};
use super::form::{Argument, Expr, Form, Name, Num, OpExpr, Part, Place, Statement, Structure};
use super::items::{Items, Named};
use super::names::{Names, snake};
use super::target::{Body, Line, Round, Target};
use super::used::called;
use crate::bug::bug;
use crate::primitives::written::Code;

/// What the names of a structure's file are.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub target: &'a dyn Target,
    pub form: &'a Form,
    pub items: &'a Items,
}

impl<'a> Scope<'a> {
    pub(super) fn named(self, number: usize) -> &'a Named {
        match self.items.structures.get(self.form.place(number)) {
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
    /// What the only field is called where it is lent.
    pub lent: Option<String>,
    /// Whether numbers stand in the forward pass.
    pub(super) forward: bool,
    /// Where each field is.
    pub(super) fields: HashMap<&'a str, usize>,
    pub(super) names: Names,
    pub(super) known: HashMap<Name, String>,
    pub(super) dims: Vec<(String, [Option<String>; 3])>,
    pub(super) flow: Flow,
    /// The name of the round's number.
    pub(super) round: String,
    /// Whether something reads it.
    pub round_is_read: bool,
    /// Lists that the loop goes through.
    pub(super) over: Vec<Name>,
    pub(super) grown: Vec<String>,
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
            lent: None,
            forward: false,
            fields: (structure.fields.iter().enumerate())
                .map(|(at, field)| (field.name.as_str(), at))
                .collect(),
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

    pub(super) fn pass(&mut self) -> Body {
        let words = self.scope.target.words();
        let scope = self.scope;
        let name_of = |number| scope.name_of(number).to_owned();
        let called = called(self.structure, scope.form, scope.target, &name_of);
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
        if self.structure.is_function() {
            for name in &self.named.parameters {
                self.names.give(name);
            }
        }
        let mut inputs = vec![];
        for input in &self.structure.inputs {
            let name = self.name(Name::Input(input.source.clone()));
            inputs.push((name, input.list));
        }
        if let ([field], true) = (self.structure.fields.as_slice(), self.structure.lent) {
            let last = field.name.rsplit('.').next().unwrap_or_default();
            self.lent = Some(self.names.give(&snake(last)));
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
    pub(super) fn name(&mut self, name: Name) -> String {
        let (Name::Input(text) | Name::Local(text)) = &name;
        let given = self.names.give(&snake(text));
        self.flow.see(&given, What::Made);
        self.known.insert(name, given.clone());
        given
    }

    pub(super) fn local(&mut self, name: &str) -> String {
        self.name(Name::Local(name.to_owned()))
    }

    pub(super) fn named(&self, name: &Name) -> String {
        match self.known.get(name) {
            Some(name) => name.clone(),
            None => bug!("{name:?} is read before it is made"),
        }
    }

    pub(super) fn lines(&mut self, statements: &[Statement]) -> Vec<Line> {
        let mut lines = vec![];
        for statement in statements {
            let line = self.line(statement);
            lines.push(line);
        }
        lines
    }

    pub(super) fn line(&mut self, statement: &Statement) -> Line {
        match statement {
            Statement::Let(name, expr) | Statement::Parts(name, expr) => {
                if let (Statement::Let(..), Expr::Op(op)) = (statement, expr)
                    && let Some((function, more)) = self.gathered(op)
                {
                    let parts = self.tensors(&op.operands);
                    let more = more.iter().map(|code| self.code(code, op).doc).collect();
                    return Line::Gathered(self.local(name), parts, function, more);
                }
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
                let grows = self.grown.contains(name);
                Line::Collect(self.local(name), round, docs, grows)
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

    /// The function of a list that is best gathered by statements: several lists and single tensors.
    fn gathered<'b>(&self, op: &'b OpExpr) -> Option<(&'static str, &'b [Code])> {
        let list = |part: &Part| matches!(part, Part::Slice(..) | Part::Repeat(..));
        let several = op.operands.len() > 1 && op.operands.iter().any(list);
        match self.scope.target.code(&op.burn, &op.torch) {
            Code::Call(function, arguments) if several && self.scope.target.gathers() => {
                let (first, more) = arguments.split_first()?;
                (*first == Code::Operands).then_some((*function, more))
            }
            _ => None,
        }
    }

    /// A loop: its head, and what `inside` makes of its arms.
    pub(super) fn rounds<T>(
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
    pub(super) fn list_of(&self, name: &str) -> Option<&Name> {
        self.known
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(name, _)| name)
    }

    /// A list of which every round reads its own element and nothing else.
    pub(super) fn gone_through(&self, rounds: &Num, exprs: &[&Expr]) -> Option<Name> {
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
}

/// An element that hides its list's name.
pub(super) fn inner(name: &str) -> String {
    format!("{name}#")
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
