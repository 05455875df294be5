//! `termc sweep`: all models of a file with all seeds, each once, however often the sweep is killed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::support::{SMALL, assert_same, bytes, command, names, rows, termc};

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
fn halving_trains_the_better_ones_to_their_end_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let model = family(folder.path());
    let members: Vec<String> = (0..6).map(|i| format!("Sizes[{i}]")).collect();
    let members = members.join(",");
    let options = ["--seeds", "0,1", "--epochs", "4", "--limit", "320"];
    let more = [&options[..], &["--halving", "1", "--jobs", "2"]].concat();
    let (straight, stopped) = (
        folder.path().join("straight"),
        folder.path().join("stopped"),
    );
    let said = termc(&sweep(&model, &members, &straight, &more)).expect(0);
    said.says("left out so far: ")
        .says("pauses after epoch 1, validation accuracy ");
    let table: serde_json::Value = serde_json::from_slice(&bytes(&straight, "table.json")).unwrap();
    let models = table.as_array().unwrap();
    // Of six models three go on after one epoch, two after two, and these are over after four.
    let left_out = |epoch: u64| {
        let models = models.iter();
        models
            .filter(|row| row["left_out_after_epoch"] == epoch)
            .count()
    };
    assert_eq!((left_out(1), left_out(2), left_out(4)), (3, 1, 0));
    let value = |row: &serde_json::Value| row["value"]["mean"].as_f64().unwrap();
    for row in models {
        let is_over = row["left_out_after_epoch"].is_null();
        assert_eq!(row["test_accuracy"].is_null(), !is_over, "{row}");
        let epochs = row["left_out_after_epoch"].as_u64().unwrap_or(4);
        for seed in 0..2 {
            assert_eq!(epochs_in(&run_of(&straight, row, seed)), epochs, "{row}");
        }
    }
    // What went on after the first epoch was the better half by the accuracies of that epoch, which are in the records.
    let after_first = |row: &serde_json::Value| {
        let seeds = (0..2).map(|seed| validated(&run_of(&straight, row, seed), 1));
        seeds.sum::<f64>() / 2.0
    };
    let (out, on): (Vec<_>, Vec<_>) = models
        .iter()
        .partition(|row| row["left_out_after_epoch"] == 1);
    for row in &out {
        assert_eq!(value(row), after_first(row));
        assert!(on.iter().all(|other| after_first(other) >= value(row)));
    }
    // Stopped by its budget again and again, it comes to the same; and a model that went on is as one that never paused.
    let budget = [&more[..], &["--budget", "5"]].concat();
    for _ in 0..3 {
        termc(&sweep(&model, &members, &stopped, &budget)).expect(0);
    }
    termc(&sweep(&model, &members, &stopped, &more)).expect(0);
    assert_eq!(
        bytes(&straight, "table.json"),
        bytes(&stopped, "table.json")
    );
    let best = models
        .iter()
        .find(|row| row["left_out_after_epoch"].is_null())
        .unwrap();
    let best = best["model"].as_str().unwrap();
    let alone = folder.path().join("alone");
    termc(&sweep(&model, best, &alone, &options)).expect(0);
    for run in names(&alone)
        .iter()
        .filter(|name| alone.join(name).is_dir())
    {
        assert_same(&alone.join(run), &straight.join(run));
    }
}

#[test]
fn halving_needs_something_to_compare_by() {
    let folder = tempfile::tempdir().unwrap();
    let model = family(folder.path());
    let out = folder.path().join("out");
    let test = ["--halving", "1", "--objective", "test_accuracy"];
    termc(&sweep(&model, "Small,Sizes[0]", &out, &test))
        .expect(2)
        .says("the test part is looked at when a training is over");
    let none = [
        "--halving",
        "1",
        "--val",
        "0",
        "--limit",
        "64",
        "--epochs",
        "2",
    ];
    termc(&sweep(&model, "Small,Sizes[0]", &out, &none))
        .expect(1)
        .says("has no val_accuracy after epoch 1")
        .says("`--val` says how many images are held out");
}

/// The folder of a training of the model that a row of the table is about.
fn run_of(sweep: &Path, row: &serde_json::Value, seed: u64) -> PathBuf {
    let name = row["model"].as_str().unwrap();
    sweep.join(format!(
        "{}-seed{seed}",
        name.replace('[', "-").replace(']', "")
    ))
}

/// The epochs of a training's record.
fn epochs_in(run: &Path) -> u64 {
    let rows = rows(run).into_iter();
    rows.map(|row| row["epoch"].as_u64().unwrap())
        .max()
        .unwrap()
}

/// The validation accuracy of an epoch.
fn validated(run: &Path, epoch: u64) -> f64 {
    let rows = rows(run);
    let row = rows
        .iter()
        .find(|row| row["split"] == "val" && row["epoch"] == epoch);
    row.unwrap()["top1"].as_f64().unwrap()
}

#[test]
fn what_cannot_be_swept_is_told_before_anything_is_trained() {
    let folder = tempfile::tempdir().unwrap();
    let model = family(folder.path());
    let out = folder.path().join("out");
    termc(&sweep(&model, "Sizes[12]", &out, &[]))
        .expect(1)
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

#[test]
fn a_sweep_in_which_nothing_was_trained_is_no_hindrance() {
    let folder = tempfile::tempdir().unwrap();
    let (model, out) = (family(folder.path()), folder.path().join("out"));
    let nowhere = format!("folder:{}", folder.path().join("nowhere").display());
    let options = ["--epochs", "1", "--limit", "64"];
    let mistaken = ["sweep", &model, "--models", "Small", "--dataset", &nowhere];
    let mistaken = [&mistaken[..], &["--out", out.to_str().unwrap()], &options].concat();
    termc(&mistaken).expect(1).says("1 of 1 trainings failed");
    termc(&sweep(&model, "Small", &out, &options)).expect(0);
    let refused = termc(&mistaken).expect(1);
    refused.says("is of a sweep with the options");
}
