//! Writes small functions of the prelude where they are called: what is one operation on what is lent, such as a bias, what is
//! a single expression that one place calls, and the lines of a helper that one structure of the prelude calls in one place.

use super::structure::{
    Argument, CallExpr, Expr, Name, Num, OpExpr, Part, Read, Statement, Structure,
};
use crate::bug::bug;

/// Unfolds calls of structures, which come after those that they call; tells which are called no more.
pub(super) fn unfold(structures: &mut [Structure]) -> Vec<bool> {
    let before = calls(structures);
    for at in 0..structures.len() {
        let Some((caller, known)) = structures
            .get_mut(..=at)
            .and_then(|upto| upto.split_last_mut())
        else {
            continue;
        };
        caller.unfold(&|number| Some((known.get(number)?, before.get(number) == Some(&1))));
    }
    let after = calls(structures);
    let pairs = before.into_iter().zip(after);
    pairs
        .map(|(before, after)| before > 0 && after == 0)
        .collect()
}

/// How many places call each structure.
fn calls(structures: &[Structure]) -> Vec<usize> {
    let mut calls = vec![0; structures.len()];
    for structure in structures {
        structure.each_expr(&mut |expr| {
            if let Expr::Call(call) = expr
                && let Some(count) = calls.get_mut(call.structure)
            {
                *count += 1;
            }
        });
    }
    calls
}

/// A structure by its number, and whether one place calls it.
type Known<'a> = dyn Fn(usize) -> Option<(&'a Structure, bool)> + 'a;

impl Structure {
    fn unfold(&mut self, known: &Known<'_>) {
        let first = self.inputs.iter().find(|input| !input.list);
        let first = first.map(|input| input.source.clone());
        let takes_lines = self.prelude && !self.is_function();
        let mut names = vec![];
        for line in &self.body {
            line.each_made(&mut |name| names.push(name.to_owned()));
        }
        let mut at = 0;
        while at <= self.body.len() {
            let mut before = vec![];
            let in_place = self
                .body
                .get_mut(at)
                .is_none_or(|line| line.own_expr().is_some());
            let mut change = |expr: &mut Expr| {
                let Expr::Call(call) = expr else { return };
                let unfolded = known(call.structure)
                    .and_then(|(callee, once)| callee.unfolded(call, once, first.as_deref()));
                let Some(Unfolded { lines, value }) = unfolded else {
                    return;
                };
                let mut made = vec![];
                for line in &lines {
                    line.each_made(&mut |name| made.push(name.to_owned()));
                }
                let fits = lines.is_empty()
                    || (takes_lines && in_place && !made.iter().any(|name| names.contains(name)));
                if fits {
                    names.extend(made);
                    before.extend(lines);
                    *expr = value;
                }
            };
            match self.body.get_mut(at) {
                Some(statement) => statement.each_expr_mut(&mut change),
                None => self.result.iter_mut().for_each(|r| r.each_mut(&mut change)),
            }
            let count = before.len();
            self.body.splice(at..at, before);
            at += count + 1;
        }
    }

    /// What stands in the place of a call, if this is so small that it does. Devices are asked of the `first` tensor that the
    /// caller is given.
    fn unfolded(&self, call: &CallExpr, once: bool, first: Option<&str>) -> Option<Unfolded> {
        let result = self.result.as_ref()?;
        let is_given = |part: &Part| match part {
            Part::One(Expr::Read(_)) => true,
            Part::One(Expr::Op(stored)) => stored.operands.is_empty(),
            _ => false,
        };
        // The name of one operation that holds nothing says what it does.
        let small = match result {
            Expr::Op(op) if self.body.is_empty() && op.operands.iter().all(is_given) => self.lent,
            _ => once,
        };
        let mut exprs = vec![result];
        for line in &self.body {
            match line {
                Statement::Let(_, expr) => exprs.push(expr),
                _ => return None,
            }
        }
        let stands = exprs.iter().all(|expr| expr.stands_anywhere());
        let device = exprs.iter().any(|expr| expr.needs_device());
        if !small
            || !stands
            || (device && first.is_none())
            || !self.prelude
            || !self.is_function()
            || self.training
        {
            return None;
        }
        let values = self.given(call, &exprs, first)?;
        let unfolding = Unfolding { values, call };
        let lines = self.body.iter().filter_map(|line| match line {
            Statement::Let(name, expr) => Some(Statement::Let(name.clone(), unfolding.expr(expr))),
            _ => None,
        });
        Some(Unfolded {
            lines: lines.collect(),
            value: unfolding.expr(result),
        })
    }

    /// What a call gives each input that these expressions read; None if it would not be computed as it is.
    fn given<'b>(
        &'b self,
        call: &'b CallExpr,
        exprs: &[&Expr],
        first: Option<&str>,
    ) -> Option<Vec<(&'b str, &'b Expr)>> {
        let mut values = vec![];
        for (input, argument) in self.inputs.iter().zip(&call.arguments) {
            match argument {
                Argument::One(expr) => values.push((input.source.as_str(), expr)),
                Argument::List(_) => return None,
            }
        }
        let is_computed = |value: &Expr| !matches!(value, Expr::Read(_));
        let computed = values.iter().filter(|(_, value)| is_computed(value));
        let computed = computed.count();
        for (name, value) in &values {
            let mut reads = 0;
            for expr in exprs {
                expr.each_name(&mut |read| {
                    reads += usize::from(*read == Name::Input((*name).into()))
                });
            }
            let fits = match value {
                // What is asked for its device alone would be named for nothing.
                Expr::Read(read) => {
                    reads > 0
                        || matches!(&read.name, Name::Input(own) if Some(own.as_str()) == first)
                }
                // A value is computed once and, if it draws, in its turn.
                _ => reads == 1 && self.body.is_empty() && computed == 1,
            };
            if !fits {
                return None;
            }
        }
        Some(values)
    }
}

/// What stands in the place of a call, and the lines before it.
struct Unfolded {
    lines: Vec<Statement>,
    value: Expr,
}

impl Expr {
    /// Whether it reads no sizes or lists of its structure's.
    fn stands_anywhere(&self) -> bool {
        let number = |num: &Num| num.stands_anywhere();
        let part = |part: &Part| match part {
            Part::One(_) => true,
            Part::Repeat(_, times) => number(times),
            Part::Slice(..) => false,
        };
        let mut stands = true;
        self.each(&mut |expr| {
            stands &= match expr {
                Self::Read(read) => read.place.is_none(),
                Self::Number(num) => number(num),
                Self::Op(op) => op.operands.iter().all(part) && op.numbers.iter().all(number),
                Self::Call(call) => {
                    call.numbers.iter().all(number)
                        && call.arguments.iter().all(|argument| match argument {
                            Argument::One(_) => true,
                            Argument::List(parts) => parts.iter().all(part),
                        })
                }
            };
        });
        stands
    }
}

impl Num {
    fn stands_anywhere(&self) -> bool {
        match self {
            Self::Value(_) | Self::Parameter(_) | Self::Pi | Self::Tau => true,
            Self::Dim(..) | Self::Length(_) | Self::Fields(_) | Self::Round => false,
            Self::Init(_, list) | Self::Table(list) => list.iter().all(Self::stands_anywhere),
            Self::Op(a, _, b) => a.stands_anywhere() && b.stands_anywhere(),
            Self::Sqrt(inner) | Self::Cast(inner) => inner.stands_anywhere(),
        }
    }
}

/// A function's result with what a call gives it.
struct Unfolding<'a> {
    values: Vec<(&'a str, &'a Expr)>,
    call: &'a CallExpr,
}

impl Unfolding<'_> {
    fn expr(&self, expr: &Expr) -> Expr {
        match expr {
            Expr::Read(Read {
                name: Name::Input(name),
                ..
            }) => match self.values.iter().find(|(input, _)| input == name) {
                Some((_, value)) => (*value).clone(),
                None => bug!("a call gives no `{name}`"),
            },
            Expr::Read(read) => Expr::Read(read.clone()),
            Expr::Number(num) => Expr::Number(self.num(num)),
            Expr::Op(op) => Expr::Op(Box::new(OpExpr {
                operands: self.parts(&op.operands),
                numbers: op.numbers.iter().map(|num| self.num(num)).collect(),
                held: op.held.as_ref().and(self.call.field.clone()),
                ..(**op).clone()
            })),
            Expr::Call(call) => Expr::Call(Box::new(CallExpr {
                structure: call.structure,
                field: call.field.as_ref().and(self.call.field.clone()),
                arguments: (call.arguments.iter())
                    .map(|argument| match argument {
                        Argument::One(expr) => Argument::One(self.expr(expr)),
                        Argument::List(parts) => Argument::List(self.parts(parts)),
                    })
                    .collect(),
                numbers: call.numbers.iter().map(|num| self.num(num)).collect(),
            })),
        }
    }

    fn parts(&self, parts: &[Part]) -> Vec<Part> {
        let each = parts.iter().map(|part| match part {
            Part::One(expr) => Part::One(self.expr(expr)),
            Part::Repeat(expr, times) => Part::Repeat(self.expr(expr), self.num(times)),
            Part::Slice(..) => part.clone(),
        });
        each.collect()
    }

    fn num(&self, num: &Num) -> Num {
        let each = |list: &[Num]| list.iter().map(|num| self.num(num)).collect();
        match num {
            Num::Parameter(at) => match self.call.numbers.get(*at) {
                Some(num) => num.clone(),
                None => bug!("a call gives no number {at}"),
            },
            Num::Init(starts, list) => Num::Init(*starts, each(list)),
            Num::Table(list) => Num::Table(each(list)),
            Num::Op(a, operator, b) => {
                Num::Op(Box::new(self.num(a)), *operator, Box::new(self.num(b)))
            }
            Num::Sqrt(inner) => Num::Sqrt(Box::new(self.num(inner))),
            Num::Cast(inner) => Num::Cast(Box::new(self.num(inner))),
            Num::Value(_)
            | Num::Dim(..)
            | Num::Length(_)
            | Num::Fields(_)
            | Num::Round
            | Num::Pi
            | Num::Tau => num.clone(),
        }
    }
}
