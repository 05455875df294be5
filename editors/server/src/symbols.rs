//! The outline of a file: its definitions, and what blocks and models name.

use termc_compiler::index::{Index, SymbolKind};
use tower_lsp_server::ls_types as lsp;

use crate::text::Text;

pub fn symbols(index: &Index, text: &Text) -> Vec<lsp::DocumentSymbol> {
    let end = text.text.len() as u32;
    let own = |number: usize, inside: Option<usize>| {
        let symbol = index.symbol(number)?;
        (symbol.inside == inside && symbol.span.end <= end && !symbol.prelude).then_some(symbol)
    };
    let children = |parent: usize| -> Vec<lsp::DocumentSymbol> {
        let inner = (0..index.symbols.len()).filter_map(|number| own(number, Some(parent)));
        inner.map(|symbol| made(text, symbol, vec![])).collect()
    };
    let top = (0..index.symbols.len()).filter_map(|number| Some((number, own(number, None)?)));
    top.map(|(number, symbol)| made(text, symbol, children(number)))
        .collect()
}

#[allow(deprecated, reason = "the structure asks for the field")]
fn made(
    text: &Text,
    symbol: &termc_compiler::index::Symbol,
    children: Vec<lsp::DocumentSymbol>,
) -> lsp::DocumentSymbol {
    let kind = match symbol.kind {
        SymbolKind::Block => lsp::SymbolKind::FUNCTION,
        SymbolKind::Constant => lsp::SymbolKind::CONSTANT,
        SymbolKind::Model => lsp::SymbolKind::CLASS,
        SymbolKind::Variant => lsp::SymbolKind::CLASS,
        SymbolKind::Parameter => lsp::SymbolKind::TYPE_PARAMETER,
        SymbolKind::Input | SymbolKind::Binding | SymbolKind::Loop => lsp::SymbolKind::VARIABLE,
        SymbolKind::Term => lsp::SymbolKind::FIELD,
    };
    let (whole, name) = (symbol.whole, symbol.span);
    let start = whole.start.min(name.start) as usize;
    lsp::DocumentSymbol {
        name: symbol.name.clone(),
        detail: Some(format!("{}{}", symbol.kind.words(), symbol.detail)),
        kind,
        tags: None,
        deprecated: None,
        range: text.range(start..whole.end.max(name.end) as usize),
        selection_range: text.range(name.start as usize..name.end as usize),
        children: (!children.is_empty()).then_some(children),
    }
}
