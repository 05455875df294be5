//! Files and definitions as documents.

use super::layout::{Doc, is_line, text};
use super::sequence::{Sequence, last_byte};
use super::trivia::{Leading, Trivium};
use super::{Lines, Printer, documented};
use crate::ast::*;

impl Printer {
    pub(super) fn file(&mut self, file: &File) -> Doc {
        let mut lines = Lines::default();
        if let Some(at) = self.trivia.file_doc {
            lines.lead(self.trivia.before(at), false);
        }
        if !file.doc.is_empty() {
            for line in file.doc.split('\n') {
                lines.begin(false);
                lines.docs.push(text(format!("//! {line}").trim_end()));
            }
        }
        if let Some((version, span)) = file.language {
            let leading = self.trivia.before(span.start);
            lines.member(leading, true, text(format!("language {version}")));
        }
        let mut above: Option<(&Item, bool)> = None;
        for item in &file.items {
            let leading = self.trivia.before(item_start(item));
            let doc = self.item(item);
            let short = is_line(&doc);
            let tight = short
                && above.is_some_and(|(other, other_short)| other_short && are_listed(other, item));
            lines.member(leading, !tight, doc);
            above = Some((item, short));
        }
        let mut rest = self.trivia.before(u32::MAX);
        if rest.own.last() == Some(&Trivium::Blank) {
            rest.own.pop();
        }
        lines.lead(rest, false);
        if lines
            .docs
            .first()
            .is_some_and(|doc| matches!(doc, Doc::Hard))
        {
            lines.docs.remove(0);
        }
        Doc::Concat(lines.docs)
    }

    /// A definition below its doc comment.
    pub(super) fn item(&mut self, item: &Item) -> Doc {
        let end = last_byte(item.span);
        let doc = match &item.kind {
            ItemKind::Use(file, _) => text(format!("use \"{file}\"")),
            ItemKind::Const { name, value } => {
                let head = text(format!("const {} = ", name.text));
                Doc::Concat(vec![head, self.expr(value)])
            }
            ItemKind::Block(block) => self.callable("block", block, end),
            ItemKind::Model(model) => self.callable("model", model, end),
            ItemKind::Train(body) => Doc::Concat(vec![text("train "), self.body(body, end)]),
            ItemKind::Variant { name, base, body } => {
                let head = text(format!("variant {} of {base} ", name.text));
                Doc::Concat(vec![head, self.body(body, end)])
            }
        };
        documented(&item.doc, doc)
    }

    /// A block always has brackets, a model only around parameters.
    fn callable(&mut self, keyword: &str, callable: &Callable, end: u32) -> Doc {
        let head = format!("{keyword} {}", callable.name.text);
        let head = if callable.params.is_empty() && keyword == "model" {
            text(head)
        } else {
            self.params(&head, &callable.params)
        };
        Doc::Concat(vec![head, text(" "), self.body(&callable.body, end)])
    }

    fn params(&mut self, head: &str, params: &[ParamDef]) -> Doc {
        let mut sequence = Sequence::default();
        for param in params {
            let leading = self.trivia.before(param.name.span.start);
            let mut docs = vec![text(&param.name.text)];
            if let Some(ty) = &param.ty {
                docs.push(text(format!(": {}", type_text(ty))));
            }
            if let Some(default) = &param.default {
                docs.push(text(" = "));
                docs.push(self.expr(default));
            }
            sequence.element(leading, Doc::Concat(docs));
        }
        sequence.close(&format!("{head}("), Leading::default(), ")")
    }
}

/// Where the comments above an item end.
fn item_start(item: &Item) -> u32 {
    match &item.kind {
        ItemKind::Const { value, .. } => value.span.start,
        _ => item.span.start,
    }
}

fn type_text(ty: &Ty) -> String {
    match &ty.kind {
        TyKind::Word(word) => word.clone(),
        TyKind::List(element) => format!("[{}]", type_text(element)),
    }
}

/// Whether two definitions that each take one line stand without an empty line between them.
fn are_listed(above: &Item, below: &Item) -> bool {
    matches!(
        (&above.kind, &below.kind),
        (ItemKind::Const { .. }, ItemKind::Const { .. }) | (ItemKind::Use(..), ItemKind::Use(..))
    )
}
