//! Puts what a field yields where it is read, if its name says no more than the field's: `self.k.forward(x)` instead of `k`.

use super::structure::{Argument, Expr, Field, Name, Part, Statement, Structure};

/// Leaves out names that are read once, in the next line, and are the names of the fields whose values they are.
pub(super) fn inline(structure: &mut Structure) {
    let mut reads = vec![];
    let mut see = |name: &Name| reads.push(name.clone());
    for statement in &structure.body {
        statement.each_expr(&mut |expr| expr.each_name(&mut see));
    }
    structure.result.iter().for_each(|r| r.each_name(&mut see));
    let once = |name: &str| {
        let own = reads
            .iter()
            .filter(|read| **read == Name::Local(name.to_owned()));
        own.count() == 1
    };
    let inlining = Inlining {
        fields: &structure.fields,
        once: &once,
    };
    inlining.body(&mut structure.body, &mut structure.result);
}

/// Most fields of which one takes what another yields in a value that is put into the next line.
const DEEPEST: usize = 2;

struct Inlining<'a> {
    fields: &'a [Field],
    /// Whether a name is read once.
    once: &'a dyn Fn(&str) -> bool,
}

impl Inlining<'_> {
    fn body(&self, body: &mut Vec<Statement>, result: &mut Option<Expr>) {
        for statement in body.iter_mut() {
            if let Statement::Loop(_, arms) = statement {
                arms.iter_mut().for_each(|arm| self.body(arm, &mut None));
            }
        }
        let mut at = 0;
        while at < body.len() {
            let value = match body.get(at) {
                Some(Statement::Let(name, value)) if self.says_nothing(name, value) => {
                    Some((Name::Local(name.clone()), value.clone()))
                }
                _ => None,
            };
            let next = match body.get_mut(at + 1) {
                Some(next) => next.own_expr(),
                None => result.as_mut(),
            };
            let placed = match (value, next) {
                (Some((name, value)), Some(next)) => next.put(&name, &value),
                _ => false,
            };
            match placed {
                // What was put into the next line may now be put into the one before.
                true => drop(body.remove(at)),
                false => at += 1,
            }
        }
    }

    fn says_nothing(&self, name: &str, value: &Expr) -> bool {
        let field = match value {
            Expr::Op(op) => op.held.as_ref(),
            Expr::Call(call) => call.field.as_ref(),
            Expr::Read(_) | Expr::Number(_) => None,
        };
        let field = field.and_then(|used| self.fields.iter().find(|f| f.name == used.name));
        field.is_some_and(|field| field.short == name)
            && (self.once)(name)
            && value.fields_deep() <= DEEPEST
    }
}

impl Statement {
    /// The expression of a statement that has one and is executed once.
    pub(super) fn own_expr(&mut self) -> Option<&mut Expr> {
        match self {
            Self::Let(_, expr)
            | Self::Variable(_, expr)
            | Self::Set(_, expr)
            | Self::Push(_, expr) => Some(expr),
            Self::Parts(..) | Self::List(..) | Self::Collect(..) | Self::Loop(..) => None,
        }
    }
}

impl Expr {
    /// How many fields take what another yields, one inside the other.
    fn fields_deep(&self) -> usize {
        let deepest = |parts: &[Part]| {
            let each = parts.iter().map(|part| match part {
                Part::One(expr) | Part::Repeat(expr, _) => expr.fields_deep(),
                Part::Slice(..) => 0,
            });
            each.max().unwrap_or(0)
        };
        match self {
            Self::Read(_) | Self::Number(_) => 0,
            Self::Op(op) => deepest(&op.operands) + usize::from(op.held.is_some()),
            Self::Call(call) => {
                let each = call.arguments.iter().map(|argument| match argument {
                    Argument::One(expr) => expr.fields_deep(),
                    Argument::List(list) => deepest(list),
                });
                each.max().unwrap_or(0) + usize::from(call.field.is_some())
            }
        }
    }

    /// Puts a value in the place where a name is read; whether there is one.
    fn put(&mut self, name: &Name, value: &Expr) -> bool {
        match self {
            Self::Read(read) if read.name == *name && read.place.is_none() => {
                *self = value.clone();
                true
            }
            Self::Read(_) | Self::Number(_) => false,
            // The parts of a concatenation keep their names.
            Self::Op(op) if op.operands.len() > 2 => false,
            Self::Op(op) => parts(&mut op.operands, name, value),
            Self::Call(call) => call.arguments.iter_mut().any(|argument| match argument {
                Argument::One(expr) => expr.put(name, value),
                Argument::List(list) => parts(list, name, value),
            }),
        }
    }
}

fn parts(parts: &mut [Part], name: &Name, value: &Expr) -> bool {
    parts.iter_mut().any(|part| match part {
        Part::One(expr) => expr.put(name, value),
        Part::Repeat(..) | Part::Slice(..) => false,
    })
}
