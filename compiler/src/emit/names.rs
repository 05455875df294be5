//! Names in emitted source: one namespace a structure, and words that a target keeps for itself, escaped in one place.

use std::collections::HashSet;

/// What a target language keeps for itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// Names that nothing may have: keywords and what every scope sees.
    pub kept: &'static [&'static str],
    /// Names that fields may not have besides.
    pub fields: &'static [&'static str],
    /// Names that types may not have besides.
    pub types: &'static [&'static str],
    /// Names that neither functions nor variables may have besides.
    pub values: &'static [&'static str],
    /// Whether fields are found in files by their names, which must then have every word of their paths.
    pub by_name: bool,
}

/// One namespace: every name is given once, and none that is reserved.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    reserved: HashSet<String>,
}

impl Names {
    /// A namespace where these words mean something else.
    pub fn reserving(words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            taken: HashSet::new(),
            reserved: words.into_iter().map(Into::into).collect(),
        }
    }

    /// This name, with an underscore if the word is reserved, with a number if it is taken.
    pub fn give(&mut self, wanted: &str) -> String {
        self.give_with(wanted, "_")
    }

    /// The same with another ending if the word is reserved.
    pub fn give_with(&mut self, wanted: &str, ending: &str) -> String {
        let mut name = wanted.to_owned();
        if self.reserved.contains(&name) {
            name.push_str(ending);
        }
        let mut number = 2;
        let first = name.clone();
        while !self.free(&name) {
            let gap = if first.ends_with(|c: char| c.is_ascii_digit()) {
                "_"
            } else {
                ""
            };
            name = format!("{}{gap}{number}", first.trim_end_matches('_'));
            number += 1;
        }
        self.taken.insert(name.clone());
        name
    }

    /// A name inside a loop, which hides the same name outside.
    pub fn give_inner(&mut self, wanted: &str) -> String {
        self.taken.remove(wanted);
        self.give(wanted)
    }

    fn free(&self, name: &str) -> bool {
        !self.taken.contains(name) && !self.reserved.contains(name)
    }
}

/// A name of the language as a variable, field or function: lower case, and no underscore at an end.
pub(super) fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        match c.is_ascii_alphanumeric() {
            true => out.extend(c.to_lowercase()),
            false if out.ends_with('_') || out.is_empty() => {}
            false => out.push('_'),
        }
    }
    let out = out.trim_end_matches('_').to_owned();
    match out.chars().next() {
        None => "n".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("n{out}"),
        Some(_) => out,
    }
}

/// A name of the language as a type.
pub(super) fn camel(name: &str) -> String {
    let mut out = String::new();
    let mut upper = true;
    for c in name.chars() {
        match c.is_ascii_alphanumeric() {
            true if upper => out.extend(c.to_uppercase()),
            true => out.push(c),
            false => {}
        }
        upper = !c.is_ascii_alphabetic();
    }
    match out.chars().next() {
        None => "N".to_owned(),
        Some(c) if c.is_ascii_digit() => format!("N{out}"),
        Some(_) => out,
    }
}

/// The words and the numbers of a path: the same for `b[2].fast.rgu[0].k.weight` in a file and `b.2.fast_rgu.0.k.weight` in
/// a module. Emitted loaders compute it too.
pub(super) fn key(path: &str) -> (Vec<String>, Vec<String>) {
    let path = path.to_lowercase();
    let parts = path.split(|c: char| !c.is_ascii_alphanumeric());
    let parts = parts.filter(|part| !part.is_empty()).map(str::to_owned);
    parts.partition(|part| !part.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_given_once_and_never_a_reserved_word() {
        let mut names = Names::reserving(["type"]);
        assert_eq!(names.give("type"), "type_");
        assert_eq!(names.give("type"), "type2");
        assert_eq!(names.give("x"), "x");
        assert_eq!(names.give("x"), "x2");
        assert_eq!(names.give("x2"), "x2_2");
    }

    #[test]
    fn names_are_in_the_style_of_their_use() {
        assert_eq!(snake("fast.rgu"), "fast_rgu");
        assert_eq!(snake("K"), "k");
        assert_eq!(snake("_"), "n");
        assert_eq!(snake("2d"), "n2d");
        assert_eq!(camel("magnet_in_context"), "MagnetInContext");
        assert_eq!(camel("conv2d"), "Conv2D");
    }

    #[test]
    fn a_path_and_its_module_have_the_same_key() {
        let path = key("b[2].fast.rgu[0].k.weight");
        assert_eq!(path, key("b.2.fast_rgu.0.k.weight"));
        assert_eq!(key("type.weight"), key("type_.weight"));
    }
}
