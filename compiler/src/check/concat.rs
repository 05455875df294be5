//! Evaluates `concat` blocks: branches in written order, their labels and shapes.

use termc_grammar::ast::Branch;

use super::Checker;
use super::value::{Ty, Value};
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{NodeId, Op, Span};

impl<'a> Checker<'a> {
    pub(super) fn eval_concat(&mut self, branches: &'a [Branch], span: Span) -> Value {
        let outer = self.builder.binding.clone();
        let mut labels: Vec<(&str, Span)> = vec![];
        let mut parts: Vec<(NodeId, Span)> = vec![];
        let mut unknown = false;
        for (i, branch) in branches.iter().enumerate() {
            let label = match &branch.label {
                Some(label) => {
                    if let Some((_, first)) = labels.iter().find(|(text, _)| *text == label.text) {
                        let diagnostic = Diagnostic::new(
                            Code::RepeatedName,
                            label.span,
                            format!("branch `{}` is defined twice", label.text),
                        )
                        .label("again here")
                        .related(*first, "first here")
                        .help("give one of them another label");
                        self.report(diagnostic);
                    }
                    labels.push((&label.text, label.span));
                    label.text.clone()
                }
                None => format!("branch_{i}"),
            };
            self.builder.binding = label.clone();
            let first = self.builder.nodes.len();
            self.top = Some(branch.value.span);
            let value = self.eval(&branch.value, Some(Ty::FeatureOrList));
            match value {
                Value::Feature(id) => {
                    if branch.label.is_some() {
                        self.give_name(id, &label, first);
                    }
                    parts.push((id, branch.value.span));
                }
                Value::List(items) => {
                    for item in items {
                        match item {
                            Value::Feature(id) => {
                                if branch.label.is_some() {
                                    self.give_name(id, &label, first);
                                }
                                parts.push((id, branch.value.span));
                            }
                            _ => unknown = true,
                        }
                    }
                }
                _ => unknown = true,
            }
        }
        self.builder.binding = outer;
        let Some(first) = parts.first().copied() else {
            if !unknown {
                let diagnostic = Diagnostic::new(
                    Code::Concat,
                    span,
                    "a concatenation needs at least one branch",
                )
                .label("nothing to join")
                .help("name at least one feature map between the braces");
                self.report(diagnostic);
            }
            return Value::Unknown;
        };
        let reference = self.builder.shape(first.0);
        let mut fits = true;
        for part in &parts {
            let shape = self.builder.shape(part.0);
            let same = (shape.height, shape.width, shape.batched)
                == (reference.height, reference.width, reference.batched);
            if !same {
                fits = false;
                let diagnostic = Diagnostic::new(
                    Code::Concat,
                    part.1,
                    format!("branches need one height, width and batch, found {reference} and {shape}"),
                )
                .label(format!("this is {shape}"))
                .help("branches are joined along channels only; bring this one to the size of the others or leave it out");
                let diagnostic = self.operands(diagnostic, &[first]);
                self.report(diagnostic);
            }
        }
        if !fits || unknown {
            return Value::Unknown;
        }
        self.builder.span = span;
        let name = self.builder.instance("concat");
        let op = Op::Concat(parts.into_iter().map(|(id, _)| id).collect());
        self.node(name, op).map_or(Value::Unknown, Value::Feature)
    }
}
