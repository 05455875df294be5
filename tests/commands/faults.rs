//! What goes wrong in a training: wrong calls, models that do not fit, numbers that explode, disks that refuse.

use std::path::Path;
use std::process::Command;

use crate::support::{SMALL, assert_same, bytes, checkpoints, rows, said, termc, training};

#[test]
fn wrong_calls_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let run = run.to_str().unwrap();
    let base = ["train", SMALL, "--out", run];
    let refused = |more: &[&str], text: &str| {
        let arguments: Vec<&str> = base.iter().chain(more).copied().collect();
        termc(&arguments).expect(2).says(text);
        assert!(!Path::new(run).exists(), "a folder is left behind");
    };
    refused(&[], "the data set is not named");
    refused(&["--dataset", "cifra10"], "CIFAR10");
    refused(&["--dataset", "digits", "--val", "1"], "not a fraction");
    refused(&["--dataset", "digits", "--epochs", "0"], "--epochs");
    for (option, most) in [("--epochs", 100_000), ("--batch", 1_000_000)] {
        let over = (most + 1).to_string();
        refused(&["--dataset", "digits", option, &over], &most.to_string());
    }
    refused(
        &["--dataset", "digits", "--checkpoint-every", "0m"],
        "nor a time",
    );
    refused(&["--dataset", "digits", "--device", "gpu"], "gpu");
    refused(&["--dataset", "digits", "--device", "cuda:0,1"], "several");
    let unknown = |option: &str, value: &str, choices: &str| {
        refused(&["--dataset", "digits", option, value], choices);
    };
    unknown("--precision", "f16", "f32, bf16");
    unknown("--kernels", "fast", "fused, composed");
    unknown("--protocol", "Honest", "honest, published");
    refused(
        &["--dataset", "digits", "--device", "cpu:0,1"],
        "the CPU is one device",
    );
    refused(
        &[
            "--dataset",
            "digits",
            "--device",
            "cpu",
            "--precision",
            "bf16",
        ],
        "bf16",
    );
    refused(
        &[
            "--dataset",
            "digits",
            "--protocol",
            "published",
            "--val",
            "0.2",
        ],
        "validates on the test part",
    );
    termc(&["train"]).expect(2);
    termc(&["tarin"]).expect(2).says("train");
}

#[test]
fn a_device_that_is_not_there_is_the_machines_fault() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let arguments = ["train", SMALL, "--dataset", "digits", "--out"];
    let devices = [run.to_str().unwrap(), "--device", "cuda:9999"];
    let said = termc(&[&arguments[..], &devices].concat()).expect(3);
    // By what is missing: the feature, the driver, or this one device.
    let missing = ["without CUDA", "no NVIDIA driver", "no CUDA device `9999`"];
    let named = missing.iter().any(|what| said.err.contains(what));
    assert!(named || said.err.contains("CUDA"), "{}", said.err);
    assert!(!run.exists());
}

#[test]
fn a_model_that_does_not_fit_the_data_is_refused_with_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("wide.term");
    let text = std::fs::read_to_string(SMALL).unwrap();
    std::fs::write(&model, text.replace("image[1, 8, 8]", "image[3, 8, 8]")).unwrap();
    let run = folder.path().join("run");
    let arguments = [
        "train",
        model.to_str().unwrap(),
        "--dataset",
        "digits",
        "--device",
        "cpu",
    ];
    let out = ["--out", run.to_str().unwrap()];
    termc(&[&arguments[..], &out].concat())
        .expect(1)
        .says("[3, 8, 8]")
        .says("[1, 8, 8]");
    assert!(!run.exists());
}

#[test]
fn numbers_that_are_not_finite_stop_the_training_and_name_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let text = std::fs::read_to_string(SMALL).unwrap();
    let model = folder.path().join("hot.term");
    let hot = text.replace("kar3(lr=0.003, betas=[0.5, 0.95])", "sgd(lr=100)");
    let hot = hot.replace("compare=channel_sum", "compare=channel_sum, weight=1e37");
    std::fs::write(&model, hot.replace("warmup_cosine(warmup=0.5)", "constant")).unwrap();
    let mut arguments = vec!["train", model.to_str().unwrap(), "--dataset", "digits"];
    arguments.extend([
        "--device",
        "cpu",
        "--out",
        run.to_str().unwrap(),
        "--limit",
        "320",
    ]);
    let said = termc(&arguments)
        .expect(1)
        .says("not finite in epoch 1, step")
        .says("hot.term:");
    assert!(said.err.contains('^'), "{}", said.err);
    assert!(said.err.contains("last good checkpoint"), "{}", said.err);
    assert_eq!(
        checkpoints(&run).len(),
        1,
        "the checkpoint from before is kept"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_the_machines_fault() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let run = file.join("run");
    termc(&training(run.to_str().unwrap(), &[]))
        .expect(3)
        .says("cannot create");
}

/// A limit on the size of files stands for a full disk: writing fails in the same place.
#[cfg(unix)]
#[test]
fn a_full_disk_stops_the_training_and_leaves_the_last_checkpoint_intact() {
    let folder = tempfile::tempdir().unwrap();
    let straight = folder.path().join("straight");
    termc(&training(straight.to_str().unwrap(), &[])).expect(0);
    let run = folder.path().join("run");
    let name = run.to_str().unwrap();
    termc(&training(name, &["--stop-after", "5"])).expect(0);
    let before = checkpoints(&run);
    let content = std::fs::read(before.last().unwrap()).unwrap();

    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" train --resume \"$1\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_termc"), name]);
    said(command.output().unwrap())
        .expect(3)
        .says("cannot write")
        .says("is intact");
    assert_eq!(checkpoints(&run), before);
    assert!(std::fs::read(before.last().unwrap()).unwrap() == content);

    termc(&["train", "--resume", name]).expect(0);
    assert_same(&straight, &run);
}

#[test]
fn a_shortened_record_is_refused_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let name = run.to_str().unwrap();
    termc(&training(name, &["--stop-after", "9"])).expect(0);
    assert!(!rows(&run).is_empty());
    std::fs::write(run.join("metrics.jsonl"), "").unwrap();
    termc(&["train", "--resume", name])
        .expect(1)
        .says("fewer than");
    assert!(bytes(&run, "metrics.jsonl").is_empty());
}

#[cfg(unix)]
#[test]
fn formatting_keeps_links_and_permissions_and_leaves_other_files_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = |name: &str| at(name).to_str().unwrap().to_owned();
    let source = std::fs::read_to_string(SMALL).unwrap();
    std::fs::write(at("real.term"), source.replace("    ", "  ")).unwrap();
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(at("real.term"), private).unwrap();
    std::os::unix::fs::symlink(at("real.term"), at("link.term")).unwrap();
    termc(&["fmt", &text("link.term")]).expect(0);
    assert!(at("link.term").is_symlink());
    let mode = at("real.term").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    termc(&["fmt", "--check", &text("real.term")]).expect(0);

    std::fs::write(at("w.safetensors"), "weights").unwrap();
    for other in [&text("w.safetensors"), folder.path().to_str().unwrap()] {
        termc(&["fmt", other])
            .expect(1)
            .says("is not a source file");
    }
    assert_eq!(std::fs::read(at("w.safetensors")).unwrap(), b"weights");
    // A pipe or device is written to, not replaced.
    termc(&["emit", SMALL, "-o", "/dev/null"]).expect(0);
    assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
}

#[test]
fn data_that_cannot_be_divided_leave_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let more = [
        "--dataset",
        "digits",
        "--limit",
        "1",
        "--device",
        "cpu",
        "--out",
    ];
    let arguments = [&["train", SMALL], &more[..], &[run.to_str().unwrap()]].concat();
    termc(&arguments).expect(1);
    assert!(!run.exists());
}
