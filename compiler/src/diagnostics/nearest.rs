//! Finds the known name an unknown one was probably meant to be, and words lists of choices.

use termc_grammar::listed;

/// The most similar candidate, if similar enough to be a likely slip.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|c| *c != word)
        .map(|c| (distance(word, c), c))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, c)| c)
}

fn distance(a: &str, b: &str) -> usize {
    if a.eq_ignore_ascii_case(b) {
        0
    } else {
        strsim::damerau_levenshtein(a, b)
    }
}

/// "`a`, `b` or `c`"; "nothing" if there is none.
pub(crate) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    match quoted(names).as_slice() {
        [] => "nothing".into(),
        names => listed(names, "or"),
    }
}

/// "`a`, `b` and `c`".
pub(crate) fn each_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    listed(&quoted(names), "and")
}

/// Names in backticks.
pub(crate) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(|name| format!("`{name}`")).collect()
}
