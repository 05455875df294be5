//! The command line program on its sample pictures.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::{Command, Output};

fn classify(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_classify"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command.output().unwrap()
}

#[test]
fn samples_are_recognised() {
    let output = classify(&[
        "samples/3.png",
        "samples/7.png",
        "samples/8.png",
        "--top",
        "1",
    ]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 3);
    for (line, digit) in lines.iter().zip(["3", "7", "8"]) {
        assert!(
            line.starts_with(&format!("samples/{digit}.png: {digit} ")),
            "{line}"
        );
        assert!(line.ends_with(" %"), "{line}");
    }
}

#[test]
fn other_files_are_named() {
    for file in ["Cargo.toml", "samples/none.png"] {
        let output = classify(&["samples/7.png", file]);
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with(&format!("error: `{file}`: ")), "{said}");
        assert!(output.stdout.is_empty());
    }
}
