//! `termc import` as somebody meets it who brings a checkpoint: what it takes, leaves and says.

use std::path::Path;

use crate::support::{SMALL, read_tensors, termc, training};

/// A linear map of six channels to four classes, which the checkpoints are of.
fn line(folder: &Path) -> String {
    let path = folder.join("line.term");
    let text = "language 2\nmodel Line(classes: int = 4) {\n input image[6, 1, 1]\n \
                output logits = head(image, classes)\n loss { cross_entropy(logits) }\n}\n";
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn checkpoint(name: &str) -> String {
    format!("{}/runtime/tests/import/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_is_taken_and_what_is_left_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let model = line(folder.path());
    let output = folder.path().join("w.safetensors");
    let import = |name: &str, more: &[&str]| {
        let base = [
            "import",
            &checkpoint(name),
            &model,
            "-o",
            output.to_str().unwrap(),
        ];
        termc(&[&base[..], more].concat())
    };
    let bias = || read_tensors(&output)["logits.linear.bias"].1[0];
    import("choice.pt", &[])
        .expect(0)
        .says("took `state_dict`; there is also `state_dict_ema` (`--take NAME`)");
    assert_eq!(bias(), 1.0);
    import("choice.pt", &["--take", "ema"])
        .expect(0)
        .says("took `state_dict_ema`");
    assert_eq!(bias(), 0.5);
    import("choice.pt", &["--take", "teacher"])
        .expect(1)
        .says("no weights under `teacher`; it has `state_dict`, `state_dict_ema`");
    let said = import("unused.pt", &[])
        .expect(0)
        .says(" and 3 more: no parameters");
    assert_eq!(said.err.matches('`').count(), 20, "ten names: {}", said.err);
    import("module.pt", &[]).expect(0).says(
        "whole object of class `__main__.Net`: its parameters were read, and nothing of it was run",
    );
}

#[test]
fn models_and_weights_are_recognised_by_what_is_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = path("run");
    termc(&training(&run, &["--epochs", "1"])).expect(0);
    // Without an ending, with another, and as a model with the ending of weights.
    for name in ["frozen", "frozen.bin", "frozen.term"] {
        let frozen = path(name);
        termc(&["freeze", &run, "-o", &frozen, "--device", "cpu"]).expect(0);
        termc(&["summary", &frozen]).expect(0);
        termc(&["eval", &frozen, "--device", "cpu", "--limit", "10"]).expect(0);
    }
    let model = path("model.safetensors");
    std::fs::copy(SMALL, &model).unwrap();
    termc(&["check", &model])
        .expect(1)
        .says("not a readable safetensors file");
    let text = path("model");
    std::fs::copy(SMALL, &text).unwrap();
    termc(&["check", &text]).expect(0);

    let page = path("page.term");
    std::fs::write(&page, "<!DOCTYPE html><html>").unwrap();
    termc(&["check", &page])
        .expect(1)
        .says("is a web page (HTML)");
    let pointer = path("pointer.safetensors");
    std::fs::write(
        &pointer,
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    )
    .unwrap();
    termc(&["summary", &pointer]).expect(1).says("git lfs pull");
    let with = |weights: &str| termc(&["eval", SMALL, "--weights", weights, "--dataset", "digits"]);
    with(&pointer).expect(1).says("git lfs pull");
    with(&checkpoint("protocol2.pt"))
        .expect(1)
        .says("`termc import` makes one of it");
    termc(&["check", &checkpoint("protocol2.pt")])
        .expect(1)
        .says("`termc import`");
    termc(&["check", &checkpoint("legacy2.pt")])
        .expect(1)
        .says("`termc import`");
}
