//! The tree of a text that is being written: lines that cannot be read are left out, all others keep their places. For
//! editors; what is wrong is `parse`'s to say.

use std::ops::Range;

use crate::ast::File;
use crate::error::{SyntaxError, SyntaxErrorKind};
use crate::lex::lexemes;
use crate::parse::parse;
use crate::scan::scan;

/// How often something is left out before the text is given up.
const ROUNDS: usize = 24;

/// The tree of what can be read of a text, with every span as `parse` gives it; an empty file where nothing can.
pub fn parse_what_can_be_read(text: &str, base: u32) -> File {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..ROUNDS {
        // Only whole lines are overwritten, with characters of one byte.
        let Ok(now) = std::str::from_utf8(&bytes) else {
            break;
        };
        match parse(now, base) {
            Ok(file) => return file,
            Err(errors) => {
                let mut next = bytes.clone();
                for error in &errors {
                    leave_out(&mut next, error, base);
                }
                if next == bytes {
                    break;
                }
                bytes = next;
            }
        }
    }
    File::default()
}

/// Blanks the line of an error, or closes the body that it says is never closed.
fn leave_out(text: &mut Vec<u8>, error: &SyntaxError, base: u32) {
    let at = (error.span.start.saturating_sub(base) as usize).min(text.len());
    let before = text.get(..at).unwrap_or_default();
    let mut start = before.iter().rposition(is_end).map_or(0, |end| end + 1);
    if error.kind == SyntaxErrorKind::UnclosedBracket && text.get(at) == Some(&b'{') {
        close(text, at, start);
        return;
    }
    // A body that ends where an expression should go on: the line above is at fault, not the end.
    let mut ends = text.get(at) == Some(&b'}')
        && error
            .expected
            .iter()
            .any(|expected| expected == "an expression");
    // An error at the end of a line that goes on, or of the file, belongs to the last line that says something.
    while start > 0
        && blank(text.get(start..at.max(start)).unwrap_or_default())
        && (std::mem::take(&mut ends) || blank_line(text, start))
    {
        let before = text.get(..start - 1).unwrap_or_default();
        start = before.iter().rposition(is_end).map_or(0, |end| end + 1);
    }
    let line = text.get(start..).unwrap_or_default();
    let end = line.iter().position(is_end).unwrap_or(line.len());
    blank_out(text, start..start + end);
}

fn blank(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_whitespace)
}

fn blank_line(text: &[u8], start: usize) -> bool {
    let line = text.get(start..).unwrap_or_default();
    blank(line.split(is_end).next().unwrap_or_default())
}

/// Closes the body that opens at a place, on the line that begins at `start`: behind what stands last above the next
/// definition, or at the end of the text. Where no byte is free above the next, the body is left out: closed further down, it
/// would take all that follows with it.
fn close(text: &mut Vec<u8>, open: usize, start: usize) {
    let Ok(now) = std::str::from_utf8(text) else {
        return;
    };
    let Some(next) = scan(now, 0).items.into_iter().find(|item| *item > open) else {
        text.extend_from_slice(b"\n}");
        return;
    };
    let above = lexemes(now, 0).take_while(|lexeme| lexeme.start < next);
    let free = above.last().map_or(open, |last| match last.is_comment() {
        true => last.start,
        false => last.end(),
    });
    // The next definition begins a line, whose end before it stays.
    let line_end = text
        .get(..next)
        .and_then(|above| above.iter().rposition(is_end));
    if line_end.is_none_or(|end| end <= free) {
        blank_out(text, start..next);
        return;
    }
    blank_out(text, free..next);
    if let Some(byte) = text.get_mut(free) {
        *byte = b'}';
    }
}

/// Overwrites all but line ends with spaces.
fn blank_out(text: &mut [u8], range: Range<usize>) {
    let bytes = text.get_mut(range).into_iter().flatten();
    for byte in bytes.filter(|byte| !is_end(byte)) {
        *byte = b' ';
    }
}

fn is_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let file = parse_what_can_be_read(text, 0);
        let names = file.items.iter().filter_map(|item| item.name());
        names.map(|name| name.text.clone()).collect()
    }

    #[test]
    fn a_half_written_line_costs_that_line_alone() {
        let text =
            "block a(x) {\n    y = gelu(x)\n    z = local(y, \n    y + z\n}\n\nconst c = 1\n";
        let file = parse_what_can_be_read(text, 0);
        assert_eq!(names(text), ["a", "c"]);
        let crate::ast::ItemKind::Block(block) = &file.items[0].kind else {
            panic!("no block");
        };
        assert_eq!(block.body.len(), 2);
        let last = block.body[1].span;
        assert_eq!(&text[last.start as usize..last.end as usize], "y + z");
    }

    #[test]
    fn an_open_body_ends_above_the_next_definition() {
        assert_eq!(
            names("block a(x) {\n    y = gelu(x)\n\nblock b(x) {\n    x\n}\n"),
            ["a", "b"]
        );
        assert_eq!(
            names("const c = 1\nblock a(x) {\n    y = gelu("),
            ["c", "a"]
        );
        assert_eq!(names("block a(x) {\n    y = x.\n    b = \n}\n"), ["a"]);
        assert!(names("((((\u{0}").is_empty());
    }

    #[test]
    fn an_open_body_costs_no_other_definition() {
        let first = "block a(x) {\n    y = gelu(x)";
        let next = "block b(x) {\n    x\n}\n\nconst c = 1\n";
        for between in [
            "\n\n",
            "\n   \n",
            "  \n",
            " // y\n",
            " // é\n\n",
            "\n\n// b\n// c\n",
            "\n\n/// b\n",
            "\n    // é\n/// b\n",
            "\n    for i in 0..2 {\n        z = y\n    }\n\n",
            "\n    z = local(y,\n\n",
            "\n    z =\n\n",
        ] {
            let text = format!("{first}{between}{next}");
            assert_eq!(names(&text), ["a", "b", "c"], "{text}");
            let text = text.replace('\n', "\r\n");
            assert_eq!(names(&text), ["a", "b", "c"], "{text}");
        }
        // Without a free byte the open one is left out, of two the inner.
        for open in ["block a(x) {", first] {
            assert_eq!(names(&format!("{open}\n{next}")), ["b", "c"], "{open}");
        }
        let inner = "block a(\n    x\n) {\n    for i in 0..2 {\n";
        assert_eq!(names(&format!("{inner}{next}")), ["a", "b", "c"]);
    }
}
