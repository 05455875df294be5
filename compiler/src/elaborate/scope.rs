//! What the text of one block call, constant or model sees while it is elaborated.

use rustc_hash::FxHashMap as HashMap;

use crate::language::Traced;
use crate::model::{InstanceId, Iteration, Span};
use crate::overrides::Position;

/// One text being elaborated.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'a> {
    /// Its instance.
    pub instance: InstanceId,
    /// The instance's path; empty for the model.
    pub path: String,
    /// Where the changes' paths are that reach it.
    pub positions: Vec<Position>,
    /// The file whose definitions it sees.
    pub file: usize,
    /// Whether it is inside a slow net.
    pub slow: bool,
    /// Parameters, bindings and loop variables.
    pub names: HashMap<&'a str, Entry>,
    /// Names whose binding is below: they are told as used too early, not as unknown.
    pub later: HashMap<&'a str, Span>,
    /// The `for` being repeated.
    pub iteration: Option<Iteration>,
    /// Where calls of the expression being evaluated belong.
    pub folder: Folder,
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
    /// A binding.
    Binding,
    /// The variable of a `for`.
    Loop,
    /// The model's input.
    Input,
}

/// The addresses of the calls of one expression below its scope's path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folder {
    /// By where the callee or operator stands.
    pub addresses: HashMap<u32, Address>,
}

/// The address of one call: steps below the scope, and whether changes may exchange it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// `fast` and `rgu[0]`.
    pub steps: Vec<(String, Option<i64>)>,
    /// Whether it is one of several calls of its expression, or a call of the result: changes exchange it.
    pub inner: bool,
}

impl Scope<'_> {
    /// The path of something below the scope.
    pub fn path_of(&self, steps: &[(String, Option<i64>)]) -> String {
        let mut path = self.path.clone();
        for (name, index) in steps {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            if let Some(index) = index {
                path.push_str(&format!("[{index}]"));
            }
        }
        path
    }
}
