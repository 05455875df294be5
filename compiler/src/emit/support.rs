//! Picks from the support files what a piece of emitted source uses, directly or not, and what it must import.

use std::collections::HashSet;

use super::Form;

/// The primitives' Burn statements, in the order they are pasted.
const FILES: [&str; 5] = [
    include_str!("../../support/affine.rs"),
    include_str!("../../support/standardize.rs"),
    include_str!("../../support/elementwise.rs"),
    include_str!("../../support/slow_net.rs"),
    include_str!("../../support/init.rs"),
];

/// What emitted source may import, in rustfmt's order.
const IMPORTS: [&str; 14] = [
    "burn::module::Module",
    "burn::module::Param",
    "burn::store::ModuleSnapshot",
    "burn::store::SafetensorsStore",
    "burn::tensor::DType",
    "burn::tensor::Device",
    "burn::tensor::Distribution",
    "burn::tensor::Tensor",
    "burn::tensor::TensorData",
    "burn::tensor::activation",
    "burn::tensor::module::adaptive_avg_pool2d",
    "burn::tensor::module::conv2d",
    "burn::tensor::ops::ConvOptions",
    "std::path::Path",
];

/// What `core` does not offer by itself, in the same order.
const FROM_ALLOC: [&str; 2] = ["alloc::vec", "alloc::vec::Vec"];

/// Traits that are used by their methods alone, with a word that shows it.
const BY_METHOD: [(&str, &str); 1] = [("ModuleSnapshot", "load_from")];

/// A top-level item of a support file, its comments and attributes included.
struct Item {
    name: &'static str,
    is_function: bool,
    text: &'static str,
}

/// The names that emitted source must not give another meaning.
pub(super) fn reserved() -> Vec<&'static str> {
    let imported = IMPORTS.iter().filter_map(|path| path.rsplit("::").next());
    items()
        .iter()
        .map(|item| item.name)
        .chain(imported)
        .collect()
}

/// The items that `code` needs, visible in their own module only.
pub(super) fn pick(code: &str) -> String {
    let items = items();
    let mut picked: HashSet<&str> = HashSet::new();
    let mut unread = vec![code.to_owned()];
    while let Some(text) = unread.pop() {
        let used = Used::in_code(&text);
        for item in &items {
            if used.uses(item) && picked.insert(item.name) {
                let whole = items.iter().filter(|other| other.name == item.name);
                unread.extend(whole.map(|other| other.text.to_owned()));
            }
        }
    }
    let wanted = items.iter().filter(|item| picked.contains(item.name));
    let texts: Vec<String> = wanted.map(|item| private(item.text)).collect();
    texts.join("\n\n")
}

/// The `use` lines that `code` needs.
pub(super) fn imports(code: &str, form: Form) -> Vec<String> {
    let used = Used::in_code(code);
    let from_alloc = match form {
        Form::Std => &[][..],
        Form::NoStd => &FROM_ALLOC,
    };
    let needed = from_alloc.iter().chain(&IMPORTS).filter(|path| {
        let name = path.rsplit("::").next().unwrap_or(path);
        let by_method = BY_METHOD.iter().find(|(tr, _)| *tr == name);
        used.words
            .contains(by_method.map_or(name, |(_, method)| method))
    });
    needed.map(|path| format!("use {path};")).collect()
}

/// The words of a piece of code, comments left out.
struct Used {
    words: HashSet<String>,
    called: HashSet<String>,
}

impl Used {
    fn in_code(text: &str) -> Self {
        let (mut words, mut called) = (HashSet::new(), HashSet::new());
        for line in text.lines() {
            let code = line.split("//").next().unwrap_or(line);
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let mut rest = code;
            let mut before = "";
            while let Some(start) = rest.find(is_word) {
                let (gap, from) = rest.split_at(start);
                let end = from.find(|c| !is_word(c)).unwrap_or(from.len());
                let (word, after) = from.split_at(end);
                let is_call = after.starts_with('(') || after.starts_with("::<");
                if is_call && !gap.ends_with('.') && before != "fn" {
                    called.insert(word.to_owned());
                }
                words.insert(word.to_owned());
                (before, rest) = (word, after);
            }
        }
        Self { words, called }
    }

    fn uses(&self, item: &Item) -> bool {
        match item.is_function {
            true => self.called.contains(item.name),
            false => self.words.contains(item.name),
        }
    }
}

/// The items of all support files. These files are formatted: an item ends with a line that starts with its last brace
/// or holds all of it, and items are separated by blank lines.
fn items() -> Vec<Item> {
    let chunks = FILES.iter().flat_map(|file| {
        let mut rest = *file;
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches('\n');
            let end = end_of_item(rest)?;
            let (item, after) = rest.split_at(end);
            rest = after;
            Some(item)
        })
    });
    chunks.filter_map(item).collect()
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
    let header = text
        .lines()
        .find(|line| !line.starts_with("//") && !line.starts_with("#["))?;
    let mut words = header.strip_prefix("pub ").unwrap_or(header).split(' ');
    let kind = words.next()?;
    let name = words.next()?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
    let name = name.get(..end.unwrap_or(name.len()))?;
    match kind {
        "fn" | "struct" | "enum" | "type" | "const" | "impl" => Some(Item {
            name,
            is_function: kind == "fn",
            text,
        }),
        _ => None,
    }
}

/// An item without its own visibility.
fn private(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix("pub ").unwrap_or(line))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_what_is_called_and_what_that_needs() {
        let picked = pick("let y = self.gelu(standardize_batch(x)); // sigmoid(x)");
        assert!(picked.contains("fn standardize_batch("));
        assert!(picked.contains("const EPSILON"));
        assert!(!picked.contains("fn gelu"));
        assert!(!picked.contains("fn sigmoid"));
        assert!(!picked.contains("pub "));
    }

    #[test]
    fn knows_every_item_of_the_support_files() {
        let known = items().len();
        let opened = FILES.iter().flat_map(|file| file.lines()).filter(|line| {
            let line = line.strip_prefix("pub ").unwrap_or(line);
            ["fn ", "struct ", "enum ", "type ", "const ", "impl "]
                .iter()
                .any(|k| line.starts_with(k))
        });
        assert_eq!(known, opened.count());
    }

    #[test]
    fn imports_what_is_used() {
        let code = "Tensor::cat(vec![x])";
        let tensor = "use burn::tensor::Tensor;";
        assert_eq!(imports(code, Form::Std), [tensor]);
        assert_eq!(imports(code, Form::NoStd), ["use alloc::vec;", tensor]);
    }
}
