//! Shapes beside the names that are bound, read from the last model that was without fault.

use std::ops::Range;

use termc_compiler::model::Model;
use termc_grammar::ast::{Callable, Expr, ExprKind, Item, ItemKind, Line, LineKind, Span};
use tower_lsp_server::ls_types as lsp;

use crate::figures::{bound, merged};
use crate::text::Text;

/// The hints of the definitions of a file; `base` is where its text begins.
pub fn hints(
    items: &[Item],
    models: &[&Model],
    text: &Text,
    base: u32,
    within: Range<usize>,
) -> Vec<lsp::InlayHint> {
    let mut all = vec![];
    for item in items {
        if let ItemKind::Block(callable) | ItemKind::Model(callable) = &item.kind {
            lines(
                callable,
                &callable.body,
                models,
                &mut |span: Span, label| {
                    let at = span.end.saturating_sub(base) as usize;
                    if within.contains(&at) {
                        all.push(hint(text.position(at), label));
                    }
                },
            );
        }
    }
    all
}

fn lines(
    callable: &Callable,
    body: &[Line],
    models: &[&Model],
    say: &mut impl FnMut(Span, String),
) {
    let block = callable.name.text.as_str();
    let mut shapes = |name: &str, index: Option<usize>, span: Span| {
        let values = models.iter().flat_map(|model| {
            bound(model, block, name, index).map(|(_, id)| model.primitives()[id].shape)
        });
        if let Some(text) = merged(values) {
            say(span, format!(": {text}"));
        }
    };
    for line in body {
        match &line.kind {
            LineKind::Bind { target, .. } => {
                if let Some((name, index)) = target.as_element() {
                    shapes(name, index.and_then(literal), target.span);
                }
            }
            LineKind::Output { name, .. } => shapes(&name.text, None, name.span),
            _ => {}
        }
    }
    for line in body {
        if let LineKind::For { body, .. } = &line.kind {
            lines(callable, body, models, say);
        }
    }
}

fn literal(index: &Expr) -> Option<usize> {
    match index.kind {
        ExprKind::Int(n) => usize::try_from(n).ok(),
        _ => None,
    }
}

fn hint(position: lsp::Position, label: String) -> lsp::InlayHint {
    lsp::InlayHint {
        position,
        label: lsp::InlayHintLabel::String(label),
        kind: Some(lsp::InlayHintKind::TYPE),
        text_edits: None,
        tooltip: None,
        padding_left: None,
        padding_right: None,
        data: None,
    }
}
