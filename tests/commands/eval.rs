//! `termc eval`: what it counts and where weights and data may come from.

use std::path::PathBuf;

use crate::support::{SMALL, termc, training};

fn trained(folder: &tempfile::TempDir) -> PathBuf {
    let run = folder.path().join("run");
    termc(&training(run.to_str().unwrap(), &["--epochs", "1"])).expect(0);
    run
}

#[test]
fn every_image_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(&folder);
    let weights = run.join("best.safetensors");
    let weights = weights.to_str().unwrap();
    let base = [
        "eval",
        SMALL,
        "--weights",
        weights,
        "--dataset",
        "digits",
        "--device",
        "cpu",
    ];
    // 359 is prime: every batch size leaves a last batch that is smaller or, for 358, would be a single image.
    for batch in ["1", "50", "358", "1000"] {
        let said = termc(&[&base[..], &["--format", "json", "--batch", batch]].concat()).expect(0);
        let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(object["images"], 359);
        let cells = object["confusion"].as_array().unwrap().iter();
        let sum = |row: &serde_json::Value| {
            row.as_array()
                .unwrap()
                .iter()
                .map(|c| c.as_u64().unwrap())
                .sum::<u64>()
        };
        assert_eq!(cells.map(sum).sum::<u64>(), 359);
        let classes = object["classes"].as_array().unwrap();
        let right: u64 = classes.iter().map(|c| c["right"].as_u64().unwrap()).sum();
        assert!((object["top1"].as_f64().unwrap() - right as f64 / 359.0).abs() < 1e-12);
        assert!(object["top5"].as_f64() >= object["top1"].as_f64());
    }
    let table = termc(&base).expect(0);
    assert!(table.out.contains("top-1"), "{}", table.out);
    assert!(
        table.out.contains("359 test images in batches of 64"),
        "{}",
        table.out
    );
}

#[test]
fn a_run_folder_and_a_weight_file_bring_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(&folder);
    let run_alone = termc(&["eval", run.to_str().unwrap(), "--device", "cpu"]).expect(0);
    let best = run.join("best.safetensors");
    let best = best.to_str().unwrap();
    let file_alone = termc(&["eval", best, "--dataset", "digits", "--device", "cpu"]).expect(0);
    assert_eq!(run_alone.out, file_alone.out);
    termc(&["eval", SMALL, "--dataset", "digits"])
        .expect(2)
        .says("weights are not named");
    termc(&["eval", best])
        .expect(2)
        .says("data set is not named");
}

#[test]
fn weights_of_another_model_are_refused_name_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(&folder);
    let weights = run.join("best.safetensors");
    let model = folder.path().join("other.term");
    let text = std::fs::read_to_string(SMALL).unwrap();
    std::fs::write(&model, text.replace("expand=8", "expand=4")).unwrap();
    let said = termc(&[
        "eval",
        model.to_str().unwrap(),
        "--weights",
        weights.to_str().unwrap(),
        "--dataset",
        "digits",
    ]);
    said.expect(1).says("shape of `b[0].mixer.linear.weight`");
}

#[test]
fn damaged_weights_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(&folder);
    let path = run.join("best.safetensors");
    let content = std::fs::read(&path).unwrap();
    std::fs::write(&path, &content[..content.len() - 1]).unwrap();
    termc(&["eval", run.to_str().unwrap()])
        .expect(1)
        .says("not a readable safetensors file");
}

#[test]
fn a_setting_that_does_not_exist_is_an_error_not_a_default() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(&folder);
    let config = run.join("config.json");
    let text = std::fs::read_to_string(&config).unwrap();
    for (right, wrong) in [("\"f32\"", "\"f64\""), ("\"fused\"", "\"Fused\"")] {
        assert!(text.contains(right), "{text}");
        std::fs::write(&config, text.replace(right, wrong)).unwrap();
        termc(&["eval", run.to_str().unwrap(), "--device", "cpu"])
            .expect(1)
            .says("config.json")
            .says(wrong.trim_matches('"'));
    }
}
