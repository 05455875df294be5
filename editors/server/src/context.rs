//! Where in a text the cursor stands: in which definition, call, argument and path. Read from the lexemes before it, so
//! that half a line is enough.

use termc_grammar::{Lexeme, LexemeKind as Kind, lexemes};

/// Where the cursor stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The word that is being written.
    pub prefix: String,
    /// The definition around it.
    pub item: Option<Definition>,
    /// Whether it stands in the braces of the definition.
    pub in_body: bool,
    /// Whether it stands in the `loss` of a model.
    pub in_loss: bool,
    /// Whether it stands between the brackets after a definition's name.
    pub in_parameters: bool,
    /// The call around it.
    pub call: Option<Call>,
    /// The steps of the path before the last dot: `b[0]`, `fast`.
    pub path: Option<Vec<String>>,
    /// What stands before it on the same line, or before that if the line goes on.
    pub before: String,
    /// The first word of its line, unless it is the one being written.
    pub first: String,
    /// Whether it begins a line.
    pub begins: bool,
    /// In a comment or a text.
    pub quiet: bool,
}

/// A definition that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// `block`, `model`, `variant`, ...
    pub keyword: String,
    /// Empty for `train`.
    pub name: String,
    /// What a variant changes; empty for all others.
    pub base: String,
}

/// A call that is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    pub callee: String,
    /// The argument the cursor is in, from 0, a piped value not counted.
    pub position: usize,
    /// Whether something is piped into it.
    pub piped: bool,
    /// The name of that argument, if it is given by name.
    pub name: Option<String>,
    /// The names given so far.
    pub given: Vec<String>,
}

/// Looks at a text up to the cursor.
pub fn cursor(text: &str, at: usize) -> Cursor {
    let before = text.get(..at).unwrap_or_default();
    let mut all: Vec<Lexeme<'_>> = lexemes(before, 0).collect();
    let mut found = Cursor::default();
    if let Some(last) = all.last() {
        let ends_here = last.end() == at;
        let comment = last.is_comment()
            && !before
                .get(last.end()..)
                .is_some_and(|rest| rest.contains('\n'));
        found.quiet = comment || last.kind == Kind::OpenText && ends_here;
        if last.kind == Kind::Word && ends_here {
            found.prefix = last.text.to_owned();
            found.begins = last.first_on_line;
            all.pop();
        } else {
            let rest = before.get(last.end()..).unwrap_or_default();
            found.begins = rest.contains('\n') || last.text == "{" || last.text == ";";
        }
    } else {
        found.begins = true;
    }
    all.retain(|lexeme| !lexeme.is_comment());
    found.begins &= !all.last().is_some_and(Lexeme::is_open_end);
    surroundings(&all, &mut found);
    found
}

fn surroundings(all: &[Lexeme<'_>], found: &mut Cursor) {
    // Brackets that are open, each with its place.
    let mut open: Vec<usize> = vec![];
    let mut item = None;
    for (i, lexeme) in all.iter().enumerate() {
        let begins = matches!(
            lexeme.text,
            "block" | "model" | "variant" | "train" | "const" | "use"
        );
        let next = all.get(i + 1);
        let follows =
            next.is_some_and(|l| l.kind == Kind::Word || l.text == "{" && lexeme.text == "train");
        if lexeme.first_on_line && begins && follows && (open.is_empty() || is_flush(all, i)) {
            open.clear();
            item = Some(i);
        }
        match lexeme.kind {
            Kind::Open(_) => open.push(i),
            Kind::Close(_) => {
                open.pop();
            }
            _ => {}
        }
    }
    let text = |i: usize| all.get(i).map_or("", |lexeme| lexeme.text);
    let braces: Vec<usize> = open.iter().copied().filter(|i| text(*i) == "{").collect();
    found.in_body = !braces.is_empty();
    if let Some(i) = item {
        let still = !open.is_empty() || found.begins_inside(all, i);
        let base = all
            .iter()
            .skip(i + 2)
            .take(2)
            .find(|l| l.kind == Kind::Word && l.text != "of");
        let base = if text(i) == "variant" {
            base.map_or("", |l| l.text)
        } else {
            ""
        };
        let name = if text(i) == "train" { "" } else { text(i + 1) };
        if still {
            found.item = Some(Definition {
                keyword: text(i).to_owned(),
                name: name.to_owned(),
                base: base.to_owned(),
            });
        }
        found.in_parameters = !found.in_body
            && open
                .first()
                .is_some_and(|first| text(*first) == "(" && *first == i + 2);
    }
    found.in_loss = braces
        .last()
        .is_some_and(|brace| *brace > 0 && text(*brace - 1) == "loss");
    let count = all.len();
    found.before = if count > 0 && !found.begins {
        text(count - 1).to_owned()
    } else {
        String::new()
    };
    let first = all.iter().rposition(|lexeme| lexeme.first_on_line);
    found.first = if found.begins {
        String::new()
    } else {
        first.map_or("", |i| text(i)).to_owned()
    };
    if found.before == "." {
        found.path = Some(path(all, count - 1));
    }
    let bracket = open.iter().rev().find(|i| text(**i) == "(").copied();
    let inner = bracket.filter(|bracket| braces.last().is_none_or(|brace| brace < bracket));
    if let Some(bracket) = inner.filter(|bracket| *bracket > 0 && !found.in_parameters) {
        found.call = call(all, bracket);
    }
}

impl Cursor {
    /// The block or model whose names can be used here.
    pub fn inside(&self) -> Option<&str> {
        let item = self.item.as_ref()?;
        matches!(item.keyword.as_str(), "block" | "model").then_some(item.name.as_str())
    }

    /// Whether a definition without brackets still goes on: `const c = `.
    fn begins_inside(&self, all: &[Lexeme<'_>], item: usize) -> bool {
        let same_line = all
            .iter()
            .skip(item + 1)
            .all(|lexeme| !lexeme.first_on_line);
        same_line && !self.begins
    }
}

/// Whether a lexeme stands at the very beginning of its line.
fn is_flush(all: &[Lexeme<'_>], i: usize) -> bool {
    // The byte before it cannot be asked for here: definitions in a body are indented, so that the one before on its line tells.
    let (Some(this), Some(before)) = (all.get(i), i.checked_sub(1).and_then(|i| all.get(i))) else {
        return true;
    };
    this.after_blank && before.end() < this.start
}

/// The steps before a dot.
fn path(all: &[Lexeme<'_>], dot: usize) -> Vec<String> {
    let mut steps = vec![];
    let mut at = dot;
    while let Some(mut i) = at.checked_sub(1) {
        let mut index = String::new();
        while all.get(i).is_some_and(|l| l.text == "]") {
            let Some(start) = all
                .get(..i)
                .and_then(|before| before.iter().rposition(|l| l.text == "["))
            else {
                break;
            };
            let inside: String = all
                .get(start..=i)
                .into_iter()
                .flatten()
                .map(|l| l.text)
                .collect();
            index.insert_str(0, &inside);
            let Some(before) = start.checked_sub(1) else {
                break;
            };
            i = before;
        }
        let Some(word) = all.get(i).filter(|l| l.kind == Kind::Word) else {
            break;
        };
        steps.push(format!("{}{index}", word.text));
        match i.checked_sub(1) {
            Some(before) if all.get(before).is_some_and(|l| l.text == ".") => at = before,
            _ => break,
        }
    }
    steps.reverse();
    steps
}

fn call(all: &[Lexeme<'_>], bracket: usize) -> Option<Call> {
    let callee = all.get(bracket.checked_sub(1)?)?;
    let touches = callee.kind == Kind::Word
        && all
            .get(bracket)
            .is_some_and(|open| open.start == callee.end());
    if !touches {
        return None;
    }
    let piped = bracket
        .checked_sub(2)
        .and_then(|i| all.get(i))
        .is_some_and(|l| l.text == "|>");
    let mut found = Call {
        callee: callee.text.to_owned(),
        piped,
        ..Call::default()
    };
    let mut depth = 0usize;
    let mut begins = true;
    let rest = all.get(bracket + 1..).unwrap_or_default();
    for (i, lexeme) in rest.iter().enumerate() {
        match lexeme.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            Kind::Symbol if lexeme.text == "," => {
                found.position += 1;
                found.name = None;
                begins = true;
                continue;
            }
            Kind::Word if begins && rest.get(i + 1).is_some_and(|next| next.text == "=") => {
                found.given.push(lexeme.text.to_owned());
                found.name = Some(lexeme.text.to_owned());
            }
            _ => {}
        }
        begins = false;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "const w = magnet(hidden=8)\n\nblock a(x, n: int) {\n    y = local(x, size=3, net=w)\n    y\n}\n\nmodel M {\n    b[0] = a(i)\n    loss {\n        slow_neural(b.K)\n    }\n}\n\nvariant V of M {\n    b[0].y.size = 3\n}\n";

    fn at(marker: &str, after: &str) -> Cursor {
        let start = TEXT.find(marker).unwrap();
        cursor(TEXT, start + after.len())
    }

    #[test]
    fn calls_paths_and_definitions_are_found() {
        let here = at("local(x, size", "local(x, si");
        let call = here.call.clone().unwrap();
        assert_eq!(
            (call.callee.as_str(), call.position, here.prefix.as_str()),
            ("local", 1, "si")
        );
        let definition = |keyword: &str, name: &str, base: &str| Definition {
            keyword: keyword.into(),
            name: name.into(),
            base: base.into(),
        };
        assert_eq!(here.inside(), Some("a"));
        assert_eq!(here.item.unwrap(), definition("block", "a", ""));
        let here = at("net=w", "net=");
        assert_eq!(here.call.unwrap().name.as_deref(), Some("net"));
        assert_eq!(
            at("b[0].y.size", "b[0].y.").path,
            Some(vec!["b[0]".into(), "y".into()])
        );
        assert_eq!(
            at("b[0].y.size", "b[0].y.").item.unwrap(),
            definition("variant", "V", "M")
        );
        assert!(at("n: int", "n: in").in_parameters);
        let here = at("slow_neural(b.K", "slow_neural(b.");
        assert!(here.in_loss && here.path == Some(vec!["b".into()]));
        assert!(at("    y\n}", "    ").begins);
        assert_eq!(cursor(TEXT, TEXT.len()).item, None);
    }

    #[test]
    fn no_place_of_any_text_is_a_fault() {
        for end in 0..=TEXT.len() {
            cursor(TEXT, end);
            cursor(&TEXT[end..], TEXT.len() - end);
        }
        assert!(cursor("// ab", 4).quiet && cursor("use \"a", 6).quiet);
    }
}
