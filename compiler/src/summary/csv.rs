//! Lines of comma-separated values, as RFC 4180 has them but for the line ends. Reads none.

/// A line with its end.
pub fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let fields: Vec<String> = fields.into_iter().map(field).collect();
    fields.join(",") + "\n"
}

fn field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_signs_of_their_own_are_quoted() {
        assert_eq!(line(["a", "", "b c"]), "a,,b c\n");
        let quoted = "\"x, y\",\"say \"\"no\"\"\",\"two\nlines\",\"\r\"\n";
        assert_eq!(line(["x, y", "say \"no\"", "two\nlines", "\r"]), quoted);
    }
}
