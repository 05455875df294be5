//! Runs every shell command that README and specs show, in their order, in a folder that has the examples; and README's
//! Rust program after them, in the same folder.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::process::Command;

/// README's program.
mod program {
    include!("documents/classify.rs");

    pub fn run() -> Result<(), Error> {
        main()
    }
}

/// The blocks of a page in a language, as they are written.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let blocks = page.split(fence.as_str()).skip(1);
    blocks.filter_map(|rest| rest.split("```").next()).collect()
}

/// The commands of all `sh` blocks of a page.
fn commands(page: &str) -> Vec<String> {
    let lines = blocks(page, "sh").into_iter().flat_map(str::lines);
    let lines = lines.map(|line| line.split(" #").next().unwrap_or(line).trim());
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

/// The pictures that README's reader has: two classes of ten photographs, and one more.
fn pictures(folder: &Path) {
    let photograph = |colour: [u32; 3], number: u32| {
        image::RgbImage::from_fn(40 + 9 * number, 130 - 7 * number, |x, y| {
            image::Rgb(colour.map(|value| (value + (x * 7 + y * 13) % 50) as u8))
        })
    };
    for (class, colour) in [("cat", [60, 90, 200]), ("dog", [180, 90, 40])] {
        let class = folder.join("pictures").join(class);
        std::fs::create_dir_all(&class).unwrap();
        for number in 0..10 {
            let file = class.join(format!("{number}.jpg"));
            photograph(colour, number).save(file).unwrap();
        }
    }
    photograph([180, 90, 40], 11)
        .save(folder.join("photo.jpg"))
        .unwrap();
}

/// Runs the commands of a page in a folder; says how many.
fn run(page: &Path, folder: &Path) -> usize {
    let text = std::fs::read_to_string(page).unwrap();
    let mut ran = 0;
    for command in commands(&text) {
        let words = command.split_whitespace();
        let mut words = words.map(|word| word.trim_matches('\''));
        let mut args: Vec<&str> = match (words.next(), words.clone().next()) {
            (Some("termc"), _) => words.collect(),
            (Some("cargo"), Some("run")) => words.skip_while(|w| *w != "--").skip(1).collect(),
            // The tests run already; installing, measuring and other machines are not for tests.
            (Some("cargo" | "bash" | "python" | "pip" | "python3" | "mpirun" | "srun"), _) => {
                continue;
            }
            (Some(script), _) if script.starts_with("scripts/") => continue,
            _ => panic!("{}: not a command of ours: {command}", page.display()),
        };
        if args.first() == Some(&"train") && !args.contains(&"--epochs") {
            args.extend(["--epochs", "1"]);
        }
        let output = Command::new(env!("CARGO_BIN_EXE_termc"))
            .args(&args)
            .current_dir(folder)
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
    ran
}

#[test]
fn shown_commands_and_programs_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let specs = std::fs::read_dir(root.join("specs"))
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut pages: Vec<_> = specs
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    let mut ran = 0;
    for page in pages {
        let folder = tempfile::tempdir().unwrap();
        copy(&root.join("examples"), &folder.path().join("examples"));
        ran += run(&page, folder.path());
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&root.join("examples"), &folder.path().join("examples"));
    pictures(folder.path());
    ran += run(&root.join("README.md"), folder.path());
    assert!(ran > 5);

    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let shown = blocks(&readme, "rust");
    assert_eq!(
        shown,
        [include_str!("documents/classify.rs")],
        "README shows another program than the one that is tested"
    );
    std::env::set_current_dir(folder.path()).unwrap();
    program::run().unwrap();
    // Windows cannot remove the folder that a process is in.
    std::env::set_current_dir(root).unwrap();
}
