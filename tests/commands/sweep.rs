//! `termc sweep`: all models of a file with all seeds, each once, however often the sweep is killed.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{SMALL, assert_same, bytes, command, names, termc};

/// Twelve variants of the smallest model of the digits.
fn family(folder: &Path) -> String {
    let text = std::fs::read_to_string(SMALL).unwrap();
    let family = "\nvariant Sizes of Small {\n    sfne.l3.size = choose(1, 3, 5, 7)\n    sfne.K.net.hidden = choose(4, 6, 8)\n}\n";
    let path = folder.join("sizes.term");
    std::fs::write(&path, text + family).unwrap();
    path.to_str().unwrap().to_owned()
}

fn sweep<'a>(model: &'a str, models: &'a str, out: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["sweep", model, "--models", models, "--dataset", "digits"];
    words.extend(["--device", "cpu", "--out", out.to_str().unwrap()]);
    words.extend(more);
    words
}

#[test]
fn a_sweep_killed_three_times_trains_each_once_and_tells_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let model = family(folder.path());
    let members: Vec<String> = (0..12).map(|i| format!("Sizes[{i}]")).collect();
    let members = members.join(",");
    let more = [
        "--seeds",
        "0,1",
        "--epochs",
        "2",
        "--limit",
        "640",
        "--checkpoint-every",
        "3",
    ];
    let (straight, killed) = (folder.path().join("straight"), folder.path().join("killed"));
    termc(&sweep(&model, &members, &straight, &more))
        .expect(0)
        .says("24 trainings of 12 models, 24 of them to do");
    let begun = || std::fs::read_dir(&killed).map_or(0, |entries| entries.count());
    for _ in 0..3 {
        let mut child = command(&sweep(&model, &members, &killed, &more))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Until some more trainings have begun, the last of them not yet over.
        let before = begun();
        while begun() < before + 6 && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let over = || {
        let runs = names(&killed).into_iter();
        runs.filter(|name| killed.join(name).join("test.json").exists())
            .count()
    };
    let done = over();
    assert!(0 < done && done < 24, "{done}");
    let last = termc(&sweep(&model, &members, &killed, &more)).expect(0);
    assert!(!last.err.contains("failed"), "{}", last.err);
    assert_eq!(over(), 24);
    assert_eq!(bytes(&straight, "table.json"), bytes(&killed, "table.json"));
    for name in names(&straight) {
        if straight.join(&name).is_dir() {
            assert_same(&straight.join(&name), &killed.join(&name));
        }
    }
    // Nothing is left to do, and other options are another sweep.
    termc(&sweep(&model, &members, &killed, &more))
        .expect(0)
        .says("24 trainings of 12 models, 0 of them to do");
    let other = [&more[..], &["--batch", "16"]].concat();
    termc(&sweep(&model, &members, &killed, &other))
        .expect(1)
        .says("is of a sweep with the options")
        .says("name another folder with `--out`");
}

#[test]
fn a_training_that_fails_is_tried_once_more_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let model = family(folder.path());
    let out = folder.path().join("out");
    let none = folder.path().join("none.safetensors");
    let wild = ["--limit", "64", "--weights", none.to_str().unwrap()];
    let said = termc(&sweep(&model, "Small", &out, &wild)).expect(1);
    said.says("1 of 1 trainings failed")
        .says("Small-seed0 failed, and is tried once more: cannot read `")
        .says("Small-seed0 failed again")
        .says("Small-seed0 failed 2 times: cannot read `");
    let table = String::from_utf8(bytes(&out, "table.json")).unwrap();
    assert!(
        table.contains("\"failed\":1") && table.contains("\"value\":null"),
        "{table}"
    );
}

#[test]
fn what_cannot_be_swept_is_told_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let model = family(folder.path());
    let out = folder.path().join("out");
    termc(&sweep(&model, "Sizes[12]", &out, &[]))
        .expect(2)
        .says("the file has no model `Sizes[12]`")
        .says("termc variants");
    termc(&sweep(&model, "Small", &out, &["--epochs", "none"]))
        .expect(2)
        .says("invalid value 'none'");
    let wrong = std::fs::read_to_string(&model)
        .unwrap()
        .replace("gelu |> bias", "gelo |> bias");
    let typo = folder.path().join("typo.term");
    std::fs::write(&typo, wrong).unwrap();
    let said = termc(&sweep(
        typo.to_str().unwrap(),
        "Small,Sizes[0],Sizes[5]",
        &out,
        &[],
    ))
    .expect(1);
    assert_eq!(
        said.err.matches("did you mean `gelu`?").count(),
        1,
        "{}",
        said.err
    );
    assert_eq!(names(folder.path()), ["sizes.term", "typo.term"]);
    // What is in the place of a training and is none stays.
    let notes = out.join("Small-seed0/notes.txt");
    std::fs::create_dir_all(notes.parent().unwrap()).unwrap();
    std::fs::write(&notes, "mine").unwrap();
    let short = ["--limit", "64", "--epochs", "1"];
    termc(&sweep(&model, "Small", &out, &short))
        .expect(1)
        .says("is not empty");
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "mine");
    std::fs::remove_dir_all(&out).unwrap();
    let budget = [
        "--limit", "64", "--epochs", "1", "--budget", "1", "--seeds", "4,5",
    ];
    termc(&sweep(&model, "Small", &out, &budget))
        .expect(0)
        .says("the budget is spent, 1 of 2 trainings to do");
}
