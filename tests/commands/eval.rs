//! `termc eval`: what it counts and where weights and data may come from.

use crate::support::{SMALL, termc, train_on, trained};

/// The arguments of measuring a weight file.
fn of_weights(weights: &str) -> Vec<&str> {
    let (model, data) = (["eval", SMALL], ["--dataset", "digits"]);
    [model, ["--weights", weights], data, ["--device", "cpu"]].concat()
}

#[test]
fn every_image_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), "1");
    let weights = run.join("best.safetensors");
    let weights = weights.to_str().unwrap();
    let base = of_weights(weights);
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
    let run = trained(folder.path(), "1");
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
    let run = trained(folder.path(), "1");
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

/// The record tells the hash of the best weights, and the checkpoint of their step has them, too.
#[test]
fn damaged_weights_are_taken_from_their_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), "1");
    let eval = || termc(&["eval", run.to_str().unwrap(), "--device", "cpu"]);
    let whole = eval().expect(0).out;
    let path = run.join("best.safetensors");
    let content = std::fs::read(&path).unwrap();
    let mut changed = content.clone();
    *changed.last_mut().unwrap() ^= 1;
    for damaged in [&content[..content.len() - 1], &changed] {
        std::fs::write(&path, damaged).unwrap();
        let said = eval()
            .expect(0)
            .says("is not the file that the training recorded");
        assert_eq!(said.out, whole);
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(eval().expect(0).out, whole);
    // By itself it is what it is.
    std::fs::write(&path, &content[..content.len() - 1]).unwrap();
    termc(&["eval", path.to_str().unwrap(), "--dataset", "digits"])
        .expect(1)
        .says("not a readable safetensors file");
    for checkpoint in crate::support::checkpoints(&run) {
        let mut content = std::fs::read(&checkpoint).unwrap();
        *content.last_mut().unwrap() ^= 1;
        std::fs::write(&checkpoint, content).unwrap();
    }
    eval()
        .expect(1)
        .says("there is no whole checkpoint of step 9");
}

#[test]
fn the_parts_of_a_training_can_be_measured_again() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), "1");
    let json = |part: &str| -> serde_json::Value {
        let base = [
            "eval",
            run.to_str().unwrap(),
            "--device",
            "cpu",
            "--format",
            "json",
        ];
        let said = termc(&[&base[..], &["--part", part]].concat()).expect(0);
        serde_json::from_str(&said.out).unwrap()
    };
    let rows = crate::support::rows(&run);
    let recorded = rows.iter().find(|row| row["split"] == "val").unwrap();
    let found = json("val");
    assert_eq!(
        (&found["part"], &found["images"]),
        (&"val".into(), &32.into())
    );
    assert_eq!(found["top1"], recorded["top1"]);
    assert_eq!(found["top5"], recorded["top5"]);
    assert_eq!(
        found["loss"]["cross_entropy"],
        recorded["loss.cross_entropy"]
    );
    assert_eq!(json("train")["images"], 288);
    let test = json("test");
    assert!((0.0..=1.0).contains(&test["macro_f1"].as_f64().unwrap()));
    assert!((0.0..=1.0).contains(&test["calibration_error"].as_f64().unwrap()));
    // A weight file does not know what was held out.
    let best = run.join("best.safetensors");
    let best = [
        "eval",
        best.to_str().unwrap(),
        "--dataset",
        "digits",
        "--part",
        "val",
    ];
    termc(&best).expect(1).says("only a RUN folder tells");
}

#[test]
fn each_image_can_be_written_as_csv_and_as_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), "1");
    let write = |name: &str| {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let base = [
            "eval",
            run.to_str().unwrap(),
            "--device",
            "cpu",
            "--format",
            "json",
        ];
        let said = termc(&[&base[..], &["--per-image", path]].concat()).expect(0);
        let account: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        (account, std::fs::read_to_string(path).unwrap())
    };
    let (account, csv) = write("answers.csv");
    let mut lines = csv.lines();
    let heading = "image,file,class,answer,right,probability,class_probability";
    assert_eq!(lines.next(), Some(heading));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 359);
    let right = rows.iter().filter(|row| row[4] == "1").count();
    assert!((account["top1"].as_f64().unwrap() - right as f64 / 359.0).abs() < 1e-12);
    assert!(
        rows.iter()
            .enumerate()
            .all(|(i, row)| row[0] == i.to_string())
    );
    assert!(rows.iter().all(|row| (row[2] == row[3]) == (row[4] == "1")));
    // The calibration error by its definition.
    let mut bins = [(0.0, 0.0); 15];
    for row in &rows {
        let probability: f64 = row[5].parse().unwrap();
        let bin = &mut bins[((probability * 15.0) as usize).min(14)];
        bin.0 += probability;
        bin.1 += f64::from(u8::from(row[4] == "1"));
    }
    let error: f64 = bins.iter().map(|(sure, right)| (sure - right).abs()).sum();
    assert!((account["calibration_error"].as_f64().unwrap() - error / 359.0).abs() < 1e-6);

    let (_, json) = write("answers.jsonl");
    for (line, row) in json.lines().zip(&rows) {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["answer"], row[3]);
        assert_eq!(
            object["probability"].as_f64().unwrap(),
            row[5].parse::<f64>().unwrap()
        );
    }
    assert_eq!(json.lines().count(), 359);
}

/// Weights out of which only numbers come that are none.
#[test]
fn answers_that_are_no_numbers_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), "1");
    let mut tensors = crate::support::read_tensors(&run.join("best.safetensors"));
    tensors.get_mut("logits.linear.bias").unwrap().1[3] = f32::NAN;
    let weights = folder.path().join("nan.safetensors");
    crate::support::write_floats(&weights, &tensors);
    let said = termc(&of_weights(weights.to_str().unwrap()))
        .expect(1)
        .says("is not finite, and so for 359 in all");
    assert!(said.out.is_empty());
}

#[test]
fn a_setting_that_does_not_exist_is_an_error_not_a_default() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path(), "1");
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

#[test]
fn pixels_are_arranged_as_in_the_training() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let run = run.to_str().unwrap();
    let short = ["--permute", "7", "--limit", "320", "--epochs", "1"];
    termc(&train_on(SMALL, "digits", run, &short)).expect(0);
    let scores = |arguments: &[&str]| {
        let json = ["--format", "json", "--device", "cpu"];
        let said = termc(&[&["eval"], arguments, &json].concat()).expect(0);
        let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        object["loss"]["cross_entropy"].as_f64().unwrap()
    };
    let trained = scores(&[run]);
    assert_eq!(scores(&[run, "--dataset", "digits"]), trained);
    assert_eq!(
        scores(&[run, "--dataset", "digits", "--permute", "7"]),
        trained
    );
    let weights = format!("{run}/best.safetensors");
    let plain = scores(&[SMALL, "--weights", &weights, "--dataset", "digits"]);
    assert!((plain - trained).abs() > 1e-3, "{plain} and {trained}");
    let other = ["--dataset", "digits", "--permute", "8"];
    termc(&[&["eval", run, "--device", "cpu"], &other[..]].concat())
        .expect(1)
        .says("arrangement of pixels: expected `permuted:7:` as in training, found `permuted:8:`");
    termc(&[&["train", "--resume", run, "--epochs", "2"], &other[..]].concat())
        .expect(1)
        .says("found `permuted:8:`");
    let further = ["train", "--resume", run, "--epochs", "2"];
    termc(&[&further[..], &["--dataset", "digits"]].concat()).expect(0);
    let frozen = folder.path().join("frozen.safetensors");
    let frozen = frozen.to_str().unwrap();
    termc(&["freeze", run, "--output", frozen, "--device", "cpu"]).expect(0);
    let difference = scores(&[frozen]) - scores(&[run]);
    assert!(difference.abs() < 0.05, "{difference}");
}
