//! A training from its first to its last step: what it writes, and that a seed decides it.

use std::path::Path;

use crate::support::{SMALL, assert_same, bytes, rows, termc, training};

#[test]
fn a_training_leaves_a_complete_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let name = run.to_str().unwrap();
    let said = termc(&training(name, &["--epochs", "2"])).expect(0);
    assert!(said.out.starts_with("test accuracy "), "{}", said.out);
    assert!(said.out.trim_end().ends_with(name), "{}", said.out);
    assert!(
        !said.err.contains('\x1b'),
        "escape sequences without a terminal"
    );
    assert_eq!(said.err.matches("epoch 1/2").count(), 1, "{}", said.err);

    let config: serde_json::Value = serde_json::from_slice(&bytes(&run, "config.json")).unwrap();
    assert_eq!(config["epochs"], 2);
    assert_eq!(config["batch"], 32);
    assert_eq!(config["seed"], 0);
    assert_eq!(config["val"], 0.1);
    assert_eq!(config["device_used"], "cpu");
    assert_eq!(config["recipe"]["optimizer"]["Kar3"]["lr"], 0.003);

    // 288 images train: 9 steps an epoch, a row every 4 steps.
    let rows = rows(&run);
    let of = |span: &str, split: &str| {
        let one = |r: &&serde_json::Value| r["span"] == span && r["split"] == split;
        rows.iter().filter(one).collect::<Vec<_>>()
    };
    let steps: Vec<_> = of("step", "train")
        .iter()
        .map(|r| r["step"].clone())
        .collect();
    assert_eq!(steps, [4, 8, 12, 16]);
    assert_eq!(of("epoch", "train").len(), 2);
    assert_eq!(of("epoch", "val").len(), 2);
    assert_eq!(
        of("epoch", "test").len(),
        1,
        "the test part is looked at once"
    );
    for row in of("epoch", "train") {
        let term = |name: &str| row[name].as_f64().unwrap();
        let terms = ["loss.cross_entropy", "loss.slow_neural", "loss.weight_norm"];
        let sum: f64 = terms.into_iter().map(term).sum();
        assert!((term("loss") - sum).abs() < 1e-9);
    }
    let csv = String::from_utf8(bytes(&run, "metrics.csv")).unwrap();
    assert_eq!(csv.lines().count(), rows.len() + 1);

    let test: serde_json::Value = serde_json::from_slice(&bytes(&run, "test.json")).unwrap();
    assert_eq!(test["images"], 359, "every test image is counted");
    for file in ["best.safetensors", "last.safetensors", "model.term"] {
        assert!(!bytes(&run, file).is_empty());
    }

    // What was written is a model and weights again.
    termc(&["check", run.join("model.term").to_str().unwrap()]).expect(0);
    let said = termc(&["eval", name, "--format", "json", "--device", "cpu"]).expect(0);
    let again: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(again["confusion"], test["confusion"]);
}

#[test]
fn a_seed_decides_everything_and_another_one_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let train = |name: &str, seed: &str| {
        let run = folder.path().join(name);
        termc(&training(
            run.to_str().unwrap(),
            &["--epochs", "2", "--seed", seed],
        ))
        .expect(0);
        run
    };
    let (a, b, c) = (train("a", "7"), train("b", "7"), train("c", "8"));
    assert_same(&a, &b);
    assert!(bytes(&a, "last.safetensors") != bytes(&c, "last.safetensors"));
}

#[test]
fn a_training_learns() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut arguments = vec!["train", SMALL, "--dataset", "digits", "--device", "cpu"];
    arguments.extend(["--epochs", "5", "--out", run.to_str().unwrap()]);
    termc(&arguments).expect(0);
    let rows = rows(&run);
    let series = |split: &str, key: &str| -> Vec<f64> {
        let epochs = rows
            .iter()
            .filter(|r| r["span"] == "epoch" && r["split"] == split);
        epochs.map(|r| r[key].as_f64().unwrap()).collect()
    };
    let losses = series("train", "loss.cross_entropy");
    assert!(losses[4] < 0.85 * losses[0], "{losses:?}");
    let accuracies = series("test", "top1");
    assert!(accuracies[0] > 0.3, "ten classes, and {accuracies:?}");
}

#[test]
fn the_published_protocol_validates_on_the_test_part_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let more = ["--epochs", "1", "--protocol", "published"];
    let said = termc(&training(run.to_str().unwrap(), &more)).expect(0);
    assert!(
        said.out.contains("chosen on the test part, as published"),
        "{}",
        said.out
    );
    let rows = rows(&run);
    let find = |split: &str| rows.iter().find(|r| r["split"] == split).unwrap();
    assert_eq!(find("val")["top1"], find("test")["top1"]);
}

#[test]
fn every_optimizer_and_extra_trains() {
    let folder = tempfile::tempdir().unwrap();
    let recipes = [
        "optimizer = adamw(lr=0.003, betas=[0.9, 0.999])\n schedule = one_cycle\n clip = norm(1)\n ema = 0.9",
        "optimizer = sgd(lr=0.05, momentum=0.9)\n schedule = constant\n clip = value(0.5)",
        "optimizer = kar2(lr=0.002, beta=0.9)\n schedule = step(every=1, factor=0.5)\n accumulate = 2",
    ];
    let source = std::fs::read_to_string(SMALL).unwrap();
    let head = &source[..source.find("train {").unwrap()];
    for (number, recipe) in recipes.iter().enumerate() {
        let model = folder.path().join(format!("m{number}.term"));
        let text = format!("{head}train {{\n {recipe}\n epochs = 1\n batch = 32\n}}\n");
        std::fs::write(&model, text).unwrap();
        let run = folder.path().join(format!("run{number}"));
        let model = model.to_str().unwrap();
        let mut arguments = vec!["train", model, "--dataset", "digits", "--device", "cpu"];
        arguments.extend(["--limit", "160", "--out", run.to_str().unwrap()]);
        termc(&arguments).expect(0);
    }
}

#[test]
fn folders_are_numbered_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let train = |more: &[&str]| {
        let mut arguments = vec!["train", SMALL, "--dataset", "digits", "--device", "cpu"];
        arguments.extend(["--limit", "64", "--epochs", "1"]);
        arguments.extend(more);
        let mut command = crate::support::command(&arguments);
        crate::support::said(command.current_dir(folder.path()).output().unwrap())
    };
    train(&[]).expect(0);
    train(&[]).expect(0);
    let first = Path::new("runs").join("Small-1");
    assert!(folder.path().join(&first).is_dir());
    assert!(folder.path().join("runs").join("Small-2").is_dir());
    let before = bytes(&folder.path().join(&first), "last.safetensors");
    train(&["--out", first.to_str().unwrap()])
        .expect(2)
        .says("not empty");
    assert!(before == bytes(&folder.path().join(&first), "last.safetensors"));
}

/// Each process of a job would train for itself and write the same folder.
#[cfg(not(feature = "mpi"))]
#[test]
fn launchers_are_noticed_where_mpi_is_not_built_in() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let arguments = training(run.to_str().unwrap(), &[]);
    let started = |variables: &[(&str, &str)]| {
        let mut command = crate::support::command(&arguments);
        crate::support::said(command.envs(variables.to_vec()).output().unwrap())
    };
    for variables in [
        &[("OMPI_COMM_WORLD_SIZE", "2")][..],
        &[("PMI_SIZE", "2")],
        &[("PMIX_RANK", "1")],
        &[("SLURM_NTASKS", "2"), ("SLURM_PROCID", "0")],
    ] {
        started(variables).expect(2).says("--features mpi");
        assert!(!run.exists(), "a folder was made");
    }
    started(&[("OMPI_COMM_WORLD_SIZE", "1")]).expect(0);
}

#[test]
fn what_has_no_parameters_is_timed_but_not_trained() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("still.term");
    let text = "model Still {\n    input image[10, 8, 8]\n    output logits = mean(image, positions)\n\n    \
                loss {\n        cross_entropy(logits)\n    }\n}\n\ntrain {\n    optimizer = sgd(lr=0.1)\n}\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let told = "has no parameters: there is nothing to train";
    termc(&["train", file, "--dataset", "digits", "--device", "cpu"])
        .expect(1)
        .says(told);
    termc(&["bench", file, "--only", "train", "--device", "cpu"])
        .expect(1)
        .says(told);
    let said = termc(&["bench", file, "--repeat", "1", "--device", "cpu"]).expect(0);
    assert!(!said.out.contains("training step") && said.out.contains("inference"));
}
