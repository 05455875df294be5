//! Texts and positions: the protocol counts lines and UTF-16 units, the compiler bytes.

use std::ops::Range;

use tower_lsp_server::ls_types as lsp;

/// A text with the beginnings of its lines.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// The text.
    pub text: String,
    lines: Vec<usize>,
}

impl Text {
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let starts = text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(starts).collect();
        Self { text, lines }
    }

    /// The byte of a position; positions beyond the end of a line or of the text are taken back to it.
    pub fn offset(&self, position: lsp::Position) -> usize {
        let Some(start) = self.lines.get(position.line as usize).copied() else {
            return self.text.len();
        };
        let line = self.line(position.line as usize);
        let mut units = 0;
        for (at, c) in line.char_indices() {
            if units >= position.character as usize {
                return start + at;
            }
            units += c.len_utf16();
        }
        start + line.len()
    }

    /// A line without its end.
    pub fn line(&self, number: usize) -> &str {
        let start = self.lines.get(number).copied().unwrap_or(self.text.len());
        let end = self
            .lines
            .get(number + 1)
            .copied()
            .unwrap_or(self.text.len());
        self.text
            .get(start..end)
            .unwrap_or_default()
            .trim_end_matches(['\n', '\r'])
    }

    /// The number of the line that a byte is on.
    pub fn line_of(&self, at: usize) -> usize {
        self.lines
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }

    /// The first byte of a line; the end of the text for lines that there are not.
    pub fn line_start(&self, number: usize) -> usize {
        self.lines.get(number).copied().unwrap_or(self.text.len())
    }

    pub fn position(&self, at: usize) -> lsp::Position {
        let line = self.line_of(at);
        let before = self
            .text
            .get(self.line_start(line)..at.min(self.text.len()))
            .unwrap_or_default();
        lsp::Position::new(line as u32, before.encode_utf16().count() as u32)
    }

    pub fn range(&self, range: Range<usize>) -> lsp::Range {
        lsp::Range::new(self.position(range.start), self.position(range.end))
    }

    /// The text after one change of the protocol.
    pub fn changed(self, change: lsp::TextDocumentContentChangeEvent) -> Self {
        let Some(range) = change.range else {
            return Self::new(change.text);
        };
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        let mut text = self.text;
        text.replace_range(start..end.max(start), &change.text);
        Self::new(text)
    }
}

/// How places of an older text are found in a newer one: what both begin and end with has moved, what is between is gone.
#[derive(Clone, Copy, Debug)]
pub struct Shift {
    same_start: usize,
    old_end: usize,
    new_end: usize,
}

impl Shift {
    pub fn between(old: &str, new: &str) -> Self {
        let both = old.bytes().zip(new.bytes());
        let start = both.take_while(|(a, b)| a == b).count();
        let most = old.len().min(new.len()) - start;
        let both = old.bytes().rev().zip(new.bytes().rev());
        let end = both.take(most).take_while(|(a, b)| a == b).count();
        Self {
            same_start: start,
            old_end: old.len() - end,
            new_end: new.len() - end,
        }
    }

    /// Where the texts begin to differ, and where the older and the newer one end to.
    pub fn parts(&self) -> (usize, usize, usize) {
        (self.same_start, self.old_end, self.new_end)
    }

    /// The place in the older text of a place in the newer one.
    pub fn back(&self, at: usize) -> Option<usize> {
        match at {
            _ if at < self.same_start => Some(at),
            _ if at >= self.new_end => Some(at - self.new_end + self.old_end),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_in_utf_16() {
        let text = Text::new("aä𝄞b\r\nc\n");
        let at = |line, character| text.offset(lsp::Position::new(line, character));
        assert_eq!(
            [at(0, 0), at(0, 1), at(0, 2), at(0, 4), at(0, 99)],
            [0, 1, 3, 7, 8]
        );
        assert_eq!([at(1, 0), at(1, 1), at(2, 0), at(9, 9)], [10, 11, 12, 12]);
        for at in [0, 1, 3, 7, 8, 10, 11, 12] {
            assert_eq!(text.offset(text.position(at)), at);
        }
    }

    #[test]
    fn places_move_with_the_text_around_them() {
        let shift = Shift::between("one two three", "one 2 three");
        assert_eq!(
            [shift.back(0), shift.back(4), shift.back(6)],
            [Some(0), None, Some(8)]
        );
        let same = Shift::between("same", "same");
        assert_eq!(same.back(3), Some(3));
        let grown = Shift::between("aa", "aaa");
        assert_eq!(grown.back(0), Some(0));
    }
}
