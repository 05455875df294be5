//! `termc freeze`: frozen files answer for each image by itself, say what they are, and are refused where they cannot be
//! used.

use std::path::Path;

use serde_json::Value;

use crate::support::{SMALL, bytes, names, termc, training};

/// A short training and its frozen file, in a folder of their own.
struct Frozen {
    folder: tempfile::TempDir,
    /// What `termc freeze --format json` said.
    said: Value,
}

impl Frozen {
    fn new(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (run, file) = (at("run"), at("frozen.safetensors"));
        termc(&training(&run, &["--epochs", "1"])).expect(0);
        let freeze = ["freeze", &run, "-o", &file, "--device", "cpu"];
        let json = ["--format", "json"];
        let said = termc(&[&freeze[..], &json, more].concat()).expect(0);
        let said = serde_json::from_str(&said.out).unwrap();
        Self { folder, said }
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn file(&self) -> String {
        self.at("frozen.safetensors")
    }

    /// What `termc eval --format json` says of the frozen file.
    fn eval(&self, batch: &str) -> Value {
        let file = self.file();
        let eval = ["eval", &file, "--device", "cpu", "--format", "json"];
        let said = termc(&[&eval[..], &["--batch", batch]].concat()).expect(0);
        serde_json::from_str(&said.out).unwrap()
    }
}

#[test]
fn the_batch_does_not_matter() {
    let frozen = Frozen::new(&[]);
    let (one, many) = (frozen.eval("1"), frozen.eval("200"));
    assert_eq!(one["images"], 359);
    assert_eq!(one["confusion"], many["confusion"]);
    assert_eq!(one["top1"], many["top1"]);
    assert_eq!(
        frozen.said["folded"]["after"]["cost"]["fixed_multiply_adds"],
        0
    );
}

#[test]
fn images_are_named_without_the_training() {
    let frozen = Frozen::new(&["--calibration", "sequential"]);
    std::fs::remove_dir_all(frozen.at("run")).unwrap();
    let digit = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/eight.png");
    let file = frozen.file();
    let predict = ["predict", &file, "--json", "--device", "cpu", digit];
    let said = termc(&predict).expect(0);
    let said: Value = serde_json::from_str(said.out.trim()).unwrap();
    let class = said["classes"][0]["class"].as_str().unwrap();
    assert!("0123456789".contains(class), "{said}");
}

#[test]
fn it_is_emitted_but_not_trained_or_changed() {
    let frozen = Frozen::new(&["--calibration", "within", "--limit", "100"]);
    let file = frozen.file();
    assert_eq!(frozen.said["calibration"]["images"], 100);
    let source = termc(&["emit", "--frozen", &file]).expect(0).out;
    assert!(source.contains("fn standardize_odd"), "{source}");
    assert!(!source.contains("SlowSpec"), "{source}");
    let train = ["train", &file, "--dataset", "digits", "--device", "cpu"];
    termc(&train)
        .expect(1)
        .says("it can no longer be trained")
        .says("that it was frozen from");
    termc(&["summary", &file, "--set", "train.epochs=3"])
        .expect(2)
        .says("it can no longer be changed");
    termc(&["freeze", &file, "-o", &frozen.at("again.safetensors")])
        .expect(1)
        .says("nothing left to freeze");
    let mixed = ["eval", SMALL, "--weights", &file, "--dataset", "digits"];
    termc(&mixed).expect(1).says("weights of a frozen model");
    assert!(!Path::new(&frozen.at("again.safetensors")).exists());
}

#[test]
fn what_is_not_frozen_is_not_emitted_as_frozen() {
    termc(&["emit", "--frozen", SMALL])
        .expect(1)
        .says("is not frozen")
        .says("termc freeze RUN");
}

#[test]
fn a_damaged_file_is_refused() {
    let frozen = Frozen::new(&[]);
    let whole = bytes(frozen.folder.path(), "frozen.safetensors");
    let damaged = frozen.at("damaged.safetensors");
    for length in [0, 4, 100, whole.len() - 4] {
        std::fs::write(&damaged, &whole[..length]).unwrap();
        let said = termc(&["eval", &damaged, "--device", "cpu"]);
        assert!(
            matches!(said.status, Some(1 | 3)),
            "{:?}: {}",
            said.status,
            said.err
        );
        assert!(said.err.contains("damaged.safetensors"), "{}", said.err);
    }
}

#[test]
fn without_weights_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frozen.safetensors");
    let file = file.to_str().unwrap();
    termc(&["freeze", SMALL, "-o", file, "--dataset", "digits"])
        .expect(1)
        .says("has no weights to freeze");
    assert!(names(folder.path()).is_empty());
}
