//! What can be folded: bodies and lists that span lines, and comments of several lines.

use termc_grammar::{LexemeKind as Kind, lexemes};
use tower_lsp_server::ls_types as lsp;

use crate::text::Text;

pub fn folding(text: &Text) -> Vec<lsp::FoldingRange> {
    let mut all = vec![];
    let mut open: Vec<usize> = vec![];
    let mut comment: Option<(usize, usize)> = None;
    for lexeme in lexemes(&text.text, 0) {
        let line = text.line_of(lexeme.start);
        if lexeme.is_comment() && lexeme.first_on_line {
            comment = match comment {
                Some((start, last)) if last + 1 == line => Some((start, line)),
                other => {
                    all.extend(other.and_then(comments));
                    Some((line, line))
                }
            };
        }
        match lexeme.kind {
            Kind::Open(_) => open.push(line),
            Kind::Close(_) => {
                // The line of the closing bracket stays in sight.
                if let Some(start) = open.pop().filter(|start| start + 1 < line) {
                    all.push(range(start, line - 1, lsp::FoldingRangeKind::Region));
                }
            }
            _ => {}
        }
    }
    all.extend(comment.and_then(comments));
    all
}

fn comments((start, end): (usize, usize)) -> Option<lsp::FoldingRange> {
    (start < end).then(|| range(start, end, lsp::FoldingRangeKind::Comment))
}

fn range(start: usize, end: usize, kind: lsp::FoldingRangeKind) -> lsp::FoldingRange {
    lsp::FoldingRange {
        start_line: start as u32,
        end_line: end as u32,
        kind: Some(kind),
        ..lsp::FoldingRange::default()
    }
}
