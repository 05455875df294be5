//! Files, definitions and their members as documents.

use super::expr::{Sequence, last_byte};
use super::layout::{Doc, is_line, text};
use super::trivia::Piece;
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
            lines.member(
                self.trivia.before(span.start),
                true,
                text(format!("language {version}")),
            );
        }
        let mut above: Option<(&Item, bool)> = None;
        for item in &file.items {
            let leading = self.trivia.before(item.span().start);
            let doc = self.item(item);
            let short = item.doc().is_empty() && is_line(&doc);
            let tight = short
                && above.is_some_and(|(other, other_short)| other_short && are_listed(other, item));
            lines.member(leading, !tight, documented(item.doc(), "///", doc));
            above = Some((item, short));
        }
        let mut rest = self.trivia.before(u32::MAX);
        if rest.own.last() == Some(&Piece::Blank) {
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

    fn item(&mut self, item: &Item) -> Doc {
        match item {
            Item::Slow(slow) => {
                let head = self.head("slow", &slow.name, &slow.params);
                let value = self.expr(&slow.value);
                Doc::Concat(vec![head, text(" = "), value])
            }
            Item::Block(block) => self.block(block),
            Item::Model(model) => self.model(model),
            Item::Train(train) => {
                let mut lines = Lines::default();
                for setting in &train.settings {
                    let leading = self.trivia.before(setting.key.span.start);
                    lines.member(leading, false, self.setting(setting));
                }
                lines.body("train", self.trivia.before(last_byte(train.span)))
            }
            Item::Variant(variant) => self.variant(variant),
        }
    }

    /// `keyword name(params)`
    fn head(&mut self, keyword: &str, name: &Name, params: &[ParamDef]) -> Doc {
        let open = format!("{keyword} {}", name.text);
        if params.is_empty() {
            return text(open);
        }
        let mut sequence = Sequence::default();
        for param in params {
            let leading = self.trivia.before(param.name.span.start);
            let ty = param
                .ty
                .as_ref()
                .map(|ty| format!(": {}", ty.text))
                .unwrap_or_default();
            let mut docs = vec![text(format!("{}{ty}", param.name.text))];
            if let Some(default) = &param.default {
                docs.push(text(" = "));
                docs.push(self.expr(default));
            }
            sequence.element(leading, Doc::Concat(docs));
        }
        sequence.close(&format!("{open}("), super::Leading::default(), ")")
    }

    fn block(&mut self, block: &BlockDef) -> Doc {
        let head = self.head("block", &block.name, &block.params);
        let mut lines = Lines::default();
        for binding in &block.bindings {
            let leading = self.trivia.before(binding.value.span.start);
            lines.member(leading, false, self.binding(binding));
        }
        if let Some(result) = &block.result {
            let leading = self.trivia.before(result.span.start);
            let blank = !self.trivia.present && is_long(result);
            lines.member(leading, blank, self.juxtaposed(result));
        }
        Doc::Concat(vec![
            head,
            lines.body("", self.trivia.before(last_byte(block.span))),
        ])
    }

    fn binding(&mut self, binding: &Binding) -> Doc {
        let keyword = if binding.kernel { "kernel " } else { "" };
        let head = text(format!("{keyword}{} = ", binding.name.text));
        let value = self.expr(&binding.value);
        documented(&binding.doc, "///", Doc::Concat(vec![head, value]))
    }

    /// Members in the order of the source where there is one.
    fn model(&mut self, model: &ModelDef) -> Doc {
        let head = self.head("model", &model.name, &model.params);
        let mut members: Vec<Member> = Vec::new();
        members.extend(model.inputs.iter().map(Member::Input));
        members.extend(model.bindings.iter().map(Member::Binding));
        members.extend(model.outputs.iter().map(Member::Output));
        members.extend(model.losses.iter().map(Member::Loss));
        if self.trivia.present {
            members.sort_by_key(Member::start);
        }
        let mut lines = Lines::default();
        for member in members {
            let leading = self.trivia.before(member.start());
            let blank = !self.trivia.present && matches!(member, Member::Loss(_));
            lines.member(leading, blank, self.member(&member));
        }
        Doc::Concat(vec![
            head,
            lines.body("", self.trivia.before(last_byte(model.span))),
        ])
    }

    fn member(&mut self, member: &Member) -> Doc {
        match member {
            Member::Input(input) => {
                let sizes = self.expr(&input.sizes);
                let doc = Doc::Concat(vec![text(format!("input {}", input.name.text)), sizes]);
                documented(&input.doc, "///", doc)
            }
            Member::Binding(binding) => self.binding(binding),
            Member::Output(output) => {
                let size = self.expr(&output.size);
                let value = self.expr(&output.value);
                let head = text(format!("output {}(", output.name.text));
                documented(
                    &output.doc,
                    "///",
                    Doc::Concat(vec![head, size, text(") = "), value]),
                )
            }
            Member::Loss(loss) => {
                let mut lines = Lines::default();
                for term in &loss.terms {
                    let leading = self.trivia.before(term.span.start);
                    lines.member(leading, false, self.juxtaposed(term));
                }
                let doc = lines.body("loss", self.trivia.before(last_byte(loss.span)));
                documented(&loss.doc, "///", doc)
            }
        }
    }

    fn setting(&mut self, setting: &Setting) -> Doc {
        let mut sequence = Vec::new();
        for (number, value) in setting.values.iter().enumerate() {
            if number == 0 {
                sequence.push(text(" "));
            } else {
                sequence.push(text(","));
                self.interrupt(value.span.start, &mut sequence);
            }
            sequence.push(self.expr(value));
        }
        Doc::Group(vec![text(&setting.key.text), Doc::Nest(sequence)])
    }

    /// On one line where it fits and nothing in it asks for more.
    fn variant(&mut self, variant: &VariantDef) -> Doc {
        let head = format!("variant {} of {}", variant.name.text, variant.base.text);
        let mut changes = Vec::new();
        let mut lines = Lines::default();
        let mut plain = true;
        for change in &variant.changes {
            let leading = match change {
                Change::Set { value, .. } => self.trivia.before(value.span.start),
                Change::Without { path } => self.trivia.before(path.span.start),
            };
            plain &= !leading.has_comments();
            let doc = match change {
                Change::Set { path, value } => {
                    let value = self.expr(value);
                    Doc::Concat(vec![text(format!("{} = ", path_text(path))), value])
                }
                Change::Without { path } => text(format!("without {}", path_text(path))),
            };
            changes.push(doc.clone());
            lines.member(leading, false, doc);
        }
        let end = self.trivia.before(last_byte(variant.span));
        plain &= !end.has_comments() && !changes.is_empty();
        let mut row = vec![text(format!("{head} {{ "))];
        for (number, change) in changes.into_iter().enumerate() {
            row.extend((number > 0).then(|| text("; ")));
            row.push(change);
        }
        row.push(text(" }"));
        let row = Doc::Concat(row);
        if plain && is_line(&row) {
            Doc::Group(vec![row])
        } else {
            lines.body(&head, end)
        }
    }
}

/// A member of a model.
enum Member<'a> {
    Input(&'a InputDef),
    Binding(&'a Binding),
    Output(&'a OutputDef),
    Loss(&'a LossDef),
}

impl Member<'_> {
    fn start(&self) -> u32 {
        match self {
            Self::Input(input) => input.span.start,
            Self::Binding(binding) => binding.name.span.start,
            Self::Output(output) => output.span.start,
            Self::Loss(loss) => loss.span.start,
        }
    }
}

/// Whether two definitions that each take one line stand without an empty line between them.
fn are_listed(above: &Item, below: &Item) -> bool {
    matches!(
        (above, below),
        (Item::Slow(_), Item::Slow(_)) | (Item::Variant(_), Item::Variant(_))
    )
}

/// Whether an expression always takes several lines.
fn is_long(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Concat(branches) => !branches.is_empty(),
        ExprKind::Pipe { value, .. } => is_long(value),
        _ => false,
    }
}

fn path_text(path: &Path) -> String {
    let parts: Vec<_> = path.parts.iter().map(|part| part.text.as_str()).collect();
    parts.join(".")
}
