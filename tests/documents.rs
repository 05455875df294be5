//! Runs every shell command that README and specs show, in their order, in a folder that has the examples.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::Command;

/// The commands of all `sh` blocks of a page.
fn commands(page: &str) -> Vec<String> {
    let blocks = page
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let lines = blocks
        .flat_map(str::lines)
        .map(|line| line.split(" #").next().unwrap_or(line).trim());
    lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

#[test]
fn shown_commands_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let specs = std::fs::read_dir(root.join("specs"))
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut pages: Vec<_> = specs
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    pages.insert(0, root.join("README.md"));
    let mut ran = 0;
    for page in pages {
        let folder = tempfile::tempdir().unwrap();
        copy(&root.join("examples"), &folder.path().join("examples"));
        for command in commands(&std::fs::read_to_string(&page).unwrap()) {
            let mut words = command.split_whitespace();
            let mut args: Vec<&str> = match (words.next(), words.clone().next()) {
                (Some("termc"), _) => words.collect(),
                (Some("cargo"), Some("run")) => words.skip_while(|w| *w != "--").skip(1).collect(),
                // The tests run already; installing and measuring are not for tests.
                (Some("cargo" | "bash" | "python" | "pip" | "python3"), _) => continue,
                _ => panic!("{}: not a command of ours: {command}", page.display()),
            };
            if args.first() == Some(&"train") && !args.contains(&"--epochs") {
                args.extend(["--epochs", "1"]);
            }
            let output = Command::new(env!("CARGO_BIN_EXE_termc"))
                .args(&args)
                .current_dir(folder.path())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.success(),
                "{}: {command}: {said}",
                page.display()
            );
            ran += 1;
        }
    }
    assert!(ran > 5);
}
