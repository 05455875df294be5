//! Trainings that go on otherwise than they began: elsewhere, for longer, with other classes, after a kill, and by signals.

use std::path::{Path, PathBuf};

use crate::support::{
    SMALL, Said, assert_same, bytes, checkpoints, digits_folder, names, read_tensors, resuming,
    termc, train_on, training, write_bmp,
};

/// A training on a folder of digits, stopped after some steps.
fn begun(folder: &Path) -> (PathBuf, PathBuf) {
    let (data, run) = (folder.join("data"), folder.join("run"));
    digits_folder(&data, 0..10, 12);
    let source = format!("folder:{}", data.display());
    let out = run.to_str().unwrap();
    termc(&train_on(SMALL, &source, out, &["--stop-after", "4"])).expect(0);
    (data, run)
}

fn resume(run: &Path, more: &[&str]) -> Said {
    termc(&resuming(run, more))
}

#[test]
fn a_training_goes_on_where_its_pictures_lie_now() {
    let folder = tempfile::tempdir().unwrap();
    let (data, run) = begun(folder.path());
    let straight = folder.path().join("straight");
    let source = format!("folder:{}", data.display());
    let out = straight.to_str().unwrap();
    termc(&train_on(SMALL, &source, out, &[])).expect(0);
    let moved = folder.path().join("elsewhere");
    std::fs::rename(&data, &moved).unwrap();
    resume(&run, &[])
        .expect(3)
        .says("name the folder they lie in now with `--dataset`");
    let now = format!("folder:{}", moved.display());
    resume(&run, &["--dataset", &now, "--stop-after", "3"])
        .expect(0)
        .says("going on from step 4");
    // The record has the new place.
    resume(&run, &[]).expect(0).says("going on from step 7");
    assert_same(&straight, &run);
    // The RUN folder moves as well: all that it is asked for, but what is in the data.
    let run_now = folder.path().join("run elsewhere");
    std::fs::rename(&run, &run_now).unwrap();
    std::fs::remove_dir_all(&moved).unwrap();
    let eight = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/eight.png");
    let run_now = run_now.to_str().unwrap();
    termc(&["predict", run_now, eight, "--device", "cpu"]).expect(0);
    termc(&["summary", run_now]).expect(0);
    termc(&["emit", run_now]).expect(0);
}

#[test]
fn one_changed_pixel_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (data, run) = begun(folder.path());
    let picture = data.join("train/digit 3/005.bmp");
    let before = std::fs::read(&picture).unwrap();
    let mut changed = before.clone();
    // Green of one pixel: the grey changes by two levels or more.
    let at = before.len() - 23;
    changed[at] ^= 4;
    std::fs::write(&picture, changed).unwrap();
    let help = "name the folder they lie in now";
    resume(&run, &[])
        .expect(1)
        .says("when the training began")
        .says(help);
    let copy = folder.path().join("copy");
    std::fs::rename(&data, &copy).unwrap();
    let now = format!("folder:{}", copy.display());
    resume(&run, &["--dataset", &now])
        .expect(1)
        .says("when the training began");
    std::fs::write(copy.join("train/digit 3/005.bmp"), before).unwrap();
    // Labels and statistics alone are not enough: two pictures of one class change places.
    let [a, b] = ["006", "007"].map(|name| copy.join(format!("train/digit 3/{name}.bmp")));
    let swap = || {
        let (first, second) = (std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
        assert!(first != second);
        std::fs::write(&a, second).unwrap();
        std::fs::write(&b, first).unwrap();
    };
    swap();
    resume(&run, &["--dataset", &now])
        .expect(1)
        .says("the pixels");
    swap();
    resume(&run, &["--dataset", &now]).expect(0);
}

/// With a constant rate a training of two epochs and two more is one of four.
#[test]
fn a_finished_training_goes_on_for_more_epochs() {
    let folder = tempfile::tempdir().unwrap();
    let constant = ["--set", "train.schedule=constant"];
    let train = |name: &str, epochs: &str| {
        let run = folder.path().join(name);
        let more = [&constant[..], &["--epochs", epochs]].concat();
        termc(&training(run.to_str().unwrap(), &more)).expect(0);
        run
    };
    let (straight, run) = (train("straight", "4"), train("run", "2"));
    resume(&run, &[]).expect(0).says("this training is over");
    resume(&run, &["--epochs", "1"])
        .expect(2)
        .says("2 epochs are done");
    resume(&run, &["--epochs", "4", "--stop-after", "5"])
        .expect(0)
        .says("for 4 epochs in place of 2");
    assert!(!run.join("test.json").exists());
    resume(&run, &[]).expect(0);
    assert_same(&straight, &run);
    resume(&run, &["--epochs", "4"])
        .expect(0)
        .says("this training is over");
}

#[test]
fn weights_of_five_digits_begin_a_training_of_ten() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (five, ten) = (path("five"), path("ten"));
    digits_folder(Path::new(&five), 0..5, 60);
    digits_folder(Path::new(&ten), 0..10, 60);
    let (of_five, of_ten) = (format!("folder:{five}"), format!("folder:{ten}"));
    let train = |model: &str, data: &str, out: &str, more: &[&str]| {
        termc(&train_on(model, data, out, more))
    };
    let accuracy = |run: &str| {
        let test = std::fs::read_to_string(Path::new(run).join("test.json")).unwrap();
        let test: serde_json::Value = serde_json::from_str(&test).unwrap();
        test["top1"].as_f64().unwrap() / test["images"].as_f64().unwrap()
    };
    let classes = ["--set", "classes=5"];
    let first = path("first");
    let more = [&classes[..], &["--epochs", "8"]].concat();
    let said = train(SMALL, &of_five, &first, &more).expect(0);
    assert!(!said.out.contains("top-5"), "{}", said.out);

    // From scratch, and with what was learnt of the first five.
    let (scratch, tuned) = (path("scratch"), path("tuned"));
    train(SMALL, &of_ten, &scratch, &["--epochs", "2"]).expect(0);
    let more = ["--epochs", "2", "--weights", &first];
    train(SMALL, &of_ten, &tuned, &more)
        .expect(0)
        .says("which are of 5 classes; new, for 10: `logits.linear.weight`, `logits.linear.bias`");
    let (scratch, tuned_accuracy) = (accuracy(&scratch), accuracy(&tuned));
    assert!(
        tuned_accuracy > scratch + 0.05,
        "{tuned_accuracy} after {scratch}"
    );

    // Begun with exactly these weights, the head apart.
    let best = read_tensors(&Path::new(&first).join("best.safetensors"));
    let zero = path("zero");
    let more = [
        "--epochs",
        "2",
        "--stop-after",
        "1",
        "--keep",
        "9",
        "--weights",
        &first,
    ];
    train(SMALL, &of_ten, &zero, &more).expect(0);
    let began = read_tensors(&Path::new(&zero).join("checkpoints/step-000000000.safetensors"));
    for (name, tensor) in &best {
        let same = began[&format!("weights.{name}")] == *tensor;
        assert_eq!(same, !name.starts_with("logits."), "{name}");
    }
    // Killed before its first checkpoint, it begins with them again, and only with them.
    for file in checkpoints(Path::new(&zero)) {
        std::fs::remove_file(file).unwrap();
    }
    let again = resume(Path::new(&zero), &[]).expect(0);
    again.says("beginning anew").says("which are of 5 classes");
    assert_same(Path::new(&tuned), Path::new(&zero));

    // Of another model, and of a frozen one.
    let other = path("other.term");
    let text = std::fs::read_to_string(SMALL).unwrap();
    std::fs::write(&other, text.replace("expand=8", "expand=4")).unwrap();
    train(&other, &of_ten, &path("x"), &["--weights", &first])
        .expect(1)
        .says("shape of `b[0].mixer.linear.weight`");
    let frozen = path("frozen.safetensors");
    termc(&["freeze", &tuned, "-o", &frozen, "--device", "cpu"]).expect(0);
    train(SMALL, &of_ten, &path("x"), &["--weights", &frozen])
        .expect(1)
        .says("is frozen");
    assert!(!Path::new(&path("x")).exists());
}

/// A record whose checkpoints are gone is kept.
#[test]
fn a_training_without_its_checkpoints_is_not_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    termc(&training(run.to_str().unwrap(), &[])).expect(0);
    for file in std::fs::read_dir(run.join("checkpoints")).unwrap() {
        std::fs::remove_file(file.unwrap().path()).unwrap();
    }
    let before = (bytes(&run, "metrics.jsonl"), bytes(&run, "test.json"));
    for _ in 0..2 {
        resume(&run, &["--epochs", "99"])
            .expect(1)
            .says("has no checkpoint of the training that it records");
        let after = (bytes(&run, "metrics.jsonl"), bytes(&run, "test.json"));
        assert!(before == after);
        // The same without the folder itself.
        let _ = std::fs::remove_dir(run.join("checkpoints"));
    }
}

/// `export` takes the weights that the training recorded, and a RUN folder stands for its best weights.
#[test]
fn weights_of_a_run_are_those_that_it_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (run, straight, swapped) = (path("run"), path("straight.st"), path("swapped.st"));
    termc(&training(&run, &[])).expect(0);
    termc(&["export", &run, "-o", &straight]).expect(0);
    let other = path("other.st");
    termc(&["export", SMALL, "--weights", &run, "-o", &other]).expect(0);
    assert!(bytes(folder.path(), "other.st") == bytes(folder.path(), "straight.st"));
    std::fs::write(Path::new(&run).join("best.safetensors"), "another").unwrap();
    termc(&["export", &run, "-o", &swapped])
        .expect(0)
        .says("is not the file that the training recorded");
    assert!(bytes(folder.path(), "swapped.st") == bytes(folder.path(), "straight.st"));
}

/// A training that is resumed has the best weights that its record names, whatever lies there.
#[test]
fn remains_of_killed_writers_go_and_the_best_weights_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    termc(&training(run.to_str().unwrap(), &["--stop-after", "20"])).expect(0);
    let straight = folder.path().join("straight");
    termc(&training(straight.to_str().unwrap(), &[])).expect(0);
    for place in [run.clone(), run.join("checkpoints")] {
        std::fs::write(place.join(".termc-unfinished-x1y2z3"), "half").unwrap();
    }
    let best = bytes(&run, "best.safetensors");
    std::fs::write(run.join("best.safetensors"), "not what was saved").unwrap();
    resume(&run, &["--stop-after", "1"]).expect(0);
    assert!(bytes(&run, "best.safetensors") == best);
    for place in [run.clone(), run.join("checkpoints")] {
        let names = names(&place);
        assert!(
            !names.iter().any(|name| name.contains("unfinished")),
            "{names:?}"
        );
    }
    resume(&run, &[]).expect(0);
    assert_same(&straight, &run);
}

#[cfg(unix)]
mod signals {
    use super::*;
    use crate::support::{has_rows, rows, said, signal, start, wait_for};

    /// As `sbatch --signal=USR1@120` warns of a job's end.
    #[test]
    fn usr1_and_usr2_save_and_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        // One long epoch: nothing is saved in it unless it is asked for.
        let more = ["--batch", "2", "--epochs", "1", "--log-every", "1"];
        let mut child = start(&train_on(SMALL, "digits", run.to_str().unwrap(), &more));
        let mut known = 1;
        for name in ["-USR1", "-USR2"] {
            wait_for(&mut child, "a row", || has_rows(&run));
            signal(child.id(), name);
            wait_for(&mut child, "a checkpoint", || {
                checkpoints(&run).len() > known
            });
            known = checkpoints(&run).len();
        }
        let saved = checkpoints(&run).pop().unwrap();
        let at = rows(&run).len();
        wait_for(&mut child, "further rows", || rows(&run).len() > at);
        child.kill().unwrap();
        child.wait().unwrap();
        let step = saved
            .file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .trim_start_matches("step-");
        let step = step.trim_start_matches('0');
        resume(&run, &["--stop-after", "1"])
            .expect(0)
            .says(&format!("going on from step {step}"));
    }

    #[test]
    fn hup_saves_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let mut child = start(&training(run.to_str().unwrap(), &["--epochs", "400"]));
        wait_for(&mut child, "a row", || has_rows(&run));
        signal(child.id(), "-HUP");
        said(child.wait_with_output().unwrap())
            .expect(130)
            .says("--resume");
    }

    #[test]
    fn help_tells_the_signals() {
        let help = termc(&["train", "--help"]).expect(0).out;
        for name in [
            "SIGINT",
            "SIGTERM",
            "SIGHUP",
            "SIGUSR1",
            "SIGUSR2",
            "sbatch --signal",
        ] {
            assert!(help.contains(name), "{name}: {help}");
        }
    }
}

#[test]
fn pictures_of_these_tests_are_what_they_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("x.bmp");
    let grey: Vec<u8> = (0..64).map(|i| 4 * i).collect();
    write_bmp(&picture, 8, &grey);
    let read = termc_runtime::data::decode_image(&picture, [1, 8, 8]).unwrap();
    assert_eq!(read, grey);
}
