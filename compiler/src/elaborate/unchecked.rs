//! Looks through a block that no call expanded: its parameters are unknown, so only what does not depend on them is told.

use super::eval::reported;
use super::model::model_instance_of;
use super::program::Body;
use super::scope::{Entry, EntryKind};
use super::{ActiveCall, Elaborator};

impl Elaborator<'_> {
    pub(super) fn look_through(&mut self, number: usize) {
        let definition = self.program.get(number);
        let block = match definition.body {
            Body::Const(_) => {
                self.constant(number);
                return;
            }
            Body::Block(block) => block,
        };
        let name = definition.name.text.as_str();
        let own = model_instance_of(name, definition.item.span);
        self.draft.enter(own, Some(number));
        self.calls.push(ActiveCall {
            span: definition.name.span,
            name,
            definition: Some(number),
            path: "".into(),
            user: true,
        });
        let params = self.block_parameters(number);
        let mut scope = self.plain_scope(definition.file);
        for param in &params {
            if let Some(expr) = param.default {
                self.eval_as(
                    &scope,
                    expr,
                    &param.ty,
                    format!("`{}` of `{}`", param.name, definition.name.text),
                );
            }
            let entry = Entry {
                value: reported(),
                span: param.span,
                kind: EntryKind::parameter(&param.ty),
            };
            scope.names.insert(param.name, entry);
        }
        self.body(&mut scope, block, number);
        self.calls.pop();
    }
}
