//! 200 one-edit faults in `examples/cifar10.term`: how many are told where they were made. Prints the others.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::collections::BTreeMap;
use std::ops::Range;

use support::random::Random;
use support::{compile_all, shown};
use termc_compiler::{Compiled, Options};

const TEXT: &str = include_str!("../../examples/cifar10.term");
const SEED: u64 = 2401;
const EDITS: usize = 200;
const TOLD: usize = 198;

/// Numbers by what stands before them, and what is wrong there.
const NUMBERS: &[(&str, &[&str])] = &[
    ("hidden=", &["0", "-3", "2.5"]),
    ("size=", &["4", "0", "99", "3.5"]),
    ("expand=", &["0", "-1", "0.3"]),
    ("drop=", &["1", "1.5", "-0.1"]),
    ("drop: float = ", &["1", "1.5", "-0.1"]),
    ("layers: int = ", &["2.5"]),
    ("layers=", &["2.5"]),
    ("g_ibs(", &["7", "0", "-12", "1.5"]),
    ("image[", &["0", "-3", "9999999"]),
    ("image[3, ", &["0", "30", "99999"]),
    ("image[3, 32, ", &["0", "30", "2.5"]),
    ("classes: int = ", &["0", "-1", "2.5"]),
    ("smoothing=", &["1", "-0.5"]),
    ("fast=", &["-1"]),
    ("slow=", &["-1"]),
    ("lr=", &["0", "-1"]),
    ("betas=[", &["1", "-0.5"]),
    ("betas=[0.5, ", &["1.5"]),
    ("warmup=", &["-8"]),
    ("epochs = ", &["0", "2.5", "-1"]),
    ("batch = ", &["0", "1.5"]),
    ("padding=", &["-4", "1.5"]),
    ("std=[", &["0", "-1"]),
    ("skips=[b[", &["7"]),
    ("hidden = choose(", &["0"]),
];

/// Types by what they are exchanged for: the default or the word itself is wrong then.
const TYPES: &[(&str, &str)] = &[
    ("expand: int", "expand: integer"),
    ("layers: int =", "layers: bool ="),
    ("layers: int =", "layers: [int] ="),
    ("skips: [tensor] =", "skips: tensor ="),
    ("skips: [tensor]", "skips: [tensr]"),
    ("drop: float =", "drop: bool ="),
    ("drop: float =", "drop: block ="),
    ("classes: int =", "classes: bool ="),
    ("classes: int =", "classes: tensor ="),
];

/// A text with one fault.
struct Edit {
    kind: &'static str,
    text: String,
    /// Where the fault is, in the text with it.
    at: Range<usize>,
    /// The partner of a bracket that was dropped: the fault is the pair.
    partner: Option<usize>,
}

/// Puts `new` in the place of some of the text.
fn put(kind: &'static str, old: Range<usize>, new: &str) -> Edit {
    let mut text = TEXT.to_owned();
    text.replace_range(old.clone(), new);
    Edit {
        kind,
        text,
        at: old.start..old.start + new.len(),
        partner: None,
    }
}

/// The parts of the text outside comments: each character with its place.
fn code() -> impl Iterator<Item = (usize, char)> {
    let mut start = 0;
    TEXT.split_inclusive('\n').flat_map(move |line| {
        let from = start;
        start += line.len();
        let end = line.find("//").unwrap_or(line.len());
        line[..end].char_indices().map(move |(i, c)| (from + i, c))
    })
}

/// Where each name or keyword stands.
fn words() -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = vec![];
    for (at, c) in code() {
        let inside = c.is_ascii_alphanumeric() || c == '_';
        match words.last_mut() {
            Some(word) if inside && word.end == at => word.end += 1,
            _ if inside && (c.is_ascii_alphabetic() || c == '_') => words.push(at..at + 1),
            _ => {}
        }
    }
    // The exponent of `5e-5` is no name.
    words.retain(|word| !TEXT[..word.start].ends_with(|c: char| c.is_ascii_digit()));
    words
}

fn numbers() -> Vec<Edit> {
    let mut edits = vec![];
    for (before, wrong) in NUMBERS {
        for (found, _) in TEXT.match_indices(before) {
            let start = found + before.len();
            let digits =
                TEXT[start..].find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
            let end = start + digits.unwrap();
            if TEXT[start..end].starts_with(|c: char| c.is_ascii_digit()) {
                edits.extend(wrong.iter().map(|new| put("number", start..end, new)));
            }
        }
    }
    edits
}

fn brackets_and_commas() -> Vec<Edit> {
    let mut edits = vec![];
    let mut open = vec![];
    let mut pairs = BTreeMap::new();
    for (at, c) in code() {
        match c {
            '(' | '[' | '{' => open.push(at),
            ')' | ']' | '}' => {
                let from = open.pop().unwrap();
                pairs.insert(from, at);
                pairs.insert(at, from);
            }
            _ => {}
        }
    }
    for (at, c) in code().filter(|(_, c)| "()[]{},".contains(*c)) {
        let kind = if c == ',' { "comma" } else { "bracket" };
        let mut edit = put(kind, at..at + 1, "");
        edit.partner = pairs.get(&at).map(|p| p - usize::from(*p > at));
        edits.push(edit);
    }
    edits
}

/// Whether a word is where a name is made, so that misspelling it makes the uses wrong.
fn makes_a_name(word: &Range<usize>) -> bool {
    let line = TEXT[..word.start].rfind('\n').map_or(0, |i| i + 1);
    let (before, after) = (&TEXT[line..word.start], &TEXT[word.end..]);
    let defined = [
        "block ", "const ", "model ", "variant ", "for ", "input ", "output ",
    ];
    // A setting is a use of its name, and so is a path.
    let setting = TEXT[..word.start].contains("\ntrain {");
    let bound = after.starts_with(" = ") || (after.starts_with('[') && after[..6].contains("] ="));
    let param = (before.starts_with("block ") || before.starts_with("model "))
        && (after.starts_with(": ") || after.starts_with(", "));
    let header = before.starts_with("block sfne(x") && &TEXT[word.clone()] == "x";
    let added = before.trim_start().starts_with("add ") && bound && !before.contains('=');
    added
        || defined.contains(&before.trim_start())
        || param
        || header
        || (bound && !setting && before.trim().is_empty())
}

fn misspellings() -> Vec<Edit> {
    let words = words();
    let known: Vec<&str> = words.iter().map(|w| &TEXT[w.clone()]).collect();
    let mut edits = vec![];
    for word in words.iter().filter(|word| !makes_a_name(word)) {
        let right = &TEXT[word.clone()];
        let mut wrong = right[..right.len() - 1].to_owned();
        if wrong.len() < 2 || known.contains(&wrong.as_str()) || wrong == "kar" {
            wrong = format!("{right}q");
        }
        edits.push(put("name", word.clone(), &wrong));
    }
    edits
}

/// Swaps the first two arguments of calls that tell them apart.
fn swaps() -> Vec<Edit> {
    let mut edits = vec![];
    for (open, _) in code().filter(|(_, c)| *c == '(') {
        let name = TEXT[..open]
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap();
        let callee = &TEXT[name + 1..open];
        let line = TEXT[..open].rfind('\n').unwrap() + 1;
        let header = TEXT[line..].starts_with("block") || TEXT[line..].starts_with("model");
        if callee.is_empty() || header {
            continue;
        }
        let (mut depth, mut commas, mut end) = (0, vec![], open);
        for (i, c) in TEXT[open..].char_indices() {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                ',' if depth == 1 => commas.push(open + i),
                _ => {}
            }
            if depth == 0 {
                end = open + i;
                break;
            }
        }
        let Some(first) = commas.first() else {
            continue;
        };
        let second = commas.get(1).copied().unwrap_or(end);
        let (a, b) = (&TEXT[open + 1..*first], &TEXT[first + 2..second]);
        let kinds = ["hyper", "hyper_channel", "tile", "head"].contains(&callee);
        if kinds || (!a.contains('=') && b.contains('=')) {
            edits.push(put("swap", open + 1..second, &format!("{b}, {a}")));
        }
    }
    edits
}

fn types() -> Vec<Edit> {
    let exchange = |(old, new): &(&str, &str)| {
        let found: Vec<_> = TEXT
            .match_indices(old)
            .map(|(at, _)| put("type", at..at + old.len(), new))
            .collect();
        found
    };
    TYPES.iter().flat_map(exchange).collect()
}

/// Slips of the hand: an operator left out, a colon for `=`, a space before a bracket, a line twice.
fn slips() -> Vec<Edit> {
    let mut edits = vec![];
    for (old, new) in [
        (" * ", " "),
        (" @ ", " "),
        (" + ", " "),
        (" |> ", " "),
        (" of ", " "),
        (" in ", " "),
    ] {
        let found = TEXT
            .match_indices(old)
            .filter(|(at, _)| code().any(|(i, _)| i == *at + 1));
        edits.extend(found.map(|(at, _)| put("operator", at..at + old.len(), new)));
    }
    for (at, c) in code() {
        let before = &TEXT[..at];
        let touching = before.ends_with(|c: char| c.is_ascii_alphanumeric());
        if c == '=' && touching {
            edits.push(put("colon", at..at + 1, ": "));
        }
        // A definition is no call, its bracket may stand apart.
        let definition = before.ends_with("block sfne") || before.ends_with("model Cifar10");
        if c == '(' && touching && !definition {
            edits.push(put("space", at..at + 1, " ("));
        }
    }
    let mut start = 0;
    for line in TEXT.split_inclusive('\n') {
        let (name, end) = (line.trim_start(), start + line.len());
        if line.starts_with("    ")
            && name.contains(" = ")
            && !name.starts_with("skip[")
            && !line.contains("choose")
        {
            let mut twice = put("line twice", end..end, line);
            // Of variants the later change counts, whether or not it is the same.
            if TEXT[end..].contains("\ntrain {") || !TEXT[..end].contains("\nvariant ") {
                twice.at.end -= 1;
                edits.push(twice);
            }
        }
        start = end;
    }
    edits
}

/// The line a byte is on.
fn line(text: &str, at: usize) -> usize {
    text[..at.min(text.len())].matches('\n').count()
}

/// Whether an error begins on a line of the edit.
fn told(edit: &Edit, compiled: &Compiled) -> bool {
    let mut lines = vec![
        line(&edit.text, edit.at.start),
        line(&edit.text, edit.at.end),
    ];
    lines.extend(edit.partner.map(|at| line(&edit.text, at)));
    let mut errors = compiled.diagnostics.iter().filter(|d| d.is_error());
    errors.any(|d| lines.contains(&line(&edit.text, d.span.start as usize)))
}

#[test]
fn faults_are_told_where_they_were_made() {
    let mut random = Random::new(SEED);
    let mut kinds = [
        numbers(),
        brackets_and_commas(),
        misspellings(),
        swaps(),
        types(),
        slips(),
    ];
    for edits in &mut kinds {
        random.shuffle(edits);
    }
    // In turn, so that kinds of which there are few are not lost among the others.
    let mut edits = vec![];
    assert!(
        kinds.iter().map(Vec::len).sum::<usize>() >= EDITS,
        "too few edits"
    );
    while edits.len() < EDITS {
        edits.extend(kinds.iter_mut().filter_map(Vec::pop));
    }
    edits.truncate(EDITS);
    let (mut at_the_edit, mut alone) = (0, 0);
    for edit in &edits {
        let compiled = compile_all(&edit.text, &Options::default());
        assert!(
            compiled.has_errors(),
            "{} is no fault:\n{}",
            edit.kind,
            context(edit)
        );
        let told = told(edit, &compiled);
        at_the_edit += usize::from(told);
        alone += usize::from(compiled.diagnostics.len() == 1);
        if !told {
            println!(
                "--- {} at\n{}\n{}",
                edit.kind,
                context(edit),
                shown(&compiled)
            );
        }
    }
    println!(
        "{at_the_edit} of {EDITS} faults are told where they were made, {alone} by one message alone"
    );
    assert!(at_the_edit >= TOLD, "only {at_the_edit} of {EDITS}");
}

/// The lines of an edit.
fn context(edit: &Edit) -> String {
    let from = line(&edit.text, edit.at.start);
    let lines = edit.text.lines().skip(from).take(2);
    lines.collect::<Vec<_>>().join("\n")
}
