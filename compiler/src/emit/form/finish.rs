//! From the joined bodies of instances to the structure that is printed: one name is chosen for every value that is read, one
//! way to say every place and number, and one form for every list.

use std::collections::{HashMap, HashSet};

use super::forms::{ListForm, forms};
use super::grids::name_grid;
use super::inline::inline;
use super::numbers::{Context, Numbers, Unsaid};
use super::places::{field, place};
use super::reading::has;
use super::scene::Scene;
use super::structure::{
    Argument, CallExpr, Expr, Field, Input, Making, Many, Num, OpExpr, Part, Read, Statement,
    Structure,
};
use super::tree::{self, Candidate, Draft, FieldDraft, Name, Slot, Value};
use crate::bug::bug;
use crate::model::{Graph, InstanceId};
use crate::primitives::written::Code;

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
    let lent = is_lent(draft, graph);
    let mut fields = vec![];
    for field in &draft.fields {
        fields.push(match lent {
            true => held(field, Many::One, vec![]),
            false => finishing.field(field)?,
        });
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
    let mut structure = Structure {
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
        lent,
        body,
        result,
    };
    inline(&mut structure);
    name_grid(&mut structure);
    Ok(Finished {
        structure,
        values: draft.instances.iter().copied().zip(values).collect(),
    })
}

/// Whether instances of a block are a function of the one thing that each holds: blocks of the prelude, whose names are not
/// looked for in a structure.
fn is_lent(draft: &Draft, graph: &Graph) -> bool {
    let of_prelude = draft.instances.iter().all(|id| graph[*id].prelude);
    let [field] = draft.fields.as_slice() else {
        return false;
    };
    let everywhere = field.elements.len() == draft.instances.len();
    let alone = field.elements.iter().all(|element| element.index.is_none());
    of_prelude && everywhere && alone && draft.result.is_some()
}

pub(super) struct Finishing<'a> {
    pub(super) draft: &'a Draft,
    pub(super) scene: &'a Scene<'a>,
    pub(super) numbers: Numbers,
    pub(super) lists: HashMap<String, ListForm>,
    /// Lists and variables that have a statement already.
    pub(super) begun: HashSet<String>,
    /// Inputs that are read.
    pub(super) read: HashSet<String>,
    pub(super) device: bool,
    pub(super) training: bool,
}

impl Finishing<'_> {
    pub(super) fn body(&mut self, stmts: &[tree::Stmt]) -> Result<Vec<Statement>, Unsaid> {
        let mut body = vec![];
        for stmt in stmts {
            match stmt {
                tree::Stmt::Let(one) => self.statement(one, &mut body)?,
                tree::Stmt::Loop(repeated) => self.repeated(repeated, &mut body)?,
            }
        }
        Ok(body)
    }

    pub(super) fn repeated(
        &mut self,
        repeated: &tree::Loop,
        body: &mut Vec<Statement>,
    ) -> Result<(), Unsaid> {
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

    pub(super) fn form(&self, one: &tree::Let) -> ListForm {
        match one.index {
            Some(_) => self.lists.get(&one.name).copied().unwrap_or(ListForm::List),
            None => ListForm::Local,
        }
    }

    pub(super) fn statement(
        &mut self,
        one: &tree::Let,
        body: &mut Vec<Statement>,
    ) -> Result<(), Unsaid> {
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

    pub(super) fn expr(&mut self, expr: &tree::Expr) -> Result<Expr, Unsaid> {
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

    pub(super) fn number(&mut self, slot: &Slot) -> Result<Num, Unsaid> {
        let num = self.numbers.resolve(slot, Context::Forward, &slot.hint)?;
        inputs_of(&num, &mut self.read);
        Ok(num)
    }

    pub(super) fn read(&mut self, candidates: &[Candidate]) -> Read {
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

    pub(super) fn parts(&mut self, parts: &tree::Parts) -> Result<Vec<Part>, Unsaid> {
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

/// A field that is made like this.
pub(super) fn held(field: &FieldDraft, many: Many, made: Vec<Making>) -> Field {
    Field {
        name: field.name.clone(),
        short: field.short.clone(),
        path: field.path.clone(),
        kind: field.kind.clone(),
        fixed: field.fixed.clone(),
        many,
        made,
    }
}
