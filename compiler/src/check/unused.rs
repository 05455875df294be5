//! Finds definitions, parameters and bindings that nothing uses, from the text alone.

use std::collections::HashSet;

use termc_grammar::ast::{Binding, Expr, ExprKind, File, Item, ModelDef, ParamDef, Range};

use super::Checker;
use crate::diagnostics::{Code, Diagnostic};

/// All names an expression reads, callees included.
fn reads<'e>(expr: &'e Expr, names: &mut HashSet<&'e str>) {
    match &expr.kind {
        ExprKind::Int(_) | ExprKind::Float(_) => {}
        ExprKind::Name(name) => drop(names.insert(name)),
        ExprKind::List(items) => items.iter().for_each(|item| reads(item, names)),
        ExprKind::Call(call) => {
            names.insert(&call.callee.text);
            call.args.iter().for_each(|arg| reads(&arg.value, names));
        }
        ExprKind::Binary { lhs, rhs, .. } => {
            reads(lhs, names);
            reads(rhs, names);
        }
        ExprKind::Pipe { value, into } => {
            reads(value, names);
            names.insert(&into.callee.text);
            into.args.iter().for_each(|arg| reads(&arg.value, names));
        }
        ExprKind::Index { list, range } => {
            reads(list, names);
            let ends = match range {
                Range::At(at) => [Some(at), None],
                Range::Slice { start, end } => [start.as_ref(), end.as_ref()],
            };
            ends.into_iter().flatten().for_each(|end| reads(end, names));
        }
        ExprKind::Concat(branches) => branches
            .iter()
            .for_each(|branch| reads(&branch.value, names)),
    }
}

impl<'a> Checker<'a> {
    pub(super) fn unused(&mut self, file: &'a File, model: Option<&'a ModelDef>) {
        let slow_loss = model.is_some_and(|m| {
            let terms = m.losses.iter().flat_map(|l| &l.terms);
            terms
                .filter_map(super::loss::head)
                .any(|(name, _)| name == "slow_neural")
        });
        for item in &file.items {
            match item {
                Item::Slow(def) => {
                    self.unused_definition(&def.name.text, "slow net", def.name.span);
                    let mut names = HashSet::new();
                    reads(&def.value, &mut names);
                    self.unused_parameters(&def.params, &names);
                }
                Item::Block(def) => {
                    self.unused_definition(&def.name.text, "block", def.name.span);
                    let names = self.unused_bindings(&def.bindings, def.result.iter(), slow_loss);
                    self.unused_parameters(&def.params, &names);
                }
                Item::Model(def) => {
                    let last = def.outputs.iter().map(|o| &o.value);
                    let names = self.unused_bindings(&def.bindings, last, slow_loss);
                    let mut names = names;
                    def.outputs.iter().for_each(|o| reads(&o.size, &mut names));
                    def.inputs.iter().for_each(|i| reads(&i.sizes, &mut names));
                    self.unused_parameters(&def.params, &names);
                }
                Item::Train(_) | Item::Variant(_) => {}
            }
        }
    }

    fn unused_definition(&mut self, name: &str, what: &str, span: crate::model::Span) {
        if !self.used.contains(name) {
            let diagnostic =
                Diagnostic::new(Code::Unused, span, format!("{what} `{name}` is never used"))
                    .label("nothing in the model uses it")
                    .help("use it or remove it");
            self.report(diagnostic);
        }
    }

    fn unused_parameters(&mut self, params: &'a [ParamDef], names: &HashSet<&str>) {
        let defaults: HashSet<&str> = params.iter().filter_map(|p| p.default.as_ref()).fold(
            HashSet::new(),
            |mut names, default| {
                reads(default, &mut names);
                names
            },
        );
        for param in params {
            let name = param.name.text.as_str();
            if !names.contains(name) && !defaults.contains(name) {
                let diagnostic = Diagnostic::new(
                    Code::Unused,
                    param.name.span,
                    format!("parameter `{name}` is never used"),
                )
                .label("the body does not read it")
                .help("use it or remove it");
                self.report(diagnostic);
            }
        }
    }

    fn unused_bindings(
        &mut self,
        bindings: &'a [Binding],
        last: impl Iterator<Item = &'a Expr>,
        slow_loss: bool,
    ) -> HashSet<&'a str> {
        let mut names = HashSet::new();
        bindings.iter().for_each(|b| reads(&b.value, &mut names));
        last.for_each(|expr| reads(expr, &mut names));
        for binding in bindings {
            let name = binding.name.text.as_str();
            let compared = binding.kernel && slow_loss;
            if !names.contains(name) && !compared {
                let diagnostic = Diagnostic::new(
                    Code::UnusedBinding,
                    binding.name.span,
                    format!("`{name}` is never used"),
                )
                .label("neither the output nor a loss depends on it, so it is left out")
                .help("use it or remove it");
                self.report(diagnostic);
            }
        }
        names
    }
}
