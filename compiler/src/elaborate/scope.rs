//! What the text of one block call, constant or model sees while it is elaborated.

use rustc_hash::FxHashMap as HashMap;
use std::fmt::Write;
use std::sync::Arc;

use termc_grammar::ast::Line;

use super::mentions::bound_names;
use crate::language::{Traced, Ty};
use crate::model::{InstanceId, Iteration, Span};
use crate::overrides::Position;

/// One text being elaborated.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    /// Its instance.
    pub instance: InstanceId,
    /// The instance's path; empty for the model.
    pub path: Arc<str>,
    /// Where the changes' paths are that reach it.
    pub positions: Vec<Position>,
    /// The file whose definitions it sees.
    pub file: usize,
    /// Whether it is inside a slow net.
    pub slow: bool,
    /// Parameters, bindings and loop variables.
    pub names: HashMap<&'a str, Entry>,
    /// Its lines: a name that one of them binds is told as used too early, not as unknown.
    pub lines: &'a [Line],
    /// The names whose binding was come to.
    pub begun: Vec<&'a str>,
    /// The `for` being repeated.
    pub iteration: Option<Iteration>,
    /// Where calls of the expression being evaluated belong.
    pub folder: Folder<'a>,
}

/// A name of a scope.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// What it stands for.
    pub value: Traced,
    /// Where it was named.
    pub span: Span,
    /// What named it.
    pub kind: EntryKind,
}

/// What named an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A parameter.
    Parameter,
    /// A parameter that says how a tensor starts: the tensor may take its name over.
    Start,
    /// A binding.
    Binding,
    /// The variable of a `for`.
    Loop,
    /// The model's input.
    Input,
}

impl EntryKind {
    /// A parameter of this type.
    pub fn parameter(ty: &Ty) -> Self {
        match ty {
            Ty::Init => Self::Start,
            _ => Self::Parameter,
        }
    }
}

/// One step of a path: `fast`, `rgu[0]`.
pub(crate) type Step<'a> = (&'a str, Option<i64>);

/// The addresses of the calls of one expression below its scope's path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folder<'a> {
    /// With where the callee or operator stands, in the order of the text.
    pub addresses: Vec<(u32, Address<'a>)>,
}

/// The address of one call: steps below the scope, and whether changes may exchange it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address<'a> {
    /// The binding; None for calls of the result.
    pub binding: Option<Step<'a>>,
    /// Which call of it; None for the only one. `fast` and `rgu[0]` for `fast.rgu[0]`.
    pub call: Option<Step<'a>>,
}

impl<'a> Folder<'a> {
    /// The address of the callee or operator that stands here.
    pub fn get(&self, key: u32) -> Option<Address<'a>> {
        let at = self.addresses.binary_search_by_key(&key, |(key, _)| *key);
        at.ok()
            .and_then(|at| self.addresses.get(at))
            .map(|(_, address)| *address)
    }
}

impl<'a> Address<'a> {
    /// Its steps.
    pub fn steps(&self) -> impl Iterator<Item = Step<'a>> + Clone + use<'a> {
        self.binding.into_iter().chain(self.call)
    }

    /// Whether it is one of several calls of its expression, or a call of the result: changes exchange it.
    pub fn inner(&self) -> bool {
        self.call.is_some()
    }
}

impl<'a> Scope<'a> {
    /// The path of something below the scope.
    pub fn path_of(&self, steps: impl Iterator<Item = Step<'a>> + Clone) -> String {
        let length = steps.clone().map(|(name, _)| name.len() + 6).sum::<usize>();
        let mut path = String::with_capacity(self.path.len() + length);
        path.push_str(&self.path);
        for step in steps {
            push_step(&mut path, step);
        }
        path
    }

    /// Where a name is bound whose binding was not come to.
    pub fn later(&self, name: &str) -> Option<Span> {
        let mut bound = self.lines.iter().flat_map(bound_names);
        let last = bound.rfind(|(bound, _)| *bound == name);
        last.filter(|_| !self.begun.contains(&name))
            .map(|(_, span)| span)
    }
}

/// Appends a step to a path.
fn push_step(path: &mut String, (name, index): Step<'_>) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
    if let Some(index) = index {
        // A `String` takes everything.
        let _ = write!(path, "[{index}]");
    }
}
