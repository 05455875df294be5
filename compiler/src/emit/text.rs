//! Quotes the `.term` source in emitted comments.

use crate::model::Span;
use crate::source::Sources;

/// Longest quotation.
const LONGEST: usize = 70;

/// The source of a span and where it stands: "`rgu(Z)` (line 14)".
pub(super) fn quoted(sources: &Sources, span: Span) -> String {
    format!("`{}` ({})", snippet(sources, span), place(sources, span))
}

/// The same as a comment, with the name the author gave it: "fast = rgu(Z) (line 14)".
pub(super) fn comment(sources: &Sources, name: Option<&str>, span: Span) -> String {
    let snippet = snippet(sources, span);
    let place = place(sources, span);
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} = {snippet} ({place})"),
        None => format!("{snippet} ({place})"),
    }
}

/// The written text of a span on one line; of a long one the last stage, or the beginning.
fn snippet(sources: &Sources, span: Span) -> String {
    let words: Vec<&str> = sources.snippet(span).split_whitespace().collect();
    let text = words.join(" ").replace('`', "'");
    if text.chars().count() <= LONGEST {
        return text;
    }
    let last = text.rsplit_once("|> ").map(|(_, last)| last);
    if let Some(last) = last.filter(|last| last.chars().count() + 7 <= LONGEST) {
        return format!("... |> {last}");
    }
    let kept: String = text.chars().take(LONGEST - 4).collect();
    format!("{} ...", kept.trim_end())
}

/// "line 14", or where else the text came from.
fn place(sources: &Sources, span: Span) -> String {
    let (line, _) = sources.line_column(span);
    let file = sources.list().first().map(|s| s.base);
    match sources.locate(span).map(|at| at.source) {
        Some(source) if Some(source.base) != file => format!("from `{}`", source.name),
        _ => format!("line {line}"),
    }
}

/// The name of the compiled file, without its folder.
pub(super) fn file_name(sources: &Sources) -> &str {
    let name = sources.list().first().map_or("-", |s| s.name.as_str());
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
