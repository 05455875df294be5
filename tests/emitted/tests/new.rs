//! The programs of `termc new` are compiled with the dependency that their manifest names, and answer with fresh parameters.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::process::Command;

#[test]
fn new_programs_answer_for_every_class() {
    let programs = [
        (env!("CARGO_BIN_EXE_new_folder"), 2),
        (env!("CARGO_BIN_EXE_new_sequence"), 10),
    ];
    for (program, classes) in programs {
        let output = Command::new(program).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {errors}");
        let answers = String::from_utf8(output.stdout).unwrap();
        let mut count = 0;
        for (class, line) in answers.lines().enumerate() {
            let logit = line.strip_prefix(&format!("class {class}: ")).unwrap();
            assert!(logit.parse::<f32>().unwrap().is_finite(), "{line}");
            count += 1;
        }
        assert_eq!(count, classes, "{answers}");
    }
}

#[test]
fn their_manifest_names_the_dependency_that_they_are_compiled_with() {
    let burn = |manifest: &str| -> String {
        let line = manifest.lines().find(|line| line.starts_with("burn = "));
        line.unwrap().to_owned()
    };
    let theirs = include_str!("../../../src/commands/new/manifest.toml");
    assert_eq!(burn(theirs), burn(include_str!("../Cargo.toml")));
}
