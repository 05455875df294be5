//! Name patterns with holes: `{B}` stands for digits, `{*}` for any text. Matches and fills; knows no names.

/// What a pattern's holes stood for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holes<'a>(Vec<(&'a str, &'a str)>);

/// Matches a whole name; the last hole of equal texts wins nothing: a hole named twice must stand for one text.
pub(super) fn matches<'a>(pattern: &'a str, name: &'a str) -> Option<Holes<'a>> {
    let mut holes = Holes::default();
    search(pattern, name, &mut holes).then_some(holes)
}

/// Consumes the pattern from the left; a hole takes the shortest text that lets the rest match.
fn search<'a>(pattern: &'a str, name: &'a str, holes: &mut Holes<'a>) -> bool {
    let Some((before, rest)) = pattern.split_once('{') else {
        return pattern == name;
    };
    let Some((hole, after)) = rest.split_once('}') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(before) else {
        return false;
    };
    let ends = name.char_indices().map(|(i, _)| i).chain([name.len()]);
    for end in ends {
        let Some((text, left)) = name.split_at_checked(end) else {
            continue;
        };
        if hole != "*" && text.bytes().any(|b| !b.is_ascii_digit()) {
            return false;
        }
        let fits = !text.is_empty() && holes.get(hole).is_none_or(|earlier| earlier == text);
        if fits {
            let before = holes.0.len();
            holes.0.push((hole, text));
            if search(after, left, holes) {
                return true;
            }
            holes.0.truncate(before);
        }
    }
    false
}

impl<'a> Holes<'a> {
    fn get(&self, hole: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(name, _)| *name == hole)
            .map(|(_, text)| *text)
    }

    /// Writes a pattern with its holes filled; holes that were not matched stay.
    pub(super) fn fill(&self, pattern: &str) -> String {
        self.0
            .iter()
            .fold(pattern.to_owned(), |text, (hole, value)| {
                text.replace(&format!("{{{hole}}}"), value)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rename(pattern: &str, to: &str, name: &str) -> Option<String> {
        matches(pattern, name).map(|holes| holes.fill(to))
    }

    #[test]
    fn holes_are_matched_and_filled() {
        let b = "blocks.{B}.net.{*}";
        assert_eq!(
            rename(b, "b{B}.n.{*}", "blocks.12.net.a.b"),
            Some("b12.n.a.b".into())
        );
        assert_eq!(rename(b, "x", "blocks.a.net.c"), None);
        assert_eq!(rename(b, "x", "blocks.1.net."), None);
        assert_eq!(rename("a", "b", "a"), Some("b".into()));
        assert_eq!(rename("a", "b", "ab"), None);
        assert_eq!(rename("{I}.{I}", "{I}", "3.3"), Some("3".into()));
        assert_eq!(rename("{I}.{I}", "{I}", "3.4"), None);
    }
}
