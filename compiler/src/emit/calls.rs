//! Writes expressions: calls with their operands in place.

use super::doc::Doc::Text;
use super::form::{
    Argument, Bound, CallExpr, Expr, FieldKind, FieldRead, Name, OpExpr, Part, Place, Read,
};
use super::target::{Printed, Tensors};
use super::terms::{atom, binary};
use super::writer::{Writer, inner};
use crate::bug::bug;
use crate::primitives::written::Code;

impl Writer<'_> {
    pub(super) fn expr(&mut self, expr: &Expr) -> Printed {
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

    pub(super) fn read(&mut self, read: &Read) -> Printed {
        let name = self.named(&read.name);
        let through = self.over.contains(&read.name);
        match read.place.filter(|_| !through) {
            None => {
                let key = self.key(&read.name);
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

    /// What a name's value is called in the flow: an element that hides its list's name is another.
    fn key(&self, name: &Name) -> String {
        let known = self.named(name);
        match self.over.contains(name) {
            true => inner(&known),
            false => known,
        }
    }

    pub(super) fn field(&mut self, field: &FieldRead) -> (Printed, FieldKind) {
        let place = self.fields.get(field.name.as_str()).copied();
        let Some((known, name)) =
            place.and_then(|at| Some((self.structure.fields.get(at)?, self.named.fields.get(at)?)))
        else {
            bug!("there is no field `{}`", field.name)
        };
        self.round_is_read |= matches!(field.place, Some(Place::Round(_)));
        let printed = match &self.lent {
            Some(lent) => atom(Text(lent.clone())),
            None => (self.scope.target).field(name, field.place.as_ref(), &self.round),
        };
        (printed, known.kind.clone())
    }

    /// What an operation holds: a tensor or a module.
    pub(super) fn held(&mut self, op: &OpExpr) -> Printed {
        let Some(field) = &op.held else {
            bug!("an operation holds nothing")
        };
        match self.field(field) {
            (printed, FieldKind::Tensor) => self.scope.target.tensor(printed),
            (printed, _) => printed,
        }
    }

    pub(super) fn operand(&mut self, part: Option<&Part>) -> Printed {
        match part {
            Some(Part::One(expr)) => self.expr(expr),
            _ => bug!("an operand is a list"),
        }
    }

    pub(super) fn code(&mut self, code: &Code, op: &OpExpr) -> Printed {
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

    pub(super) fn device(&mut self) -> Printed {
        let tensor = self.structure.inputs.iter().find(|input| !input.list);
        let variable = tensor.map(|input| self.named(&Name::Input(input.source.clone())));
        if let Some(variable) = &variable {
            self.flow.read(variable, false);
        }
        self.scope.target.device(variable.as_deref())
    }

    pub(super) fn call(&mut self, call: &CallExpr) -> Printed {
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
        if let (true, Some(field)) = (callee.lent, &call.field) {
            let (field, _) = self.field(field);
            arguments.push(match self.lent {
                Some(_) => field.doc,
                None => self.scope.target.borrowed(field).doc,
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
        // What is lent is there until the call: no later argument takes it.
        for name in lent_and_read(&call.arguments) {
            let key = self.key(name);
            self.flow.read(&key, false);
        }
        match &call.field {
            Some(field) if !callee.lent => {
                let (field, _) = self.field(field);
                self.scope.target.apply(field, arguments)
            }
            _ => self.scope.target.call(name, arguments),
        }
    }

    pub(super) fn tensors(&mut self, parts: &[Part]) -> Vec<Tensors> {
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
}

/// The names of which a list is lent to a call and that a later argument of the call reads.
fn lent_and_read(arguments: &[Argument]) -> Vec<&Name> {
    let mut names = vec![];
    let mut rest = arguments;
    while let [argument, later @ ..] = rest {
        let mut read = vec![];
        for argument in later {
            argument.each_name(&mut |name| read.push(name.clone()));
        }
        // Several are a list of their own.
        if let Argument::List(parts) = argument
            && let [Part::One(Expr::Read(Read { name, .. })) | Part::Slice(name, ..)] =
                parts.as_slice()
            && read.contains(name)
        {
            names.push(name);
        }
        rest = later;
    }
    names
}
