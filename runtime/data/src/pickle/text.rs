//! The instructions of pickle's protocols 0 and 1, whose arguments are lines of text. Makes no objects but through the
//! machine.

use super::{Machine, Value, short};

impl Machine<'_> {
    /// `I` and `L`: an integer, perhaps with Python 2's `L` behind it, or a boolean as `00` or `01`.
    pub(super) fn decimal(&mut self) -> Result<(), String> {
        let line = self.line()?;
        let value = match line.as_str() {
            "00" => Value::Int(0),
            "01" => Value::Int(1),
            text => match text.trim_end_matches('L').parse() {
                Ok(number) => Value::Int(number),
                // Longer than 64 bits: no size.
                Err(_)
                    if text
                        .trim_start_matches('-')
                        .starts_with(|c: char| c.is_ascii_digit()) =>
                {
                    Value::Other
                }
                Err(_) => return Err(short()),
            },
        };
        self.push(value);
        Ok(())
    }

    /// `F`: a float.
    pub(super) fn skip_line(&mut self) -> Result<(), String> {
        self.line()?;
        self.push(Value::Other);
        Ok(())
    }

    /// `S`: a text as `repr` writes it.
    pub(super) fn quoted(&mut self) -> Result<(), String> {
        let line = self.line()?;
        let bounds = |quote| line.strip_prefix(quote)?.strip_suffix(quote);
        let inner = bounds('\'').or_else(|| bounds('"')).ok_or_else(short)?;
        let bytes = unescaped(inner);
        self.push(match String::from_utf8(bytes) {
            Ok(text) => Value::Text(text),
            Err(error) => Value::Bytes(error.into_bytes()),
        });
        Ok(())
    }

    /// `V`: a text in Python's raw Unicode escapes.
    pub(super) fn escaped(&mut self) -> Result<(), String> {
        let line = self.line_bytes()?;
        let mut text = String::new();
        // Each byte is a character of its own, as in Latin-1.
        let mut rest: Vec<char> = line.iter().rev().map(|byte| char::from(*byte)).collect();
        while let Some(c) = rest.pop() {
            let digits = match (c, rest.last()) {
                ('\\', Some('u')) => 4,
                ('\\', Some('U')) => 8,
                _ => {
                    text.push(c);
                    continue;
                }
            };
            rest.pop();
            let start = rest.len().checked_sub(digits).ok_or_else(short)?;
            let code: String = rest.split_off(start).into_iter().rev().collect();
            let code = u32::from_str_radix(&code, 16).map_err(|_| short())?;
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.push(Value::Text(text));
        Ok(())
    }

    /// `P`: a persistent id that is a text.
    pub(super) fn persistent_text(&mut self) -> Result<(), String> {
        let line = self.line()?;
        self.push(Value::Text(line));
        let id = self.pop()?;
        self.push(Value::Persistent(id));
        Ok(())
    }

    /// `p`: keeps the top of the stack under a number.
    pub(super) fn remember_text(&mut self) -> Result<(), String> {
        let key = self.line()?.parse().map_err(|_| short())?;
        let top = self.top()?;
        self.memo.push((key, top));
        Ok(())
    }

    /// `g`: what was kept under a number.
    pub(super) fn recall_text(&mut self) -> Result<(), String> {
        let key = self.line()?.parse().map_err(|_| short())?;
        self.recall_key(key)
    }

    /// `i`: a class on two lines, called with what is above the mark.
    pub(super) fn instance(&mut self) -> Result<(), String> {
        let arguments = self.since_mark()?;
        self.global()?;
        self.push(Value::Sequence(arguments));
        self.call()
    }

    /// `o`: the first object above the mark, called with the others.
    pub(super) fn object(&mut self) -> Result<(), String> {
        let items = self.since_mark()?;
        let (class, arguments) = items.split_first().ok_or_else(short)?;
        self.stack.push(*class);
        self.push(Value::Sequence(arguments.to_vec()));
        self.call()
    }
}

/// The bytes of a text between quotes.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let meant = match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('x') => {
                    let digits: String = chars.by_ref().take(2).collect();
                    bytes.extend(u8::from_str_radix(&digits, 16));
                    continue;
                }
                Some(other) => other,
                None => break,
            },
            c => c,
        };
        bytes.extend(meant.encode_utf8(&mut [0; 4]).bytes());
    }
    bytes
}
