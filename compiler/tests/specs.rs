//! Keeps generated parts of the documents true, and checks every `.term` block in them. `TERMC_BLESS=1` rewrites.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fmt::Write;

use support::{compile_all, root, shown};
use termc_compiler::Options;
use termc_compiler::diagnostics::Code;

/// The page must read `wanted`.
fn keep(page: &str, wanted: &str) {
    let path = root().join("specs").join(page);
    if std::env::var_os("TERMC_BLESS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "specs/{page} is not up to date: run the tests with TERMC_BLESS=1 and read the difference"
    );
}

#[test]
fn reference_of_the_language() {
    let page = std::fs::read_to_string(root().join("specs/language.md")).unwrap();
    let (start, end) = ("kept by a test -->\n", "<!-- end of reference -->");
    let (before, rest) = page.split_once(start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    keep(
        "language.md",
        &format!(
            "{before}{start}\n{}\n{end}{after}",
            termc_compiler::reference().trim_end()
        ),
    );
}

#[test]
fn diagnostics() {
    let mut page = String::from(
        "# Diagnostics\n\nEvery finding has a stable code: `E...` stops, `W...` warns (`--deny warnings` makes it stop). This page \
         is written from the compiler's own table; `termc explain CODE` prints an entry.\n",
    );
    for code in Code::ALL {
        let (name, title) = (code.name(), code.title());
        write!(page, "\n## {name}: {title}\n\n{}\n\nWrong:\n\n", code.why()).unwrap();
        for (lines, next) in [(code.wrong(), "\nRight:\n\n"), (code.right(), "")] {
            for line in lines.lines() {
                writeln!(page, "    {line}").unwrap();
            }
            page.push_str(next);
        }
    }
    keep("diagnostics.md", &page);
}

#[test]
fn every_code_has_a_case() {
    let mut seen = String::new();
    for folder in ["err", "warn"] {
        for entry in std::fs::read_dir(root().join("tests/check").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "snap") {
                seen.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let missing: Vec<&str> = Code::ALL
        .iter()
        .map(|c| c.name())
        .filter(|c| !seen.contains(c))
        .collect();
    assert!(missing.is_empty(), "no case shows {missing:?}");
}

#[test]
fn term_blocks_in_documents_are_sound() {
    let pages = std::fs::read_dir(root().join("specs"))
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut blocks = 0;
    for page in pages
        .chain([root().join("README.md")])
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
    {
        let text = std::fs::read_to_string(&page).unwrap();
        for block in text.split("```term\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let compiled = compile_all(block, &Options::default());
            let found = shown(&compiled);
            assert!(
                compiled.diagnostics.is_empty(),
                "{}: {found}",
                page.display()
            );
            assert!(compiled.model.is_some());
            let formatted = termc_grammar::format(block).unwrap();
            assert_eq!(formatted, block, "{}: not canonical", page.display());
            blocks += 1;
        }
    }
    assert!(blocks > 2);
}
