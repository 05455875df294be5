//! Parts of one's own (`examples/own.term`): a gated unit, two slow nets and a local branch are trained, frozen and emitted.
//! That what is emitted computes the same is a matter of tests/emitted.

use std::path::Path;
use std::thread;

use serde_json::Value;

use crate::support::termc;

const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/own.term");

/// The part of the test images that are told right.
fn accuracy(file: &str) -> f64 {
    let said = termc(&["eval", file, "--device", "cpu", "--format", "json"]).expect(0);
    let scores: Value = serde_json::from_str(&said.out).unwrap();
    scores["top1"].as_f64().unwrap()
}

fn learns(model: &str) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (run, frozen) = (at("run"), at("frozen.safetensors"));
    let train = ["train", OWN, "--model", model, "--dataset", "digits"];
    termc(&[&train[..], &["--device", "cpu", "--out", &run]].concat()).expect(0);
    let trained = accuracy(&run);
    assert!(trained >= 0.97, "{model}: {trained}");
    termc(&["freeze", &run, "-o", &frozen, "--device", "cpu"]).expect(0);
    let alone = accuracy(&frozen);
    assert!(alone >= 0.95, "{model}, frozen: {alone}");
    for target in ["burn", "no-std", "pytorch"] {
        let emitted = termc(&["emit", &frozen, "--target", target]).expect(0);
        assert!(emitted.out.lines().count() > 100, "{model} for {target}");
    }
    for target in ["burn", "pytorch"] {
        termc(&["emit", &run, "--target", target]).expect(0);
    }
}

#[test]
fn models_with_parts_of_ones_own_learn_the_digits() {
    thread::scope(|scope| {
        for model in ["SoftGate", "Siren", "Gabor", "TwoSizes"] {
            scope.spawn(move || learns(model));
        }
    });
}

#[test]
fn each_part_takes_at_most_twenty_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/own");
    for name in ["gate", "siren", "gabor", "local"] {
        let text = std::fs::read_to_string(folder.join(name).with_extension("term")).unwrap();
        let written = text.lines().filter(|line| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with("//")
        });
        // The version of the language is stated besides.
        assert!(written.count() <= 21, "{name}");
    }
}
