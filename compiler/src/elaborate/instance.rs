//! Expands a call of a block: an instance of it in the tree, and what its text yields.

use rustc_hash::FxHashMap as HashMap;
use std::sync::Arc;

use super::arguments::Bound;
use super::call::Calling;
use super::eval::reported;
use super::scope::Scope;
use super::{ActiveCall, Elaborator, ParameterInfo};
use crate::diagnostics::ProgramKind;
use crate::language::limits::{MAX_INSTANCES, MOST_CALLS};
use crate::language::{Places, Traced, Ty, Value};
use crate::model::{Constant, Input, Instance, NodeId, Span};

/// What an instance was given: tensors, values, and where the values were written.
#[derive(Default)]
struct Passed {
    inputs: Vec<Input>,
    values: Vec<(String, Constant)>,
    written: Vec<Vec<Span>>,
}

impl<'a> Elaborator<'a> {
    pub(super) fn instance(&mut self, number: usize, calling: Calling<'a, '_>) -> Traced {
        let definition = self.program.get(number);
        let super::program::Body::Block(block) = definition.body else {
            crate::bug::bug!("`{}` is no block", definition.name.text);
        };
        let (name, file) = (definition.name.text.as_str(), definition.file);
        if self
            .calls
            .iter()
            .any(|call| call.definition == Some(number))
        {
            self.recursion(number, calling.span);
            return reported();
        }
        if self.calls.len() >= MOST_CALLS {
            let most = MOST_CALLS;
            self.aborted = true;
            self.refuse(
                ProgramKind::TooManyCalls { most }.into(),
                &Places::default(),
                calling.span,
            );
            return reported();
        }
        self.expanded.insert(number);
        if self.draft.instances.len() >= MAX_INSTANCES {
            self.aborted = true;
            let most = MAX_INSTANCES;
            self.refuse(
                ProgramKind::TooManyInstances { most }.into(),
                &Places::default(),
                calling.span,
            );
            return reported();
        }
        let params = self.parameters(calling.block.callee);
        let prelude = self.program.is_prelude(number);
        let grid = params.iter().any(|p| p.ty == Ty::Grid);
        let path: Arc<str> = calling.scope.path_of(calling.address.steps()).into();
        let mut positions = calling.positions.clone();
        positions.extend(self.changes.definition(name));
        let inner = Scope {
            // The instance is made when its arguments are: theirs come before it.
            instance: calling.scope.instance,
            path: path.clone(),
            positions,
            file,
            slow: calling.scope.slow || grid,
            names: HashMap::with_capacity_and_hasher(
                params.len() + block.body.len(),
                Default::default(),
            ),
            lines: &[],
            begun: vec![],
            iteration: None,
            folder: Default::default(),
        };
        let Some(Bound { mut scope, values }) = self.bind(&calling, &params, inner) else {
            return reported();
        };
        let begun = self.begun(number, &calling, scope.slow, &values);
        if let Some(begun) = &begun
            && let Some(result) = self.known(begun, &calling)
        {
            return Traced {
                value: Value::Tensor(result),
                places: Places::default(),
            };
        }
        let Passed {
            inputs,
            values: constants,
            written,
        } = match self.only_looked_at {
            true => Passed::default(),
            false => self.passed(&params, &values),
        };
        let first = self.draft.nodes.len();
        let instance = Instance {
            path: (*path).to_owned(),
            block: name.to_owned(),
            doc: definition.item.doc.clone(),
            prelude,
            slow: grid,
            parent: Some(calling.scope.instance),
            inputs,
            values: constants,
            written,
            bindings: vec![],
            result: NodeId(0),
            first,
            end: first,
            loops: vec![],
            iteration: calling.scope.iteration,
            span: calling.span,
        };
        let id = self.draft.enter(instance, Some(number));
        scope.instance = id;
        self.calls.push(ActiveCall {
            span: calling.span,
            name,
            definition: Some(number),
            path,
            user: !prelude,
        });
        let result = self.body(&mut scope, block, number);
        self.calls.pop();
        let end = self.draft.nodes.len();
        let instance = self.draft.instance(id);
        instance.end = end;
        if let Value::Tensor(node) = result.value {
            instance.result = node;
        }
        if let Some(begun) = begun {
            self.ended(begun, &result);
        }
        Traced {
            places: Places::default(),
            ..result
        }
    }

    fn recursion(&mut self, number: usize, span: Span) {
        let start = self
            .calls
            .iter()
            .position(|call| call.definition == Some(number));
        let circle = self
            .calls
            .iter()
            .skip(start.unwrap_or(0))
            .map(|call| call.name.to_owned());
        let name = self.program.get(number).name.text.clone();
        let circle: Vec<String> = circle.chain([name.clone()]).collect();
        self.report(ProgramKind::Recursion { name, circle }.into(), span);
    }

    /// A value as the model keeps it.
    pub(super) fn known_value(&self, value: &Value) -> Option<Constant> {
        Some(match value {
            Value::Int(n) => Constant::Int(*n),
            Value::Float(x) => Constant::Float(*x),
            Value::Bool(b) => Constant::Bool(*b),
            Value::Word(word) => Constant::Text((*word).to_owned()),
            Value::Init(start) => Constant::Text(start.to_string()),
            Value::Block(block) => {
                let fixed = block.fixed.iter().filter_map(|(name, value)| {
                    Some(format!("{name}={}", self.known_value(&value.value)?))
                });
                let fixed: Vec<String> = fixed.collect();
                let name = self.callee_name(block.callee);
                Constant::Text(match fixed.is_empty() {
                    true => name.to_owned(),
                    false => format!("{name}({})", fixed.join(", ")),
                })
            }
            Value::List(items) => {
                let items = items.iter().map(|item| self.known_value(&item.value));
                Constant::List(items.collect::<Option<_>>()?)
            }
            Value::Tensor(_) | Value::Unknown => return None,
        })
    }

    /// What an instance was given, for the model.
    fn passed(&self, params: &[ParameterInfo<'a>], values: &[Traced]) -> Passed {
        let mut passed = Passed::default();
        for (param, value) in params.iter().zip(values) {
            let mut input = |index, node| {
                passed.inputs.push(Input {
                    param: param.name.to_owned(),
                    index,
                    node,
                })
            };
            match &value.value {
                Value::Tensor(id) => input(None, *id),
                Value::List(items) if matches!(&param.ty, Ty::List(of) if matches!(**of, Ty::Tensor | Ty::Grid)) => {
                    for (index, item) in items.iter().enumerate() {
                        if let Value::Tensor(id) = item.value {
                            input(Some(index), id);
                        }
                    }
                }
                other => {
                    if let Some(constant) = self.known_value(other) {
                        passed.values.push((param.name.to_owned(), constant));
                        passed.written.push(value.places.literals().collect());
                    }
                }
            }
        }
        passed
    }
}
