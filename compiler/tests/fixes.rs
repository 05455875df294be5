//! Fixes: what a finding says can be written in place of what it marks is written there, and the finding is gone.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use termc_compiler::diagnostics::{Diagnostic, Fix};
use termc_compiler::{Compiled, Options, compile_all};
use termc_files::Folder;

/// Fewer cases than this have a fix only if some lost theirs.
const LEAST: usize = 18;

fn compiled(path: &Path, text: &str) -> Compiled {
    compile_all("case.term", text, &Options::default(), &Folder::of(path))
}

/// Of several words the first is as good as any to be read.
fn replacement(found: &Diagnostic) -> Option<&str> {
    match &found.fix {
        Some(Fix::Replace(words)) => words.first().map(String::as_str),
        _ => None,
    }
}

#[test]
fn what_is_replaced_is_no_longer_found() {
    let mut tried = 0;
    let mut still = vec![];
    insta::glob!("../../tests/check", "**/*.term", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let before = compiled(path, &text);
        for found in &before.diagnostics {
            let at = before.sources.locate(found.span);
            let at = at.filter(|at| at.source.name == "case.term");
            let (Some(word), Some(at)) = (replacement(found), at) else {
                continue;
            };
            tried += 1;
            let mut mended = text.clone();
            mended.replace_range(at.start..at.end, word);
            let after = compiled(path, &mended);
            // The next finding of the same place may be another one, but not of what was written.
            let own = format!("`{word}`");
            let same = |d: &Diagnostic| {
                (d.code, d.span.start) == (found.code, found.span.start)
                    && (d.message == found.message || d.message.contains(&own))
            };
            if after.diagnostics.iter().any(same) {
                let after = support::shown(&after);
                still.push(format!("{}: with `{word}`\n{after}", path.display()));
            }
        }
    });
    assert!(still.is_empty(), "{}", still.join("\n"));
    assert!(tried >= LEAST, "{tried} fixes");
}

/// The help and the replacement of the first finding.
fn first(text: &str) -> (String, Option<String>) {
    let found = support::compile(text, &Options::default()).diagnostics;
    let found = found.first().unwrap();
    (
        found.help.clone().unwrap_or_default(),
        replacement(found).map(str::to_owned),
    )
}

#[test]
fn slips_of_keywords_are_replaced_where_they_stand() {
    let (help, word) = first("blok a(x) {\n    gelu(x)\n}\n");
    assert_eq!(help, "did you mean `block`?");
    assert_eq!(word.as_deref(), Some("block"));
    let (help, word) = first("block a(x) {\n    if true && false { x } else { gelu(x) }\n}\n");
    assert_eq!(help, "write `and`");
    assert_eq!(word.as_deref(), Some("and"));
    // The word after the slip is marked, and nothing is to be written in its place.
    let (help, word) = first("model M {\n    inptu image[1, 8, 8]\n}\n");
    assert_eq!(help, "did you mean `input`?");
    assert_eq!(word, None);
}

const MODEL: &str = "block unit(x) {
    kernel = linear(x, x.channels) + linear(x, x.channels)
    gelu(kernel)
}
model M {
    input image[3, 8, 8]
    unit = unit(image)
    output logits = head(unit, 4)
    loss {
        cross_entropy(logits)
    }
}
";

#[test]
fn steps_of_paths_are_replaced_alone() {
    let (help, word) = first(&MODEL.replace("loss {", "loss {\n        slow_neural(unit.kernal)"));
    assert_eq!(help, "did you mean `kernel`?");
    assert_eq!(word.as_deref(), Some("unit.kernel"));
    let changed = |path: &str| format!("{MODEL}variant V of M {{\n    {path} = 0\n}}\n");
    let named = |path: &str| {
        let text = changed(path);
        let model = Some("V".to_owned());
        let sets = vec![];
        let found = support::compile(&text, &Options { model, sets }).diagnostics;
        let found = found.first().unwrap();
        (
            found.help.clone().unwrap(),
            replacement(found).map(str::to_owned),
        )
    };
    let (help, right) = named("unit.kernel.linaer[1].bias");
    assert_eq!(help, "did you mean `linear[1]`?");
    assert_eq!(right.as_deref(), Some("linear"));
    // Its place in the list is not marked, so that no name mends it.
    let (help, right) = named("unit.kernel.linear[2].bias");
    assert_eq!(help, "there is `linear[0]` or `linear[1]`");
    assert_eq!(right, None);
}
