//! Expands blocks: a scope per call, a frame of names per body, bindings from top to bottom.

use termc_grammar::ast::{Binding, BlockDef, Call, Name};

use super::builder::{LimitExceeded, MAX_NODES, MAX_SCOPES, Space};
use super::call::Bound;
use super::value::{Ty, Value};
use super::{Checker, Entry, Frame};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{NodeId, Scope, ScopeId, Span};

impl Frame {
    pub(super) fn new(what: String) -> Self {
        Self {
            what,
            ..Self::default()
        }
    }
}

impl<'a> Checker<'a> {
    pub(super) fn call_block(
        &mut self,
        block: &'a BlockDef,
        call: &'a Call,
        first: Option<(Value, Span)>,
        span: Span,
        top: bool,
    ) -> Value {
        let name = block.name.text.as_str();
        self.used.insert(name);
        let parameters = self.parameters(&block.params);
        let Some(bound) = self.bind(name, &parameters, call, first) else {
            return Value::Unknown;
        };
        if let Some(at) = self.block_stack.iter().position(|(n, _)| *n == name) {
            let chain: Vec<&str> = self
                .block_stack
                .iter()
                .skip(at)
                .map(|(n, _)| *n)
                .chain([name])
                .collect();
            let diagnostic = Diagnostic::new(
                Code::Recursion,
                call.callee.span,
                format!("block `{name}` contains itself"),
            )
            .label("expanding this call never ends")
            .related(block.name.span, format!("`{name}` is defined here"))
            .help(format!("break the circle {}", chain.join(" -> ")));
            self.report(diagnostic);
            return Value::Unknown;
        }
        if self.builder.scopes.len() > MAX_SCOPES {
            self.builder.span = call.span;
            let limit = LimitExceeded(format!("more than {MAX_SCOPES} block instances"));
            self.limited::<()>(Err(limit));
            return Value::Unknown;
        }
        let unknown = bound
            .iter()
            .flatten()
            .any(|(v, _)| matches!(v, Value::Unknown));
        if unknown || self.builder.nodes.len() >= MAX_NODES {
            return Value::Unknown;
        }
        let scope_name = if top && !self.builder.binding.is_empty() {
            format!(
                "{}{}",
                self.builder.scope_prefix(),
                rust_safe(&self.builder.binding)
            )
        } else {
            self.builder.instance(name)
        };
        let scope_name = self.builder.unique(Space::Scope, scope_name);
        let inputs: Vec<NodeId> = bound
            .iter()
            .flatten()
            .flat_map(|(v, _)| features(v))
            .collect();
        let outer_scope = self.builder.scope;
        let outer_binding = std::mem::take(&mut self.builder.binding);
        let scope = ScopeId(self.builder.scopes.len() as u32);
        self.builder.scopes.push(Scope {
            name: scope_name.clone(),
            block: name.to_owned(),
            doc: block.doc.clone(),
            parent: Some(outer_scope),
            inputs,
            result: NodeId(0),
            first: self.builder.nodes.len(),
            end: self.builder.nodes.len(),
            span,
        });
        self.builder.scope = scope;
        self.block_stack.push((name, span));
        let outer_top = self.top.take();
        let value = self.enter_block(block, bound);
        self.top = outer_top;
        self.block_stack.pop();
        self.builder.scope = outer_scope;
        self.builder.binding = outer_binding;
        let end = self.builder.nodes.len();
        if let Some(scope) = self.builder.scopes.get_mut(scope.index()) {
            scope.end = end;
            if let Value::Feature(id) = value {
                scope.result = id;
            }
        }
        value
    }

    /// Evaluates a block's body with bound parameters.
    pub(super) fn enter_block(&mut self, block: &'a BlockDef, bound: Bound) -> Value {
        let outer_base = self.base;
        self.base = bound.iter().flatten().find_map(|(v, _)| match v {
            Value::Feature(id) => Some(self.builder.shape(*id).channels),
            _ => None,
        });
        if bound
            .iter()
            .flatten()
            .all(|(v, _)| !matches!(v, Value::Unknown))
        {
            self.entered.insert(&block.name.text);
        }
        self.open_frame(format!("block `{}`", block.name.text), &block.params, bound);
        self.bindings(&block.bindings);
        let value = match &block.result {
            Some(result) => {
                self.top = None;
                self.eval(result, Some(Ty::Feature))
            }
            None => {
                let diagnostic = Diagnostic::new(
                    Code::Missing,
                    block.name.span,
                    format!("block `{}` does not say what it yields", block.name.text),
                )
                .label("no expression at the end of its body")
                .help("end the block with an expression, for instance `concat { ... } |> bottleneck(2)`");
                self.report(diagnostic);
                Value::Unknown
            }
        };
        self.frames.pop();
        self.base = outer_base;
        value
    }

    /// Evaluates bindings in order.
    pub(super) fn bindings(&mut self, bindings: &'a [Binding]) {
        if let Some(frame) = self.frames.last_mut() {
            frame.later = bindings
                .iter()
                .map(|b| (b.name.text.clone(), b.name.span))
                .collect();
        }
        for binding in bindings {
            let outer = std::mem::replace(&mut self.builder.binding, binding.name.text.clone());
            let first = self.builder.nodes.len();
            self.top = Some(binding.value.span);
            let value = self.eval(&binding.value, None);
            self.builder.binding = outer;
            if let Value::Feature(id) = value {
                self.give_name(id, &binding.name.text, first);
                if binding.kernel {
                    self.note_kernel(binding, id);
                }
            } else if binding.kernel && !matches!(value, Value::Unknown) {
                let message = format!("a kernel is a feature map, found {}", value.describe());
                self.report(Diagnostic::new(Code::Type, binding.value.span, message));
            }
            if let Some(frame) = self.frames.last_mut() {
                frame.later.remove(&binding.name.text);
            }
            self.define(&binding.name, value);
        }
    }

    fn note_kernel(&mut self, binding: &Binding, id: NodeId) {
        if self.builder.shape(id).batched {
            let diagnostic = Diagnostic::new(
                Code::Type,
                binding.value.span,
                format!("kernel `{}` depends on the images", binding.name.text),
            )
            .label("not made by a slow net alone")
            .help("a `kernel` is compared by the slow neural loss: bind `hyper(...)` to it, or drop the word `kernel`");
            self.report(diagnostic);
        } else {
            self.kernels.push((id, binding.name.span));
        }
    }

    /// Names a node after the binding that made it, unless it already has an author's name.
    pub(super) fn give_name(&mut self, id: NodeId, name: &str, first: usize) {
        if id.index() < first {
            return;
        }
        let unnamed = self.builder.nodes.get(id.index()).is_some_and(|n| !n.named);
        if !unnamed {
            return;
        }
        let full = format!("{}{name}", self.builder.scope_prefix());
        let unique = self.builder.unique(Space::Node, full);
        if let Some(node) = self.builder.nodes.get_mut(id.index()) {
            node.name = unique;
            node.named = true;
        }
    }

    /// Defines a name in the innermost frame; reports a repetition.
    pub(super) fn define(&mut self, name: &Name, value: Value) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        let what = frame.what.clone();
        if let Some(before) = frame.names.get(&name.text) {
            let diagnostic = Diagnostic::new(
                Code::RepeatedName,
                name.span,
                format!("`{}` is defined twice", name.text),
            )
            .label("again here")
            .related(before.span, "first here")
            .help(format!(
                "choose another name; in {what} a name means one thing"
            ));
            self.report(diagnostic);
            return;
        }
        frame.names.insert(
            name.text.clone(),
            Entry {
                value,
                span: name.span,
            },
        );
    }
}

fn features(value: &Value) -> Vec<NodeId> {
    match value {
        Value::Feature(id) => vec![*id],
        Value::List(items) => items.iter().flat_map(features).collect(),
        _ => vec![],
    }
}

/// Scope names are fields of emitted structs, so what Rust keeps for itself, and what the code that Burn derives for a struct
/// calls its own values, gets an underscore.
pub(super) fn rust_safe(name: &str) -> String {
    const KEYWORDS: [&str; 52] = [
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum",
        "extern", "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move",
        "mut", "pub", "ref", "return", "self", "Self", "static", "struct", "super", "trait",
        "true", "type", "unsafe", "use", "where", "while", "abstract", "become", "box", "do",
        "final", "gen", "macro", "override", "priv", "try", "typeof", "yield", "device", "mapper",
    ];
    if !name.contains(char::is_alphabetic) {
        format!("unnamed{name}")
    } else if KEYWORDS.contains(&name) {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}
