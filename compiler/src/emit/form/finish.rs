//! From the joined bodies of instances to the structure that is printed: one name is chosen for every value that is read, one
//! way to say every place and number, and one form for every list.

use std::collections::{HashMap, HashSet};

use super::draft::has;
use super::forms::{ListForm, forms};
use super::index::Index;
use super::numbers::{Context, Numbers, Unsaid};
use super::scene::Scene;
use super::structure::{
    Argument, Bound, CallExpr, Expr, Field, FieldRead, Input, Making, Many, Num, OpExpr, Part,
    Place, Read, Statement, Structure,
};
use super::tree::{
    self, Candidate, Draft, Element, FieldDraft, FieldUse, Name, Segment, Slot, Value,
};
use crate::bug::bug;
use crate::model::InstanceId;
use crate::primitives::written::{Code, Number};

/// A structure and what each of its instances is made with.
pub(super) struct Finished {
    pub structure: Structure,
    pub values: Vec<(InstanceId, Vec<Value>)>,
}

/// Makes a structure of what instances have in common.
///
/// # Errors
/// If no structure can be all of them.
pub(super) fn finish(draft: &Draft, scene: &Scene<'_>) -> Result<Finished, Unsaid> {
    let graph = scene.graph;
    let Some(first) = draft.instances.first().copied() else {
        bug!("a structure has no instance")
    };
    let mut finishing = Finishing {
        numbers: Numbers::new(scene, &draft.instances, &draft.inputs),
        lists: forms(draft),
        draft,
        scene,
        begun: HashSet::new(),
        read: HashSet::new(),
        device: false,
        training: false,
    };
    let mut fields = vec![];
    for field in &draft.fields {
        fields.push(finishing.field(field)?);
    }
    let body = finishing.body(&draft.body)?;
    let result = match &draft.result {
        Some(result) => Some(finishing.expr(result)?),
        None => None,
    };
    let instance = &graph[first];
    let takes_tensor = draft.inputs.iter().find(|(_, list)| !list);
    let (read, device) = (finishing.read, finishing.device);
    let training = finishing.training;
    let inputs = draft.inputs.iter().filter(|(name, _)| {
        let for_device = device && takes_tensor.is_some_and(|(first, _)| first == name);
        read.contains(name) || for_device
    });
    let inputs = inputs.map(|(source, list)| Input {
        source: source.clone(),
        list: *list,
    });
    let inputs: Vec<Input> = inputs.collect();
    let (parameters, order, values) = finishing.numbers.finish();
    let structure = Structure {
        block: instance.block.clone(),
        doc: instance.doc.clone(),
        prelude: instance.prelude,
        is_model: instance.parent.is_none(),
        first,
        parameters,
        order,
        device: device && takes_tensor.is_none(),
        training,
        inputs,
        fields: in_order(fields, &body, result.as_ref()),
        body,
        result,
    };
    Ok(Finished {
        structure,
        values: draft.instances.iter().copied().zip(values).collect(),
    })
}

struct Finishing<'a> {
    draft: &'a Draft,
    scene: &'a Scene<'a>,
    numbers: Numbers,
    lists: HashMap<String, ListForm>,
    /// Lists and variables that have a statement already.
    begun: HashSet<String>,
    /// Inputs that are read.
    read: HashSet<String>,
    device: bool,
    training: bool,
}

impl Finishing<'_> {
    fn field(&mut self, field: &FieldDraft) -> Result<Field, Unsaid> {
        let one = field.elements.iter().all(|element| element.index.is_none());
        let mut groups: Vec<(Option<usize>, Option<usize>, Vec<&Element>)> = vec![];
        for element in &field.elements {
            // Elements outside of loops by their place, those of one loop together.
            let key = match element.number {
                Some(number) => (Some(number), None),
                None => (None, element.index),
            };
            match groups
                .iter_mut()
                .find(|(number, index, _)| (*number, *index) == key)
            {
                Some((.., list)) => list.push(element),
                None => groups.push((key.0, key.1, vec![element])),
            }
        }
        groups.sort_by_key(|(.., list)| list.iter().filter_map(|e| e.index).min());
        let alone = self.draft.instances.len() == 1;
        let mut made = vec![];
        for (number, _, elements) in &groups {
            let values = self.made(field, elements)?;
            let tabled = |num: &Num| matches!(num, Num::Table(_));
            match number {
                None => made.push(Making::One(values)),
                // One after the other where their numbers follow no rule.
                Some(_) if alone && values.iter().any(tabled) => {
                    for element in elements {
                        made.push(Making::One(self.made(field, &[element])?));
                    }
                }
                Some(number) => {
                    let rounds = self.rounds(*number, Context::New)?;
                    made.push(Making::Loop(rounds, values));
                }
            }
        }
        let counts = made.iter().all(|making| matches!(making, Making::One(_)));
        let everywhere = groups
            .iter()
            .all(|(number, _, list)| number.is_some() || list.len() == self.draft.instances.len());
        let many = match (
            one,
            counts && everywhere && groups.iter().all(|g| g.0.is_none()),
        ) {
            (true, _) => Many::One,
            (false, true) => Many::Fixed(made.len()),
            (false, false) => Many::Any,
        };
        Ok(Field {
            name: field.name.clone(),
            kind: field.kind.clone(),
            fixed: field.fixed.clone(),
            many,
            made,
        })
    }

    /// What elements are made with, the values of each as one term.
    fn made(&mut self, field: &FieldDraft, elements: &[&Element]) -> Result<Vec<Num>, Unsaid> {
        let count = elements.first().map_or(0, |element| element.values.len());
        let mut nums = vec![];
        for at in 0..count {
            let hint = field.hints.get(at).map_or("", String::as_str);
            let seen = elements
                .iter()
                .filter_map(|e| Some((e.at, e.values.get(at).copied()?)));
            let slot = Slot {
                hint: hint.to_owned(),
                seen: seen.collect(),
                missing: None,
            };
            nums.push(self.numbers.resolve(
                &slot,
                Context::New,
                &format!("{}_{hint}", field.name),
            )?);
        }
        Ok(nums)
    }

    /// How often a loop is repeated.
    fn rounds(&mut self, number: usize, context: Context) -> Result<Num, Unsaid> {
        let graph = self.scene.graph;
        let field = self.draft.fields.iter().find(|field| {
            let all = |e: &Element| e.number == Some(number);
            field.elements.iter().all(all) && field.elements.iter().any(|e| e.index.is_some())
        });
        let seen = self.draft.instances.iter().map(|id| {
            let count = graph[*id].loops.get(number).copied().unwrap_or(0);
            let at = tree::At {
                instance: *id,
                round: None,
            };
            (at, Value::Number(Number::Int(count)))
        });
        let slot = Slot {
            hint: "rounds".into(),
            seen: seen.collect(),
            missing: None,
        };
        match (context, field) {
            (Context::Forward, Some(field)) => Ok(Num::Fields(field.name.clone())),
            _ => {
                let num = self.numbers.resolve(&slot, context, "rounds")?;
                if let Num::Length(name) = &num {
                    self.read.insert(name.clone());
                }
                Ok(num)
            }
        }
    }

    fn body(&mut self, stmts: &[tree::Stmt]) -> Result<Vec<Statement>, Unsaid> {
        let mut body = vec![];
        for stmt in stmts {
            match stmt {
                tree::Stmt::Let(one) => self.statement(one, &mut body)?,
                tree::Stmt::Loop(repeated) => self.repeated(repeated, &mut body)?,
            }
        }
        Ok(body)
    }

    fn repeated(&mut self, repeated: &tree::Loop, body: &mut Vec<Statement>) -> Result<(), Unsaid> {
        let rounds = self.rounds(repeated.number, Context::Forward)?;
        // Lists of the loop that nothing began.
        let grown = repeated
            .arms
            .iter()
            .flatten()
            .filter_map(|stmt| match stmt {
                tree::Stmt::Let(one) if self.form(one) == ListForm::List => Some(one.name.clone()),
                _ => None,
            });
        let grown: Vec<String> = grown.collect();
        let single = repeated.arms.iter().all(|arm| arm.len() == 1);
        let collects = single
            && grown.len() == repeated.arms.len()
            && grown
                .iter()
                .all(|name| Some(name) == grown.first() && !self.begun.contains(name));
        if let (true, Some(name)) = (collects, grown.first()) {
            let mut exprs = vec![];
            for stmt in repeated.arms.iter().flatten() {
                if let tree::Stmt::Let(one) = stmt {
                    exprs.push(self.expr(&one.expr)?);
                }
            }
            self.begun.insert(name.clone());
            body.push(Statement::Collect(name.clone(), rounds, exprs));
            return Ok(());
        }
        for name in grown {
            if self.begun.insert(name.clone()) {
                body.push(Statement::List(name, vec![]));
            }
        }
        let mut arms = vec![];
        for arm in &repeated.arms {
            arms.push(self.body(arm)?);
        }
        body.push(Statement::Loop(rounds, arms));
        Ok(())
    }

    fn form(&self, one: &tree::Let) -> ListForm {
        match one.index {
            Some(_) => self.lists.get(&one.name).copied().unwrap_or(ListForm::List),
            None => ListForm::Local,
        }
    }

    fn statement(&mut self, one: &tree::Let, body: &mut Vec<Statement>) -> Result<(), Unsaid> {
        let expr = self.expr(&one.expr)?;
        let name = one.name.clone();
        if one.whole {
            body.push(Statement::Parts(name, expr));
            return Ok(());
        }
        let statement = match self.form(one) {
            ListForm::Local => Statement::Let(name, expr),
            ListForm::Latest if self.begun.insert(name.clone()) => Statement::Variable(name, expr),
            ListForm::Latest => Statement::Set(name, expr),
            ListForm::List if self.begun.insert(name.clone()) => Statement::List(name, vec![expr]),
            ListForm::List => match body.last_mut() {
                // Elements that follow the beginning are part of it.
                Some(Statement::List(last, elements)) if *last == name && free_of(&expr, &name) => {
                    elements.push(expr);
                    return Ok(());
                }
                _ => Statement::Push(name, expr),
            },
        };
        body.push(statement);
        Ok(())
    }

    fn expr(&mut self, expr: &tree::Expr) -> Result<Expr, Unsaid> {
        Ok(match expr {
            tree::Expr::Read(candidates) => Expr::Read(self.read(candidates)),
            tree::Expr::Number(slot) => Expr::Number(self.number(slot)?),
            tree::Expr::Op(op) => {
                self.device |= has(&op.burn, &Code::Device);
                self.training |= has(&op.torch, &Code::Training);
                let mut numbers = vec![];
                for slot in &op.numbers {
                    numbers.push(self.number(slot)?);
                }
                Expr::Op(Box::new(OpExpr {
                    burn: op.burn.clone(),
                    torch: op.torch.clone(),
                    operands: self.parts(&op.operands)?,
                    numbers,
                    held: op.held.as_ref().map(field),
                }))
            }
            tree::Expr::Call(call) => {
                let callee = self.scene.structure(call.structure);
                self.device |= callee.device;
                self.training |= callee.is_function() && callee.training;
                let mut arguments = vec![];
                for argument in &call.arguments {
                    arguments.push(match argument {
                        tree::Argument::One(expr) => Argument::One(self.expr(expr)?),
                        tree::Argument::List(parts) => Argument::List(self.parts(parts)?),
                    });
                }
                let mut numbers = vec![];
                for slot in &call.numbers {
                    numbers.push(self.number(slot)?);
                }
                Expr::Call(Box::new(CallExpr {
                    structure: call.structure,
                    field: call.field.as_ref().map(field),
                    arguments,
                    numbers,
                }))
            }
        })
    }

    fn number(&mut self, slot: &Slot) -> Result<Num, Unsaid> {
        let num = self.numbers.resolve(slot, Context::Forward, &slot.hint)?;
        inputs_of(&num, &mut self.read);
        Ok(num)
    }

    fn read(&mut self, candidates: &[Candidate]) -> Read {
        let Some(chosen) = candidates.last() else {
            bug!("a value is read that has no name")
        };
        if let Name::Input(name) = &chosen.name {
            self.read.insert(name.clone());
        }
        let form = match &chosen.name {
            Name::Local(name) => self.lists.get(name).copied().unwrap_or(ListForm::List),
            Name::Input(_) => ListForm::List,
        };
        Read {
            name: chosen.name.clone(),
            place: chosen.index.filter(|_| form == ListForm::List).map(place),
        }
    }

    fn parts(&mut self, parts: &tree::Parts) -> Result<Vec<Part>, Unsaid> {
        let mut all = vec![];
        for part in parts.iter() {
            all.push(match part {
                tree::Part::One(expr) => Part::One(self.expr(expr)?),
                tree::Part::Repeat(expr, slot) => {
                    let expr = self.expr(expr)?;
                    Part::Repeat(expr, self.number(slot)?)
                }
                tree::Part::Segment(segment) => self.segment(segment, parts)?,
            });
        }
        Ok(all)
    }

    fn segment(&mut self, segment: &Segment, parts: &tree::Parts) -> Result<Part, Unsaid> {
        let Some(name) = segment.lists.last() else {
            bug!("elements are read of a list that has no name")
        };
        // Elsewhere none of the list is passed.
        let missing = parts.seen.iter().filter(|(at, _)| {
            let mut spans = segment.spans.iter();
            spans.all(|(other, _)| other != at)
        });
        let missing = missing.map(|(at, lengths)| {
            let length = lengths.iter().find(|(known, _)| known == name);
            (at.round, length.map_or(0, |(_, length)| *length))
        });
        let missing: Vec<(Option<usize>, usize)> = missing.collect();
        let bounds = [Bound::Start, Bound::End];
        let counted = (0..=3).flat_map(|k| [Bound::AtMost(k), Bound::FromEnd(k)]);
        let first = segment.spans.iter().flat_map(|(at, [from, to, _])| {
            let of_round = at
                .round
                .map(|round| [*from, *to].map(|n| Bound::Round(n as isize - round as isize)));
            let fixed = [Bound::AtMost(*from), Bound::AtMost(*to)];
            of_round.into_iter().flatten().chain(fixed)
        });
        let all: Vec<Bound> = bounds
            .into_iter()
            .chain(counted)
            .chain(first.take(4))
            .collect();
        let pairs = all
            .iter()
            .flat_map(|from| all.iter().map(move |to| (*from, *to)));
        let holds = |(from, to): &(Bound, Bound)| {
            let seen = segment.spans.iter().all(|(at, [a, b, count])| {
                from.of(*count, at.round) == Some(*a) && to.of(*count, at.round) == Some(*b)
            });
            seen && missing
                .iter()
                .all(|(round, count)| from.of(*count, *round) >= to.of(*count, *round))
        };
        let (from, to) = pairs.into_iter().find(holds).ok_or(Unsaid)?;
        if let Name::Input(name) = name {
            self.read.insert(name.clone());
        }
        Ok(Part::Slice(name.clone(), from, to))
    }
}

impl Bound {
    /// The place it is in a list of so many; None where it is none.
    fn of(self, count: usize, round: Option<usize>) -> Option<usize> {
        match self {
            Self::Start => Some(0),
            Self::End => Some(count),
            Self::AtMost(n) => Some(n.min(count)),
            Self::FromEnd(n) => count.checked_sub(n),
            Self::Round(n) => round?.checked_add_signed(n),
        }
    }
}

fn place(index: Index) -> Place {
    match index {
        Index {
            offset: Some(offset),
            ..
        } => Place::Round(offset),
        Index {
            fixed: Some(fixed), ..
        } => Place::Fixed(fixed),
        Index {
            from_end: Some(from_end),
            ..
        } => Place::FromEnd(from_end),
        Index { .. } => bug!("nothing says a place in a list"),
    }
}

fn field(used: &FieldUse) -> FieldRead {
    FieldRead {
        name: used.name.clone(),
        place: used.index.map(place),
    }
}

/// The inputs whose sizes a number is.
fn inputs_of(num: &Num, inputs: &mut HashSet<String>) {
    match num {
        Num::Dim(name, _) | Num::Length(name) => {
            inputs.insert(name.clone());
        }
        Num::Op(a, _, b) => {
            inputs_of(a, inputs);
            inputs_of(b, inputs);
        }
        Num::Sqrt(inner) | Num::Cast(inner) => inputs_of(inner, inputs),
        Num::Init(_, list) | Num::Table(list) => list.iter().for_each(|n| inputs_of(n, inputs)),
        Num::Value(_) | Num::Parameter(_) | Num::Fields(_) | Num::Round | Num::Pi | Num::Tau => {}
    }
}

/// Whether an expression reads no element of this list, which is being made.
fn free_of(expr: &Expr, list: &str) -> bool {
    let mut free = true;
    expr.each_name(&mut |name| free &= *name != Name::Local(list.to_owned()));
    free
}

/// Fields in the order of their first use.
fn in_order(mut fields: Vec<Field>, body: &[Statement], result: Option<&Expr>) -> Vec<Field> {
    let mut order: HashMap<String, usize> = HashMap::new();
    let mut see = |name: &str| {
        let next = order.len();
        order.entry(name.to_owned()).or_insert(next);
    };
    for statement in body {
        statement.each_field(&mut see);
    }
    result
        .into_iter()
        .for_each(|result| result.each_field(&mut see));
    fields.sort_by_key(|field| order.get(&field.name).copied().unwrap_or(usize::MAX));
    fields
}
