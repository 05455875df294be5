//! Picks from the support files what a piece of emitted source uses, directly or not.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The Burn statements of operations and the modules that hold their tensors, in the order in which they are pasted.
const RUST: [&str; 8] = [
    include_str!("../../support/modules.rs"),
    include_str!("../../support/affine.rs"),
    include_str!("../../support/standardize.rs"),
    include_str!("../../support/normalize.rs"),
    include_str!("../../support/elementwise.rs"),
    include_str!("../../support/pooling.rs"),
    include_str!("../../support/long_conv.rs"),
    include_str!("../../support/grid.rs"),
];
const PYTHON: &str = include_str!("../../support/torch.py");

/// A top-level item of a support file, its comments and attributes included.
struct Item {
    name: &'static str,
    kind: &'static str,
    /// The function of an `impl`.
    method: &'static str,
    text: &'static str,
}

static ITEMS: LazyLock<Vec<Item>> = LazyLock::new(|| {
    let files = RUST.iter();
    files
        .flat_map(|file| pieces(file))
        .filter_map(item)
        .collect()
});

/// The items that `code` needs, visible in their own module only. `used` are functions of modules: `Linear::forward`.
pub(super) fn pick(code: &str, used: &HashSet<String>) -> String {
    joined(needed(code, used).into_iter())
}

/// Whether a module of the support code has this function.
pub(super) fn has(kind: &str, method: &str) -> bool {
    let mut items = ITEMS.iter().filter(|item| item.kind == "impl");
    items.any(|item| item.name == kind && item.method == method)
}

/// Whether the support code has this function.
pub(super) fn has_function(name: &str) -> bool {
    ITEMS
        .iter()
        .any(|item| item.kind == "fn" && item.name == name)
}

/// Picked text with a function under another name and with the documentation of a block.
pub(super) fn under(picked: &str, function: &str, name: &str, block: &str) -> String {
    let head = format!("fn {function}(");
    let items: Vec<String> = pieces(picked)
        .map(
            |item| match item.lines().any(|line| line.starts_with(&head)) {
                true => {
                    let is_doc = |line: &&str| line.starts_with("///");
                    let doc = block.lines().take_while(is_doc);
                    let code = item.lines().skip_while(is_doc);
                    doc.chain(code).collect::<Vec<_>>().join("\n")
                }
                false => item.to_owned(),
            },
        )
        .collect();
    with_word(&items.join("\n\n"), function, name)
}

/// Code with a word in place of another one.
pub(super) fn with_word(code: &str, word: &str, other: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = code;
    while let Some((before, after)) = rest.split_once(word) {
        let whole = !before.ends_with(is_word) && !after.starts_with(is_word);
        out += before;
        out += if whole { other } else { word };
        rest = after;
    }
    out + rest
}

/// The names of functions and constants that emitted Rust has if it calls these.
pub(super) fn rust_names(functions: &HashSet<String>) -> HashSet<String> {
    let calls: Vec<String> = functions.iter().map(|name| format!("{name}()")).collect();
    let items = needed(&calls.join(";"), &HashSet::new());
    let mut names: HashSet<String> = functions.clone();
    for item in items {
        names.insert(item.name.to_owned());
        names.extend(Words::of(item.text, "").called);
    }
    names
}

fn needed(code: &str, used: &HashSet<String>) -> Vec<&'static Item> {
    let mut picked = vec![false; ITEMS.len()];
    let mut words = vec![Words::of(code, "")];
    let mut methods = used.clone();
    loop {
        methods.extend(words.iter().flat_map(|words| words.methods.iter().cloned()));
        let mut more = vec![];
        for (item, picked) in ITEMS
            .iter()
            .zip(&mut picked)
            .filter(|(_, picked)| !**picked)
        {
            let hidden = item.kind == "fn"
                && words
                    .first()
                    .is_some_and(|own| own.defined.contains(item.name));
            if !hidden && words.iter().any(|words| words.need(item, &methods)) {
                *picked = true;
                let owner = if item.kind == "impl" { item.name } else { "" };
                more.push(Words::of(item.text, owner));
            }
        }
        if more.is_empty() {
            break;
        }
        words.extend(more);
    }
    let wanted = ITEMS.iter().zip(picked).filter(|(_, picked)| *picked);
    wanted.map(|(item, _)| item).collect()
}

/// The functions and classes of emitted Python that `code` needs, in the order of their file.
pub(super) fn pick_python(code: &str) -> String {
    let items = PYTHON.split("\n\n\n").skip(1).map(str::trim);
    let name = |item: &'static str| {
        let head = item
            .strip_prefix("def ")
            .or_else(|| item.strip_prefix("class "))?;
        head.split(['(', ':']).next()
    };
    let items: Vec<(&str, &str)> = items.filter_map(|item| Some((name(item)?, item))).collect();
    let mut picked: Vec<&str> = vec![];
    let mut unread = vec![code];
    while let Some(text) = unread.pop() {
        let called = |name: &str| {
            let mut places = text.match_indices(name);
            places.any(|(at, _)| {
                let before = text.get(..at).and_then(|t| t.chars().next_back());
                let after = text.get(at + name.len()..).and_then(|t| t.chars().next());
                let inside = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.');
                !inside && matches!(after, Some('(' | ','))
            })
        };
        for (name, item) in &items {
            let hidden = code.contains(&format!("def {name}("));
            if !picked.contains(name) && !hidden && called(name) {
                picked.push(name);
                unread.push(item);
            }
        }
    }
    let wanted = items.iter().filter(|(name, _)| picked.contains(name));
    wanted
        .map(|(_, item)| *item)
        .collect::<Vec<_>>()
        .join("\n\n\n")
}

/// The texts of items, neighbouring `impl` blocks of one type together.
fn joined<'a>(items: impl Iterator<Item = &'a Item>) -> String {
    let mut out = String::new();
    let mut last = None;
    for item in items {
        let text = private(item.text);
        let head = format!("impl {} {{\n", item.name);
        let same = last == Some(item.name) && item.kind == "impl";
        match text.strip_prefix(&head).filter(|_| same) {
            Some(rest) => {
                // Without the last brace of the `impl` before.
                out.truncate(out.trim_end_matches('}').len());
                out.push('\n');
                out += rest;
            }
            None => {
                if !out.is_empty() {
                    out += "\n\n";
                }
                out += &text;
            }
        }
        last = (item.kind == "impl").then_some(item.name);
    }
    out
}

/// The words of a piece of code, comments left out.
struct Words {
    words: HashSet<String>,
    called: HashSet<String>,
    /// Functions that stand in it.
    defined: HashSet<String>,
    /// `Type::function`, what is called on `self` in an `impl`, and what fixes tensors of a module that was just made.
    methods: HashSet<String>,
    /// The type of the last module that was made.
    made: String,
}

impl Words {
    fn of(text: &str, owner: &str) -> Self {
        let mut found = Self {
            words: HashSet::new(),
            called: HashSet::new(),
            defined: HashSet::new(),
            methods: HashSet::new(),
            made: String::new(),
        };
        for line in text.lines() {
            let code = line.split("//").next().unwrap_or(line);
            found.line(code, owner);
        }
        found
    }

    fn line(&mut self, code: &str, owner: &str) {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let (mut rest, mut before) = (code, "");
        while let Some(start) = rest.find(is_word) {
            let (gap, from) = rest.split_at(start);
            let end = from.find(|c| !is_word(c)).unwrap_or(from.len());
            let (word, after) = from.split_at(end);
            let is_call = after.starts_with('(') || after.starts_with("::<");
            match gap {
                "::" if before == "Self" => {
                    self.methods.insert(format!("{owner}::{word}"));
                }
                "::" => {
                    self.methods.insert(format!("{before}::{word}"));
                    if makes_a_module(word) {
                        before.clone_into(&mut self.made);
                    }
                }
                "." if before == "self" && !owner.is_empty() => {
                    self.methods.insert(format!("{owner}::{word}"));
                }
                _ => {}
            }
            if gap.ends_with('.') && word.starts_with("fixed_") {
                self.methods.insert(format!("{}::{word}", self.made));
            }
            if before == "fn" {
                self.defined.insert(word.to_owned());
            }
            let free = !gap.ends_with('.') && !gap.ends_with("::");
            if before != "fn" && free && is_call {
                self.called.insert(word.to_owned());
            }
            self.words.insert(word.to_owned());
            (before, rest) = (word, after);
        }
    }

    fn need(&self, item: &Item, methods: &HashSet<String>) -> bool {
        match item.kind {
            "impl" => methods.contains(&format!("{}::{}", item.name, item.method)),
            "fn" => self.called.contains(item.name),
            _ => self.words.contains(item.name),
        }
    }
}

/// Whether a function of a module's type makes one.
fn makes_a_module(function: &str) -> bool {
    matches!(function, "new" | "read" | "uniform") || function.starts_with("fresh")
}

/// The pieces of a file. These files are formatted: an item ends with a line that starts with its last brace or holds all
/// of it, and items are separated by blank lines.
fn pieces(file: &str) -> impl Iterator<Item = &str> {
    let mut rest = file;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('\n');
        let end = end_of_item(rest)?;
        let (item, after) = rest.split_at(end);
        rest = after;
        Some(item)
    })
}

/// The first blank line that no indentation follows.
fn end_of_item(text: &str) -> Option<usize> {
    let mut at = 0;
    if text.is_empty() {
        return None;
    }
    while let Some(found) = text.get(at..).and_then(|t| t.find("\n\n")) {
        let next = at + found + 2;
        if !text.get(next..).is_some_and(|t| t.starts_with(' ')) {
            return Some(at + found);
        }
        at = next;
    }
    Some(text.trim_end().len())
}

fn item(text: &'static str) -> Option<Item> {
    let mut lines = text.lines();
    let header = lines.find(|line| !line.starts_with("//") && !line.starts_with("#["))?;
    let mut words = header.strip_prefix("pub ").unwrap_or(header).split(' ');
    let kind = words.next()?;
    let word = |text: &'static str| {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        text.get(..end.unwrap_or(text.len()))
    };
    let name = word(words.next()?)?;
    let method = lines.find_map(|line| {
        line.trim_start()
            .trim_start_matches("pub ")
            .strip_prefix("fn ")
    });
    match kind {
        "fn" | "struct" | "enum" | "type" | "const" | "impl" => Some(Item {
            name,
            kind,
            method: method
                .and_then(word)
                .filter(|_| kind == "impl")
                .unwrap_or(""),
            text,
        }),
        _ => None,
    }
}

/// An item without its own visibility, and with the first paragraph of its documentation only.
fn private(text: &str) -> String {
    let head = text.lines().take_while(|line| line.starts_with("///"));
    let first = head.take_while(|line| *line != "///").count();
    let mut lines = text
        .lines()
        .map(|line| line.strip_prefix("pub ").unwrap_or(line));
    let mut kept: Vec<&str> = lines.by_ref().take(first).collect();
    kept.extend(lines.skip_while(|line| line.starts_with("///")));
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_what_is_called_and_what_that_needs() {
        let picked = pick(
            "let y = self.gelu(standardize_batch(x)); // sigmoid(x)",
            &HashSet::new(),
        );
        assert!(picked.contains("fn standardize_batch("));
        assert!(picked.contains("const EPSILON"));
        assert!(!picked.contains("fn gelu"));
        assert!(!picked.contains("fn sigmoid"));
        assert!(!picked.contains("pub "));
    }

    #[test]
    fn picks_the_functions_of_modules_that_are_called() {
        let used = HashSet::from(["Linear::forward".to_owned()]);
        let picked = pick("let a: Linear = Linear::new([2, 3], w, b, device);", &used);
        assert!(picked.contains("fn new("));
        assert!(picked.contains("fn tensors("));
        assert!(picked.contains("fn pointwise("));
        assert!(!picked.contains("fn read("));
        assert_eq!(picked.matches("impl Linear {").count(), 1);
    }

    #[test]
    fn knows_every_item_of_the_support_files() {
        let files = RUST.iter();
        let opened = files.flat_map(|file| file.lines()).filter(|line| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            let kinds = ["fn ", "struct ", "enum ", "type ", "const ", "impl "];
            kinds.iter().any(|kind| line.starts_with(kind))
        });
        assert_eq!(ITEMS.len(), opened.count());
    }
}
