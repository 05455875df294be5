//! Stopping and going on: by number of steps, by signal, by SIGKILL; nothing may differ from a training in one piece.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{
    SMALL, assert_same, bytes, checkpoints, command, resuming, rows, termc, train_on, training,
    wait_for,
};
#[cfg(unix)]
use crate::support::{has_rows, said, signal, start};

fn straight(folder: &Path, more: &[&str]) -> PathBuf {
    let run = folder.join("straight");
    termc(&training(run.to_str().unwrap(), more)).expect(0);
    run
}

#[test]
fn a_training_stopped_within_an_epoch_goes_on_as_if_never_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let straight = straight(folder.path(), &[]);
    let run = folder.path().join("stopped");
    let said = termc(&training(run.to_str().unwrap(), &["--stop-after", "13"])).expect(0);
    assert!(said.err.contains("stopped after step 13"), "{}", said.err);
    assert!(!run.join("test.json").exists());
    termc(&resuming(&run, &["--stop-after", "9"]))
        .expect(0)
        .says("going on from step 13");
    termc(&resuming(&run, &[]))
        .expect(0)
        .says("going on from step 22");
    assert_same(&straight, &run);

    let before = bytes(&run, "metrics.jsonl");
    termc(&resuming(&run, &[])).expect(0).says("over");
    assert!(before == bytes(&run, "metrics.jsonl"));
}

#[test]
fn averages_accumulation_and_clipping_survive_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let source = std::fs::read_to_string(SMALL).unwrap();
    let model = folder.path().join("model.term");
    let text = source.replace(
        "batch = 32",
        "batch = 32\n ema = 0.9\n accumulate = 2\n clip = norm(1)",
    );
    std::fs::write(&model, text).unwrap();
    let train = |name: &str, more: &[&str]| {
        let run = folder.path().join(name);
        let (model, out) = (model.to_str().unwrap(), run.to_str().unwrap());
        let more = [&["--limit", "320"], more].concat();
        termc(&train_on(model, "digits", out, &more)).expect(0);
        run
    };
    let a = train("a", &[]);
    let b = train("b", &["--stop-after", "7"]);
    termc(&resuming(&b, &[])).expect(0);
    assert_same(&a, &b);
}

fn start_quietly(arguments: &[&str]) -> Child {
    let mut command = command(arguments);
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[cfg(unix)]
#[test]
fn signals_save_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let straight = straight(folder.path(), &["--epochs", "6"]);
    let run = folder.path().join("run");
    let mut child = start(&training(run.to_str().unwrap(), &["--epochs", "6"]));
    wait_for(&mut child, "the first row", || has_rows(&run));
    signal(child.id(), "-INT");
    said(child.wait_with_output().unwrap())
        .expect(130)
        .says("--resume");

    let arguments = resuming(&run, &[]);
    let mut child = start(&arguments);
    let known = rows(&run).len();
    wait_for(&mut child, "another row", || rows(&run).len() > known);
    signal(child.id(), "-TERM");
    said(child.wait_with_output().unwrap())
        .expect(130)
        .says("stopped after step");

    termc(&arguments).expect(0);
    assert_same(&straight, &run);
}

/// Nearly all of an epoch is validation here; the second signal of a training that does not stop would end it unsaved.
#[cfg(unix)]
#[test]
fn signals_in_a_validation_stop_it_and_change_nothing() {
    use std::io::{BufRead, BufReader, Read};

    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| folder.path().join(name);
    let (straight, stopped) = (run("straight"), run("stopped"));
    let begin = ["--val", "0.95", "--epochs", "2"];
    let began = Instant::now();
    let straight_out = straight.to_str().unwrap();
    termc(&train_on(SMALL, "digits", straight_out, &begin)).expect(0);
    let whole = began.elapsed();
    let mut arguments = train_on(SMALL, "digits", stopped.to_str().unwrap(), &begin);
    let mut stops = 0;
    for part in [12, 8, 8, 12, 8] {
        let mut child = start(&arguments);
        let mut told = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        // From here on a signal is listened to.
        while !line.contains(" validate, ") {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "it has ended");
        }
        std::thread::sleep(whole / part);
        if child.try_wait().unwrap().is_none() {
            signal(child.id(), "-INT");
        }
        let mut rest = String::new();
        told.read_to_string(&mut rest).unwrap();
        if child.wait().unwrap().success() {
            break;
        }
        assert!(rest.contains("go on with `termc train --resume"), "{rest}");
        stops += 1;
        arguments = resuming(&stopped, &[]);
    }
    assert!(stops > 0);
    termc(&resuming(&stopped, &[])).expect(0);
    assert_same(&straight, &stopped);
}

/// As EIO or EACCES would be: nothing is known of the checkpoint, so it must not be passed over and later deleted.
#[test]
fn a_checkpoint_that_cannot_be_read_now_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let straight = straight(folder.path(), &["--checkpoint-every", "2"]);
    let run = folder.path().join("run");
    let stop = [
        "--checkpoint-every",
        "2",
        "--keep",
        "2",
        "--stop-after",
        "13",
    ];
    termc(&training(run.to_str().unwrap(), &stop)).expect(0);
    let newest = checkpoints(&run).pop().unwrap();
    let aside = folder.path().join("aside");
    std::fs::rename(&newest, &aside).unwrap();
    std::fs::create_dir(&newest).unwrap();
    let before = checkpoints(&run);
    termc(&resuming(&run, &[])).expect(3).says("cannot read");
    assert_eq!(checkpoints(&run), before);
    std::fs::remove_dir(&newest).unwrap();
    std::fs::rename(&aside, &newest).unwrap();
    termc(&resuming(&run, &[]))
        .expect(0)
        .says("going on from step 13");
    assert_same(&straight, &run);
}

/// As when a terminal is closed.
#[cfg(unix)]
#[test]
fn a_signal_saves_where_nobody_listens_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut child = start(&training(run.to_str().unwrap(), &["--epochs", "400"]));
    wait_for(&mut child, "the first row", || has_rows(&run));
    drop((child.stdout.take(), child.stderr.take()));
    signal(child.id(), "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let saved = checkpoints(&run).pop().unwrap();
    assert!(!saved.ends_with("step-000000000.safetensors"), "{saved:?}");
}

/// Killed at 20 random moments, which must include moments within writing; a training that is over before begins anew.
#[test]
fn kill_at_any_moment_loses_no_bit() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--epochs", "12", "--checkpoint-every", "2"];
    let began = Instant::now();
    let straight = straight(folder.path(), &more);
    let whole = began.elapsed().as_secs_f64();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut kills = 0;
    for attempt in 0.. {
        let run = folder.path().join(format!("run-{attempt}"));
        let first = training(run.to_str().unwrap(), &more);
        let goes_on = resuming(&run, &[]);
        while kills < 20 && !run.join("test.json").exists() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let begun = run.join("config.json").exists();
            if !begun {
                // Killed before the folder was complete: there is nothing to resume.
                let _ = std::fs::remove_dir_all(&run);
            }
            let mut child = start_quietly(if begun { &goes_on } else { &first });
            let fraction = (random >> 40) as f64 / (1u64 << 24) as f64;
            let moment = whole * (0.01 + 0.12 * fraction);
            std::thread::sleep(Duration::from_secs_f64(moment));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                kills += 1;
            }
            child.wait().unwrap();
        }
        termc(&goes_on).expect(0);
        assert_same(&straight, &run);
        if kills == 20 {
            break;
        }
    }
}

#[test]
fn damaged_checkpoints_are_passed_over_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--checkpoint-every", "2"];
    let straight = straight(folder.path(), &more);
    let run = folder.path().join("run");
    let stop = ["--checkpoint-every", "2", "--stop-after", "12"];
    termc(&training(run.to_str().unwrap(), &stop)).expect(0);
    let whole = checkpoints(&run);
    let (latest, earlier) = (&whole[whole.len() - 1], &whole[whole.len() - 2]);
    let mut content = std::fs::read(latest).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 0x10;
    std::fs::write(latest, &content).unwrap();
    let content = std::fs::read(earlier).unwrap();
    std::fs::write(earlier, &content[..content.len() - 7]).unwrap();
    let said = termc(&resuming(&run, &[])).expect(0);
    assert_eq!(
        said.err.matches("passing over checkpoint").count(),
        2,
        "{}",
        said.err
    );
    assert!(said.err.contains("SHA-256"), "{}", said.err);
    assert_same(&straight, &run);
}

/// As a kill between writing a checkpoint and dropping the one before it leaves the folder, with the newer one damaged since.
#[test]
fn the_only_whole_checkpoint_outlives_a_kill_after_a_resume() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--keep", "1", "--checkpoint-every", "100000"];
    let more = [&more[..], &["--epochs", "40"]].concat();
    let straight = straight(folder.path(), &more);
    let run = folder.path().join("run");
    let stop = [&more[..], &["--stop-after", "5"]].concat();
    termc(&training(run.to_str().unwrap(), &stop)).expect(0);
    let earlier = &checkpoints(&run).pop().unwrap();
    let digest = earlier.with_extension("safetensors.sha256");
    let saved = [earlier, &digest].map(|path| (path.clone(), std::fs::read(path).unwrap()));
    termc(&resuming(&run, &["--stop-after", "5"])).expect(0);
    let damaged = checkpoints(&run).pop().unwrap();
    std::fs::write(&damaged, b"damaged").unwrap();
    for (path, content) in &saved {
        assert!(!path.exists());
        std::fs::write(path, content).unwrap();
    }
    let arguments = resuming(&run, &[]);
    let mut child = start_quietly(&arguments);
    let known = rows(&run).len();
    wait_for(&mut child, "further rows", || rows(&run).len() > known + 2);
    child.kill().unwrap();
    child.wait().unwrap();
    // The earlier one, or what was written since.
    assert!(checkpoints(&run).iter().any(|path| *path != damaged));
    // What is written after that counts, though the damaged one may be of a later step.
    let said = termc(&resuming(&run, &["--stop-after", "2"])).expect(0);
    let saved = said
        .err
        .rsplit('`')
        .find(|part| part.ends_with(".safetensors"));
    assert!(Path::new(saved.unwrap()).exists(), "{}", said.err);
    termc(&resuming(&run, &[])).expect(0);
    assert_same(&straight, &run);
}

/// A data set of folders, whose classes take part in what is learnt.
#[test]
fn other_data_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/eight.png");
    for part in ["train", "test"] {
        for name in names {
            let class = data.join(part).join(name);
            std::fs::create_dir_all(&class).unwrap();
            for number in 0..6 {
                std::fs::copy(image, class.join(format!("{number}.png"))).unwrap();
            }
        }
    }
    let run = folder.path().join("run");
    let source = format!("folder:{}", data.display());
    let more = ["--epochs", "4", "--batch", "10", "--stop-after", "3"];
    termc(&train_on(SMALL, &source, run.to_str().unwrap(), &more)).expect(0);
    let rename = |from: &str, to: &str| {
        for part in ["train", "test"] {
            std::fs::rename(data.join(part).join(from), data.join(part).join(to)).unwrap();
        }
    };
    rename("a", "z");
    let refused = termc(&resuming(&run, &[])).expect(1);
    refused.says("class 0 is `b`");
    termc(&["eval", run.to_str().unwrap()])
        .expect(1)
        .says("class 0 is `b`");
    rename("z", "a");
    let more = data.join("train/a/more.png");
    std::fs::copy(image, &more).unwrap();
    let refused = termc(&resuming(&run, &[])).expect(1);
    refused.says("the training part").says("was 60 images");
    std::fs::remove_file(more).unwrap();
    termc(&resuming(&run, &[])).expect(0);
}

#[test]
fn what_does_not_agree_with_the_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    termc(&training(run.to_str().unwrap(), &["--stop-after", "3"])).expect(0);
    let refused = |more: &[&str], text: &str| {
        termc(&resuming(&run, more)).expect(1).says(text);
    };
    refused(&["--batch", "9"], "`--batch` was 32, now it is 9");
    refused(&["--seed", "9"], "`--seed` was 0, now it is 9");
    refused(&[SMALL, "--set", "train.optimizer.lr=0.5"], "lr");
    termc(&resuming(&run, &["--set", "train.batch=5"])).expect(2);

    // Another format, another model, not a training at all.
    let config = run.join("config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("\"format\": 2", "\"format\": 99")).unwrap();
    refused(&[], "has format 99");
    std::fs::write(&config, text.replace("\"Small\"", "\"Other\"")).unwrap();
    refused(&[], "is of model `Other`");
    std::fs::write(&config, "{}").unwrap();
    refused(&[], "config.json");
    termc(&resuming(folder.path(), &[]))
        .expect(1)
        .says("is not a RUN folder");
}

#[cfg(unix)]
#[test]
fn two_processes_never_train_in_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut child = start(&training(run.to_str().unwrap(), &["--epochs", "500"]));
    wait_for(&mut child, "the first checkpoint", || {
        run.join("checkpoints").is_dir() && !checkpoints(&run).is_empty()
    });
    let said = termc(&resuming(&run, &[]));
    child.kill().unwrap();
    child.wait().unwrap();
    said.expect(1).says("another process");
}
