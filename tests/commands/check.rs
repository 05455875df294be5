//! Commands that only compile: `check`, `variants`, `explain`, and where MODEL may come from.

use std::io::Write;
use std::process::Stdio;

use crate::support::{SMALL, command, example, said, termc, train_on};

#[test]
fn the_published_configurations_have_the_published_sizes() {
    let said = termc(&["check", &example("cifar10.term")]).expect(0);
    assert!(said.out.contains("1,336,855 parameters"), "{}", said.out);
    let said = termc(&["check", &example("cifar100.term")]).expect(0);
    assert!(said.out.contains("1,362,865 parameters"), "{}", said.out);
}

/// Programs that tell the size of a terminal take longer than checking most models.
#[cfg(unix)]
#[test]
fn nothing_else_is_started_without_a_terminal() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("tput");
    let started = folder.path().join("started");
    let text = format!("#!/bin/sh\necho $* >> '{}'\necho 80\n", started.display());
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    for arguments in [
        ["check", SMALL],
        ["summary", SMALL],
        ["check", "nowhere.term"],
    ] {
        let output = command(&arguments).env("PATH", folder.path()).output();
        output.unwrap();
        let found = std::fs::read_to_string(&started);
        assert!(found.is_err(), "{arguments:?}: {found:?}");
    }
}

#[test]
fn findings_go_to_standard_error_or_as_json_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("wrong.term");
    let text = std::fs::read_to_string(SMALL).unwrap();
    std::fs::write(&model, text.replace("size=3", "size=4")).unwrap();
    let model = model.to_str().unwrap();
    let human = termc(&["check", model])
        .expect(1)
        .says("E314")
        .says("wrong.term");
    assert_eq!(human.out, "");
    let json = termc(&["check", model, "--format", "json"]).expect(1);
    let object: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(object["ok"], false);
    assert_eq!(object["diagnostics"][0]["code"], "E314");
    assert_eq!(object["diagnostics"][0]["line"], 12);
    assert_eq!(json.err, "");
}

#[test]
fn a_file_that_others_use_is_checked_without_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let blocks = folder.path().join("blocks.term");
    let path = blocks.to_str().unwrap();
    let text = "const width = 8\nblock a(x) {\n    linear(x, width)\n}\nblock b(x) {\n    a(x) |> gelu\n}\n";
    std::fs::write(&blocks, text).unwrap();
    let said = termc(&["check", path]).expect(0);
    assert_eq!(
        said.out,
        "nothing is wrong with its 2 blocks by themselves; the file defines no model\n"
    );
    let json = termc(&["check", path, "--format", "json"]).expect(0);
    let object: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(object["ok"], true);
    assert!(object["model"].is_null());
    termc(&["summary", path]).expect(1).says("E110");
    std::fs::write(&blocks, text.replace("gelu", "gellu")).unwrap();
    termc(&["check", path])
        .expect(1)
        .says("did you mean `gelu`?");
}

#[test]
fn warnings_fail_only_where_they_are_denied() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("unused.term");
    let text = std::fs::read_to_string(SMALL).unwrap();
    let text = text.replace("const small", "const spare = magnet(hidden=3)\nconst small");
    std::fs::write(&model, text).unwrap();
    let model = model.to_str().unwrap();
    termc(&["check", model]).expect(0).says("W501");
    termc(&["check", model, "--deny", "warnings"])
        .expect(1)
        .says("warnings are denied");
}

#[test]
fn a_model_may_come_from_standard_input() {
    let mut child = command(&["check", "-"]);
    let mut child = child
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = std::fs::read(SMALL).unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let said = said(child.wait_with_output().unwrap()).expect(0);
    assert!(said.out.starts_with("Small: 2 blocks"), "{}", said.out);
}

#[test]
fn unreadable_models_say_why() {
    let folder = tempfile::tempdir().unwrap();
    termc(&["check", "no/such.term"])
        .expect(3)
        .says("no/such.term");
    termc(&["check", folder.path().to_str().unwrap()])
        .expect(1)
        .says("is not a RUN folder");
    let binary = folder.path().join("binary.term");
    std::fs::write(&binary, [0x66, 0xff, 0xfe]).unwrap();
    termc(&["check", binary.to_str().unwrap()])
        .expect(1)
        .says("not a text file: byte 1");
    let empty = folder.path().join("empty.term");
    std::fs::write(&empty, "").unwrap();
    termc(&["check", empty.to_str().unwrap()])
        .expect(1)
        .says("E110");
}

#[test]
fn changes_apply_to_every_command_that_reads_a_model() {
    let one = ["--set", "train.epochs=9"];
    for command in ["check", "summary"] {
        termc(&[&[command, SMALL][..], &one].concat()).expect(0);
        termc(&[command, SMALL, "--set", "train.epoch=9"])
            .expect(1)
            .says("epoch");
        termc(&[command, SMALL, "--model", "None"])
            .expect(1)
            .says("None");
    }
}

#[test]
fn models_variants_and_members_are_listed_with_their_sizes() {
    let said = termc(&["variants", &example("cifar10.term")]).expect(0);
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(lines[0].starts_with("model "), "{}", said.out);
    let line = |name: &str| {
        let found = lines
            .iter()
            .find(|l| l.split_whitespace().next() == Some(name));
        *found.unwrap_or_else(|| panic!("no `{name}` in\n{}", said.out))
    };
    assert!(line("Cifar10").contains("1,336,855"));
    // 64 units and 3 layers are what the model has anyway.
    assert!(
        line("SlowSize[3]").ends_with("the same as Cifar10"),
        "{}",
        said.out
    );
    assert!(!line("SlowSize[2]").contains("the same"), "{}", said.out);
    let members = lines.iter().filter(|l| l.starts_with("SlowSize[")).count();
    assert_eq!(members, 6);
}

#[test]
fn a_member_of_a_family_is_a_model_like_any_other() {
    let file = example("cifar10.term");
    let parameters = |name: &str| {
        let said = termc(&["check", &file, "--model", name, "--format", "json"]).expect(0);
        let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        // Its name is one that a file can give a variant.
        let single = name.replace('[', "_").replace(']', "");
        assert_eq!(object["model"]["name"], single);
        object["model"]["parameters"].as_u64().unwrap()
    };
    assert!(parameters("SlowSize[0]") < parameters("SlowSize[4]"));
    termc(&["check", &file, "--model", "SlowSize"])
        .expect(1)
        .says("SlowSize[0]");
    termc(&["check", &file, "--model", "SlowSize[6]"])
        .expect(1)
        .says("SlowSize");
}

#[test]
fn used_files_are_read_from_the_folder_of_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.term");
    let text = "use \"parts/gate.term\"\n\nmodel M {\n    input image[1, 8, 8]\n    y = gate(image)\n    \
                output logits = head(y, 10)\n    loss {\n        cross_entropy(logits)\n    }\n}\n";
    std::fs::write(&model, text).unwrap();
    let name = model.to_str().unwrap();
    termc(&["check", name]).expect(1).says("parts/gate.term");
    std::fs::create_dir(folder.path().join("parts")).unwrap();
    let gate = "block gate(x) {\n    x * sigmoid(linear(x, x.channels))\n}\n";
    std::fs::write(folder.path().join("parts/gate.term"), gate).unwrap();
    termc(&["check", name]).expect(0);
    termc(&["summary", name]).expect(0);
    let said = termc(&["variants", name]).expect(0);
    assert!(said.out.contains("\nM "), "{}", said.out);
    // The canonical source stands alone.
    let run = folder.path().join("run");
    let out = run.to_str().unwrap();
    let short = ["--limit", "64", "--stop-after", "1"];
    termc(&train_on(name, "digits", out, &short)).expect(0);
    std::fs::remove_dir_all(folder.path().join("parts")).unwrap();
    termc(&["check", out]).expect(0);
    // What is wrong in a used file is told there.
    std::fs::create_dir(folder.path().join("parts")).unwrap();
    std::fs::write(
        folder.path().join("parts/gate.term"),
        gate.replace("sigmoid", "sigmod"),
    )
    .unwrap();
    termc(&["check", name])
        .expect(1)
        .says(&format!("{}/parts/gate.term:2", folder.path().display()))
        .says("sigmod");
}

#[test]
fn a_model_that_is_not_there_is_marked_where_it_was_named() {
    let args = ["check", SMALL, "--model", "Nope", "--format", "json"];
    let said = termc(&args).expect(1);
    let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let found = &object["diagnostics"][0];
    assert_eq!(
        (found["file"].as_str(), found["end"].as_u64()),
        (Some("--model"), Some(4))
    );
}

#[test]
fn standard_input_uses_no_files() {
    let mut child = command(&["check", "-"]);
    let mut child = child
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let text = b"use \"parts.term\"\n";
    child.stdin.take().unwrap().write_all(text).unwrap();
    said(child.wait_with_output().unwrap())
        .expect(1)
        .says("no folder");
}

#[test]
fn every_name_has_an_explanation() {
    let list = termc(&["explain"]).expect(0);
    assert!(list.out.lines().count() > 100);
    for line in list.out.lines().filter(|line| line.starts_with(' ')) {
        let name = line.split_whitespace().next().unwrap();
        let said = termc(&["explain", name]).expect(0);
        assert!(said.out.contains(name), "{}", said.out);
        let (letter, digits) = name.split_at(1);
        if "EW".contains(letter) && digits.chars().all(|c| c.is_ascii_digit()) {
            let whole = said.out.starts_with(name) && said.out.contains("and not for");
            assert!(whole, "{}", said.out);
        }
    }
    let said = termc(&["explain", "rgu"]).expect(0);
    assert!(
        said.out.contains("/// Recursive gated unit"),
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("block rgu(x, weight: init = kaiming_uniform(1)) {"),
        "{}",
        said.out
    );
    let said = termc(&["explain", "e301"]).expect(0);
    assert!(
        said.out.starts_with("E301") && said.out.contains("and not for"),
        "{}",
        said.out
    );
    let said = termc(&["explain", "lr"]).expect(0);
    assert!(
        said.out.contains("- of the optimizer `kar3(lr: float"),
        "{}",
        said.out
    );
    termc(&["explain", "E999"]).expect(2).says("E999");
    termc(&["explain", "rgy"])
        .expect(2)
        .says("did you mean `rgu`?");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = command(&["summary", &example("cifar10.term"), "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    said(child.wait_with_output().unwrap()).expect(0);
}

#[test]
fn colours_follow_the_call() {
    let plain = termc(&["check", SMALL]).expect(0);
    assert!(!plain.out.contains('\x1b'));
    let colored = termc(&["check", SMALL, "--color", "always"]).expect(0);
    assert!(colored.out.contains('\x1b'));
    termc(&["check", SMALL, "--color", "sometimes"])
        .expect(2)
        .says("sometimes");
}

#[test]
fn help_names_every_command_and_status() {
    let said = termc(&["--help"]).expect(0);
    for word in [
        "check", "train", "eval", "run", "summary", "explain", "variants", "130",
    ] {
        assert!(said.out.contains(word), "no `{word}` in\n{}", said.out);
    }
    termc(&[]).expect(2);
    termc(&["--version"]).expect(0);
}

#[test]
fn formatting_keeps_comments_and_settles() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.term");
    let text = std::fs::read_to_string(SMALL).unwrap();
    let untidy = text.replace("    Z = x * K\n", "  Z=x*K // the first product\n");
    assert_ne!(untidy, text);
    std::fs::write(&model, &untidy).unwrap();
    let name = model.to_str().unwrap();
    let said = termc(&["fmt", "--check", name])
        .expect(1)
        .says("canonical form");
    assert_eq!(said.out.trim_end(), name);
    assert_eq!(
        std::fs::read_to_string(&model).unwrap(),
        untidy,
        "`--check` changes nothing"
    );
    termc(&["fmt", name]).expect(0);
    let tidy = std::fs::read_to_string(&model).unwrap();
    assert!(
        tidy.contains("Z = x * K") && tidy.contains("// the first product"),
        "{tidy}"
    );
    termc(&["fmt", "--check", name]).expect(0);
    termc(&["fmt", "--check", SMALL]).expect(0);

    std::fs::write(&model, "model {").unwrap();
    termc(&["fmt", name]).expect(1).says("E001");
    assert_eq!(std::fs::read_to_string(&model).unwrap(), "model {");
}

#[test]
fn every_command_is_documented() {
    let page = include_str!("../../specs/cli.md");
    let help = termc(&["--help"]).expect(0).out;
    let commands = help.lines().skip_while(|l| *l != "Commands:").skip(1);
    let mut count = 0;
    for line in commands.take_while(|l| !l.is_empty()) {
        let name = line.split_whitespace().next().unwrap();
        if name != "help" {
            assert!(
                [' ', '`']
                    .iter()
                    .any(|end| page.contains(&format!("| `{name}{end}"))),
                "`{name}` is not in specs/cli.md"
            );
            count += 1;
        }
    }
    assert!(count > 10);
}
