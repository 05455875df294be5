//! Changes of texts: the least edit from one text to another, and lines.

use std::ops::Range;

use tower_lsp_server::ls_types as lsp;

use crate::text::{Shift, Text};

/// One change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub range: Range<usize>,
    pub text: String,
}

impl Edit {
    pub fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            range,
            text: text.into(),
        }
    }

    pub fn told(&self, text: &Text) -> lsp::TextEdit {
        lsp::TextEdit::new(text.range(self.range.clone()), self.text.clone())
    }
}

/// A text with all changes made; they do not overlap.
pub fn applied(text: &str, edits: &[Edit]) -> String {
    let mut text = text.to_owned();
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    sorted.sort_by_key(|edit| edit.range.start);
    for edit in sorted.into_iter().rev() {
        if text.get(edit.range.clone()).is_some() {
            text.replace_range(edit.range.clone(), &edit.text);
        }
    }
    text
}

/// The one change that makes a text another; none if they are the same.
pub fn between(old: &str, new: &str) -> Option<Edit> {
    if old == new {
        return None;
    }
    let (mut start, mut old_end, mut new_end) = Shift::between(old, new).parts();
    while !(old.is_char_boundary(start) && new.is_char_boundary(start)) {
        start -= 1;
    }
    while !(old.is_char_boundary(old_end) && new.is_char_boundary(new_end)) {
        (old_end, new_end) = (old_end + 1, new_end + 1);
    }
    Some(Edit::new(
        start..old_end,
        new.get(start..new_end).unwrap_or_default(),
    ))
}

/// All lines that a range touches, with their ends, and the `///` lines above them.
fn lines(text: &Text, range: Range<usize>) -> Range<usize> {
    let mut first = text.line_of(range.start);
    let last = text.line_of(range.end.max(range.start));
    while first > 0 && text.line(first - 1).trim_start().starts_with("///") {
        first -= 1;
    }
    text.line_start(first)..text.line_start(last + 1)
}

/// The lines of a statement, where no other stands on them.
pub fn own_lines(text: &Text, range: Range<usize>) -> Option<Range<usize>> {
    let (before, after) = beside(text, &range);
    let after = after.trim_start_matches([';', ' ', '\t']);
    (before.trim().is_empty() && (after.is_empty() || after.starts_with("//")))
        .then(|| lines(text, range))
}

/// What goes where a statement is left out: its lines, or itself and one `;` where others stand on them.
pub fn statement(text: &Text, range: Range<usize>) -> Range<usize> {
    if let Some(whole) = own_lines(text, range.clone()) {
        return whole;
    }
    let (before, after) = beside(text, &range);
    if let Some(rest) = after.trim_start().strip_prefix(';') {
        // The next one takes its place.
        let next = rest.trim_start();
        return range.start..range.end + (after.len() - next.len());
    }
    let above = before.trim_end().strip_suffix(';').map(str::trim_end);
    range.start - above.map_or(0, |above| before.len() - above.len())..range.end
}

/// What stands on the lines of a range before it and after it.
fn beside<'a>(text: &'a Text, range: &Range<usize>) -> (&'a str, &'a str) {
    let (first, last) = (text.line_of(range.start), text.line_of(range.end));
    let before = text.text.get(text.line_start(first)..range.start);
    let after = text.line(last).get(range.end - text.line_start(last)..);
    (before.unwrap_or_default(), after.unwrap_or_default())
}

/// The white space that a line begins with.
pub fn indent(text: &Text, at: usize) -> &str {
    let line = text.line(text.line_of(at));
    line.get(..line.len() - line.trim_start().len())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_takes_no_other_statement_with_it() {
        for (before, mark, after) in [
            ("    a; bb // c\n    d\n", "bb", "    a // c\n    d\n"),
            ("    bb; d\r\n", "bb", "    d\r\n"),
            ("    a; bb;  d\n", "bb", "    a; d\n"),
            ("t { a; bb }\n", "bb", "t { a }\n"),
            ("t { bb }\n", "bb", "t {  }\n"),
            ("    a\n    bb // c\n    d\n", "bb", "    a\n    d\n"),
            ("    /// c\n    bb;\r\n    d\n", "bb", "    d\n"),
            ("a; f(\n  1\n); d\n", "f(\n  1\n)", "a; d\n"),
            ("bb", "bb", ""),
        ] {
            let start = before.find(mark).unwrap();
            let text = Text::new(before);
            let left_out = Edit::new(statement(&text, start..start + mark.len()), "");
            assert_eq!(applied(before, &[left_out]), after, "{before}");
        }
    }

    #[test]
    fn the_least_change_is_found_between_characters() {
        let edit = between("a ä b", "a ö b").unwrap();
        assert_eq!(applied("a ä b", std::slice::from_ref(&edit)), "a ö b");
        assert_eq!(edit.text, "ö");
        assert_eq!(between("same", "same"), None);
        for (old, new) in [
            ("", "x"),
            ("x", ""),
            ("aa", "aaa"),
            ("é", "è"),
            ("日本", "日木本"),
        ] {
            assert_eq!(applied(old, &[between(old, new).unwrap()]), new);
        }
    }
}
