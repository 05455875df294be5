//! What each word of a text is, for colouring.

use std::ops::Range;

use termc_compiler::index::{Index, Meaning, Mention, SymbolKind};
use termc_grammar::{LexemeKind as Kind, lexemes};
use tower_lsp_server::ls_types as lsp;

use crate::text::Text;

/// The kinds of tokens, in the order of their numbers.
pub const TYPES: [lsp::SemanticTokenType; 13] = [
    lsp::SemanticTokenType::KEYWORD,
    lsp::SemanticTokenType::COMMENT,
    lsp::SemanticTokenType::NUMBER,
    lsp::SemanticTokenType::STRING,
    lsp::SemanticTokenType::OPERATOR,
    lsp::SemanticTokenType::FUNCTION,
    lsp::SemanticTokenType::CLASS,
    lsp::SemanticTokenType::PARAMETER,
    lsp::SemanticTokenType::VARIABLE,
    lsp::SemanticTokenType::PROPERTY,
    lsp::SemanticTokenType::TYPE,
    lsp::SemanticTokenType::ENUM_MEMBER,
    lsp::SemanticTokenType::NAMESPACE,
];

/// Their modifiers, by bit.
pub const MODIFIERS: [lsp::SemanticTokenModifier; 4] = [
    lsp::SemanticTokenModifier::DECLARATION,
    lsp::SemanticTokenModifier::READONLY,
    lsp::SemanticTokenModifier::DEFAULT_LIBRARY,
    lsp::SemanticTokenModifier::DOCUMENTATION,
];

const DECLARATION: u32 = 1;
const READONLY: u32 = 2;
const LIBRARY: u32 = 4;
const DOCUMENTATION: u32 = 8;

/// The tokens of a part of a text; `base` is where the text begins among those of the index.
pub fn tokens(
    index: &Index,
    text: &Text,
    base: u32,
    within: Option<Range<usize>>,
) -> Vec<lsp::SemanticToken> {
    let mut all = vec![];
    let mut last = lsp::Position::new(0, 0);
    for lexeme in lexemes(&text.text, 0) {
        if within
            .as_ref()
            .is_some_and(|part| lexeme.end() <= part.start || part.end <= lexeme.start)
        {
            continue;
        }
        let here = |mention: &&Mention| mention.span.start == base + lexeme.start as u32;
        let (kind, modifiers) = match lexeme.kind {
            Kind::Comment => (1, 0),
            Kind::Doc | Kind::FileDoc => (1, DOCUMENTATION),
            Kind::Number => (2, 0),
            Kind::Text | Kind::OpenText => (3, 0),
            Kind::Symbol if !matches!(lexeme.text, "," | ";" | ":" | ".") => (4, 0),
            Kind::Word => match index.at(base + lexeme.start as u32).filter(here) {
                Some(mention) => meaning(index, mention),
                None if KEYWORDS.contains(&lexeme.text) => (0, 0),
                None => continue,
            },
            _ => continue,
        };
        let at = text.position(lexeme.start);
        let delta_line = at.line - last.line;
        all.push(lsp::SemanticToken {
            delta_line,
            delta_start: if delta_line == 0 {
                at.character - last.character
            } else {
                at.character
            },
            length: lexeme.text.encode_utf16().count() as u32,
            token_type: kind,
            token_modifiers_bitset: modifiers,
        });
        last = at;
    }
    all
}

/// The words that begin definitions and lines, or stand between values.
const KEYWORDS: [&str; 26] = [
    "use", "const", "block", "model", "variant", "train", "input", "output", "loss", "for", "in",
    "of", "if", "else", "require", "without", "choose", "add", "after", "before", "and", "or",
    "not", "true", "false", "language",
];

fn meaning(index: &Index, mention: &Mention) -> (u32, u32) {
    let declaration = if mention.defines { DECLARATION } else { 0 };
    match &mention.meaning {
        Meaning::File(_) => (12, 0),
        Meaning::Symbol(number) => {
            let Some(symbol) = index.symbol(*number) else {
                return (8, 0);
            };
            let library = if symbol.prelude { LIBRARY } else { 0 };
            let (kind, more) = match symbol.kind {
                SymbolKind::Block => (5, 0),
                SymbolKind::Model | SymbolKind::Variant => (6, 0),
                SymbolKind::Parameter => (7, 0),
                SymbolKind::Constant => (8, READONLY),
                SymbolKind::Binding | SymbolKind::Loop | SymbolKind::Input => (8, 0),
                SymbolKind::Term => (9, 0),
            };
            (kind, declaration | library | more)
        }
        Meaning::BuiltIn(own) => match own.kind {
            "word of the language" if own.name == "pi" || own.name == "none" => (11, LIBRARY),
            "word of the language" => (0, 0),
            "type" => (10, LIBRARY),
            "word" => (11, LIBRARY),
            "argument" => (7, LIBRARY),
            "attribute" | "setting of `train`" => (9, LIBRARY),
            _ => (5, LIBRARY),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_editor_colours_the_words_of_the_grammar() {
        // `kw_use = @{ "use" ~ !tail }`; operators and values have no such rule.
        let grammar = include_str!("../../../grammar/src/term.pest").lines();
        let rules = grammar.filter_map(|line| line.strip_prefix("kw_")?.split('"').nth(1));
        let mut words: Vec<&str> = rules.chain(["and", "or", "not", "true", "false"]).collect();
        words.sort_unstable();
        let mut own = KEYWORDS.to_vec();
        own.sort_unstable();
        assert_eq!(own, words);
        // Each file with what stands around a word there; tree-sitter's grammar colours values and `choose` as nodes.
        let vscode = include_str!("../../vscode/syntaxes/term.tmLanguage.json");
        let playground = include_str!("../../playground/page/language.js");
        let highlights = include_str!("../../tree-sitter/queries/highlights.scm");
        for (name, text, around, nodes) in [
            ("vscode", vscode, ['(', '|', ')'], &[][..]),
            ("playground", playground, [' ', '\'', '\''], &[]),
            (
                "tree-sitter",
                highlights,
                ['"', '"', '"'],
                &["true", "false", "choose"],
            ),
        ] {
            let lines = text.lines();
            let code = lines.filter(|line| !line.starts_with("//") && !line.starts_with(';'));
            let code: Vec<&str> = code.collect();
            let has = |word: &&str| {
                code.iter().any(|line| {
                    line.match_indices(*word).any(|(at, _)| {
                        line[..at].ends_with(around) && line[at + word.len()..].starts_with(around)
                    })
                })
            };
            let words = KEYWORDS.iter().filter(|word| !nodes.contains(*word));
            let missing: Vec<_> = words.filter(|word| !has(word)).collect();
            assert!(missing.is_empty(), "{name}: {missing:?}");
        }
    }
}
