//! The loss: terms of the table, with values inside the model's instances as arguments.

use rustc_hash::FxHashMap as HashMap;
use std::rc::Rc;

use termc_grammar::ast::{Call, Expr, ExprKind, Line, LineKind, Span};

use super::call::Calling;
use super::draft::unknown;
use super::eval::reported;
use super::index::{cut, position};
use super::scope::{Address, Scope};
use super::{Elaborator, ParameterInfo};
use crate::defaults::{self, PrimitiveParameter};
use crate::diagnostics::{Diagnostic, ProgramKind};
use crate::language::losses::{LOSSES, Values};
use crate::language::{BlockValue, Callee, Parameter, Places, Traced, Value};
use crate::model::{Binding, InstanceId, LossKind, LossTerm, NodeId};
use crate::overrides::{Action, Position};
use crate::prelude;

/// A row of a table that a text names: the name, the arguments, and where it stands.
pub(super) struct Named<'a> {
    pub name: &'a str,
    pub call: Option<&'a Call>,
    pub span: Span,
}

/// Reads `name` or `name(arguments)`.
pub(super) fn named(expr: &Expr) -> Option<Named<'_>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(Named {
            name,
            call: None,
            span: expr.span,
        }),
        ExprKind::Call(call) => Some(Named {
            name: &call.callee.text,
            call: Some(call),
            span: expr.span,
        }),
        _ => None,
    }
}

impl<'a> Elaborator<'a> {
    /// All terms; None if something about them was reported.
    pub(super) fn loss(
        &mut self,
        scope: &Scope<'a>,
        body: &'a [Line],
        model: Span,
        output: Option<NodeId>,
    ) -> Option<Vec<LossTerm>> {
        let root = self.changes.step(&scope.positions, "loss", None);
        let sections = body.iter().filter_map(|line| match &line.kind {
            LineKind::Loss(terms) => Some((line.span, terms.as_slice())),
            _ => None,
        });
        let section = self.only("loss", sections);
        let mut lines: Vec<(String, Span, &'a Expr)> = vec![];
        for line in section.map(|(_, terms)| terms).unwrap_or_default() {
            if let Some((label, span, expr)) = self.term_line(line) {
                if let Some((_, first, _)) = lines.iter().find(|(other, ..)| *other == label) {
                    self.report_again(ProgramKind::PartTwice { part: label }, span, *first);
                    continue;
                }
                let at = self.changes.step(&root, &label, None);
                if !self.changes.without(&at) {
                    lines.push((label, span, expr));
                }
            }
        }
        let additions: Vec<_> = self
            .changes
            .additions(&root)
            .map(|c| (c.path, c.action))
            .collect();
        for (path, action) in additions {
            if let (Action::Add(value, _), Some(step)) = (action, path.steps.last()) {
                self.mark_used(path);
                let (part, span) = (step.name.text.clone(), step.name.span);
                match lines.iter().find(|(other, ..)| *other == part) {
                    Some((_, first, _)) => {
                        self.report_again(ProgramKind::PartTwice { part }, span, *first);
                    }
                    None => lines.push((part, span, value)),
                }
            }
        }
        let labels = lines.iter().map(|(label, ..)| label);
        self.offer(&root, labels);
        let mut terms = vec![];
        let mut sound = true;
        for (label, _, expr) in lines {
            let at = self.changes.step(&root, &label, None);
            let expr = self.changes.set(&at).map_or(expr, |(changed, _)| changed);
            match self.term(scope, label, expr, at, output) {
                Some(term) => terms.push(term),
                None => sound = false,
            }
        }
        let trains = terms
            .iter()
            .any(|t| matches!(t.kind, LossKind::CrossEntropy { .. }));
        if sound && !trains {
            let at = section.map_or(model, |(span, _)| span);
            self.add(Diagnostic::of(ProgramKind::NoLoss {}, at));
        }
        (sound && trains).then_some(terms)
    }

    /// The name, place and value of a line of the loss.
    fn term_line(&mut self, line: &'a Line) -> Option<(String, Span, &'a Expr)> {
        let found = match &line.kind {
            LineKind::Yield(expr) => {
                named(expr).map(|term| (term.name.to_owned(), expr.span, expr))
            }
            LineKind::Bind { target, value } => match target.as_element() {
                Some((name, None)) => Some((name.to_owned(), target.span, value)),
                _ => None,
            },
            _ => None,
        };
        if found.is_none() {
            self.report(ProgramKind::WrongLine { place: "`loss`" }.into(), line.span);
        }
        found
    }

    fn term(
        &mut self,
        scope: &Scope<'a>,
        name: String,
        expr: &'a Expr,
        at: Vec<Position>,
        output: Option<NodeId>,
    ) -> Option<LossTerm> {
        let Some(term) = named(expr) else {
            self.report(ProgramKind::WrongLine { place: "`loss`" }.into(), expr.span);
            return None;
        };
        let Some(row) = LOSSES.iter().find(|row| row.name == term.name) else {
            let known = LOSSES.iter().map(|row| row.name.to_owned()).collect();
            let kind = ProgramKind::UnknownTerm {
                name: term.name.to_owned(),
                known,
            };
            self.report(kind.into(), expr.span);
            return None;
        };
        let values = self.row(scope, &term, row.parameters, at)?;
        let output = output?;
        let shape = |id: NodeId| self.draft.node(id).shape;
        let made = (row.make)(
            &Values {
                shape: &shape,
                output,
            },
            values,
        );
        match made {
            Ok(weighted) => Some(LossTerm {
                name,
                weight: weighted.weight,
                kind: weighted.kind,
            }),
            Err(refusal) => {
                self.refuse(*refusal.kind, &refusal.places, expr.span);
                None
            }
        }
    }

    /// The values of the parameters of a row; None if something about them was reported.
    pub(super) fn row(
        &mut self,
        scope: &Scope<'a>,
        named: &Named<'a>,
        parameters: fn() -> Vec<Parameter>,
        positions: Vec<Position>,
    ) -> Option<Vec<Traced>> {
        let key = parameters as usize;
        let parsed: &'static [PrimitiveParameter] = defaults::row_parameters(key, parameters);
        let params: Vec<ParameterInfo<'a>> = parsed.iter().map(ParameterInfo::from).collect();
        let args = named
            .call
            .map(|call| call.args.as_slice())
            .unwrap_or_default();
        let calling = Calling {
            scope,
            block: BlockValue {
                callee: Callee::Row,
                fixed: vec![],
            },
            callee: named.name,
            written: None,
            span: named.span,
            address: Address {
                binding: None,
                call: None,
            },
            positions,
            args: args
                .iter()
                .map(|arg| (arg.name.as_ref(), &arg.value))
                .collect(),
        };
        let inner = self.plain_scope(prelude::UNIT);
        let bound = self.bind(&calling, &params, inner)?;
        (!bound.values.iter().any(|v| unknown(&v.value))).then_some(bound.values)
    }

    /// The values that a path inside the model leads to: `b.K`, `b[1..].K`, `[b[0].K, stem.K]`.
    pub(super) fn values(&mut self, scope: &Scope<'a>, expr: &'a Expr) -> Traced {
        let instances = self.instances_by_path();
        let Some(paths) = self.paths(scope, expr, &instances) else {
            return reported();
        };
        let mut items = vec![];
        for (instance, name, index) in paths {
            let bindings = match self.draft.instances.get(instance.index()) {
                Some(instance) => &instance.bindings,
                None => crate::bug::bug!("there is no instance {}", instance.index()),
            };
            let nodes = bindings
                .iter()
                .filter(|b| b.name == name && (index.is_none() || b.index == index));
            let nodes = nodes.map(|b| Traced {
                value: Value::Tensor(b.node),
                places: Places::literal(expr.span),
            });
            items.extend(nodes);
        }
        Traced {
            value: Value::List(items),
            places: Places::literal(expr.span),
        }
    }

    /// The instances by their paths, listed once: all have been made when the loss is read.
    fn instances_by_path(&mut self) -> Rc<HashMap<String, InstanceId>> {
        let instances = self.draft.instances.iter().enumerate();
        let listed = instances.map(|(i, instance)| (instance.path.clone(), InstanceId(i as u32)));
        let all = self
            .by_path
            .get_or_insert_with(|| Rc::new(listed.collect()));
        all.clone()
    }

    /// The names that a path leads to: the instance, the name in it, and the element.
    fn paths(
        &mut self,
        scope: &Scope<'a>,
        expr: &'a Expr,
        instances: &HashMap<String, InstanceId>,
    ) -> Option<Vec<(InstanceId, String, Option<usize>)>> {
        match &expr.kind {
            ExprKind::Name(name) => match scope.names.contains_key(name.as_str()) {
                true => Some(self.elements(scope.instance, name)),
                false => self.no_value(
                    expr,
                    name,
                    scope.names.keys().map(|n| (*n).to_owned()).collect(),
                ),
            },
            ExprKind::Index { value, index } => {
                // One element of a list that has a name: the others are not listed.
                if let ExprKind::Name(name) = &value.kind
                    && scope.names.contains_key(name.as_str())
                {
                    let at = self.integer(scope, index, "an index")?;
                    let count = self.named(scope.instance, name).count();
                    let one = position(at, count)
                        .and_then(|at| self.named(scope.instance, name).nth(at))
                        .map(|binding| (scope.instance, name.clone(), binding.index));
                    if one.is_none() {
                        self.report(ProgramKind::Index { index: at, count }.into(), index.span);
                    }
                    return one.map(|one| vec![one]);
                }
                let all = self.paths(scope, value, instances)?;
                let at = self.integer(scope, index, "an index")?;
                let count = all.len();
                let one = position(at, count).and_then(|at| all.into_iter().nth(at));
                if one.is_none() {
                    self.report(ProgramKind::Index { index: at, count }.into(), index.span);
                }
                one.map(|one| vec![one])
            }
            ExprKind::Slice { value, start, end } => {
                let all = self.paths(scope, value, instances)?;
                let count = all.len();
                let from = match start {
                    Some(start) => cut(self.integer(scope, start, "the start of a slice")?, count),
                    None => 0,
                };
                let to = match end {
                    Some(end) => cut(self.integer(scope, end, "the end of a slice")?, count),
                    None => count,
                };
                Some(all.into_iter().take(to).skip(from).collect())
            }
            ExprKind::Field { value, name } => {
                let mut all = vec![];
                for (instance, binding, index) in self.paths(scope, value, instances)? {
                    let path = self.path_in(instance, &binding, index);
                    let inside = instances.get(&path).copied();
                    let found = inside
                        .map(|id| self.elements(id, &name.text))
                        .unwrap_or_default();
                    if found.is_empty() {
                        let known = inside.and_then(|id| self.draft.instances.get(id.index()));
                        let known =
                            known.map(|i| i.bindings.iter().map(|b| b.name.clone()).collect());
                        return self.no_value(expr, &name.text, known.unwrap_or_default());
                    }
                    all.extend(found);
                }
                Some(all)
            }
            ExprKind::List(items) => {
                let mut all = vec![];
                for item in items {
                    all.extend(self.paths(scope, item, instances)?);
                }
                Some(all)
            }
            _ => self.no_value(expr, "", vec![]),
        }
    }

    fn no_value<T>(&mut self, expr: &Expr, step: &str, known: Vec<String>) -> Option<T> {
        let path = termc_grammar::print_expr(expr);
        let kind = ProgramKind::PathOfValues {
            path,
            step: step.to_owned(),
            known,
        };
        self.report(kind.into(), expr.span);
        None
    }

    fn path_in(&self, instance: InstanceId, name: &str, index: Option<usize>) -> String {
        let path = self
            .draft
            .instances
            .get(instance.index())
            .map_or("", |i| i.path.as_str());
        let dot = if path.is_empty() { "" } else { "." };
        match index {
            Some(index) => format!("{path}{dot}{name}[{index}]"),
            None => format!("{path}{dot}{name}"),
        }
    }

    /// A name of an instance, element by element if it is a list; none if it names no tensor.
    fn elements(
        &self,
        instance: InstanceId,
        name: &str,
    ) -> Vec<(InstanceId, String, Option<usize>)> {
        let own = self.named(instance, name);
        own.map(|b| (instance, name.to_owned(), b.index)).collect()
    }

    /// The bindings of a name of an instance.
    fn named(&self, instance: InstanceId, name: &str) -> impl Iterator<Item = &Binding> {
        let instance = self.draft.instances.get(instance.index());
        let bindings = instance.into_iter().flat_map(|i| &i.bindings);
        bindings.filter(move |b| b.name == name)
    }
}
