//! `termc emit --weights`: source that brings its parameters. That it compiles and runs is tested in `examples/embed`.

use std::path::{Path, PathBuf};
use std::process::Command;

use safetensors::SafeTensors;

use crate::support::{Said, bytes, names, read_tensors, termc};

const OTHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.term");
/// A frozen file: its model and its weights.
const WEIGHTS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/embed/digits.safetensors"
);
const MODEL: &str = WEIGHTS;
/// Weights of a model that is not here.
const FOREIGN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/runtime/tests/parity/digits.weights.safetensors"
);

/// A frozen model with its weights.
const FROZEN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/web/digits.safetensors"
);

fn emit(model: &str, weights: &str, output: &Path, more: &[&str]) -> Said {
    let output = output.to_str().unwrap();
    termc(&[&["emit", model, "--weights", weights, "-o", output], more].concat())
}

fn logits(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    tensors.tensor("logits").unwrap().data().to_vec()
}

#[test]
fn the_stored_logits_are_those_of_composed_kernels_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    emit(MODEL, WEIGHTS, &at("net.rs"), &[]).expect(0);
    let files = ["net.check.safetensors", "net.rs", "net.safetensors"];
    assert_eq!(names(folder.path()), files);
    let source = String::from_utf8(bytes(folder.path(), "net.rs")).unwrap();
    assert!(source.contains("include_bytes!(\"net.safetensors\")"));
    assert!(source.contains("include_bytes!(\"net.check.safetensors\")"));
    let path = |path: PathBuf| path.to_str().unwrap().to_owned();
    let (check, out) = (
        path(at("net.check.safetensors")),
        path(at("out.safetensors")),
    );
    // The file beside the source is a weight file like any other.
    let weights = path(at("net.safetensors"));
    let arguments = ["run", &weights, "--input", &check, "--output", &out];
    let options = ["--kernels", "composed", "--device", "cpu"];
    termc(&[&arguments[..], &options].concat()).expect(0);
    assert_eq!(logits(&at("out.safetensors")), logits(Path::new(&check)));
    // The same call writes the same files, and what is committed is what it writes.
    emit(MODEL, WEIGHTS, &at("again.rs"), &[]).expect(0);
    for kind in ["", ".check"] {
        let written = bytes(folder.path(), &format!("net{kind}.safetensors"));
        let again = bytes(folder.path(), &format!("again{kind}.safetensors"));
        assert_eq!(written, again, "net{kind}");
    }
    let committed = Path::new(WEIGHTS).parent().unwrap();
    assert_eq!(
        bytes(folder.path(), "net.safetensors"),
        bytes(committed, "digits.safetensors")
    );
}

#[test]
fn python_source_reads_the_files_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("net.py");
    emit(MODEL, WEIGHTS, &output, &["--target", "pytorch"]).expect(0);
    let source = String::from_utf8(bytes(folder.path(), "net.py")).unwrap();
    assert!(source.contains("WEIGHTS = Path(__file__).with_name(\"net.safetensors\")"));
    assert!(source.contains("CHECK = Path(__file__).with_name(\"net.check.safetensors\")"));
    let mut python = Command::new("python3");
    let Ok(compiled) = python.args(["-m", "py_compile"]).arg(&output).output() else {
        eprintln!("skipped the syntax check: no Python");
        return;
    };
    let said = String::from_utf8_lossy(&compiled.stderr).into_owned();
    assert!(compiled.status.success(), "{said}");
}

#[test]
fn nothing_is_written_where_something_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    emit(OTHER, WEIGHTS, &at("net.rs"), &[])
        .expect(1)
        .says("holds the weights of a frozen model");
    emit(MODEL, FOREIGN, &at("net.rs"), &[])
        .expect(1)
        .says("holds the weights of an unfrozen model");
    let refused = emit(OTHER, FOREIGN, &at("net.rs"), &[]).expect(1);
    refused
        .says("the weights do not fit the model")
        .says("missing: `b[0].");
    emit(MODEL, "none.safetensors", &at("net.rs"), &[])
        .expect(3)
        .says("cannot read `none.");
    emit(MODEL, OTHER, &at("net.rs"), &[])
        .expect(1)
        .says("not a readable safetensors file");
    emit(MODEL, WEIGHTS, &at("no/net.rs"), &[])
        .expect(3)
        .says("cannot write");
    emit(MODEL, WEIGHTS, &at("net.safetensors"), &[])
        .expect(2)
        .says("both source and weights");
    termc(&["emit", FROZEN, "--target", "no-std", "--fresh"])
        .expect(2)
        .says("parameters are given, not drawn")
        .says("leave out `--fresh`");
    let said = termc(&["emit", MODEL, "--weights", WEIGHTS]).expect(2);
    assert!(said.out.is_empty());
    said.says("name one with `-o FILE`");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn fresh_parameters_are_drawn_where_that_is_asked_for() {
    let plain = termc(&["emit", OTHER]).expect(0).out;
    assert!(!plain.contains("pub fn new("), "{plain}");
    assert!(!plain.contains("Init::"));
    let fresh = termc(&["emit", OTHER, "--fresh"]).expect(0).out;
    assert!(fresh.contains("pub fn new(device: &Device) -> Self"));
    assert!(fresh.contains("Init::GammaUniform("));
}

/// The numbers of a tensor of a `.safetensors` file.
fn numbers(path: &Path, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    tensors.tensor(name).unwrap().data().to_vec()
}

#[test]
fn a_frozen_file_becomes_source_without_the_standard_library() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    emit(FROZEN, FROZEN, &at("net.rs"), &["--target", "no-std"]).expect(0);
    let files = ["net.check.f32", "net.f32", "net.rs"];
    assert_eq!(names(folder.path()), files);
    let source = String::from_utf8(bytes(folder.path(), "net.rs")).unwrap();
    assert!(source.contains("include_bytes!(\"net.f32\")"));
    // As with the standard library: the same check, and what was committed, whose logits another processor may round
    // otherwise.
    emit(FROZEN, FROZEN, &at("std.rs"), &[]).expect(0);
    let check = at("std.check.safetensors");
    let flat = [numbers(&check, "input"), numbers(&check, "logits")].concat();
    assert_eq!(bytes(folder.path(), "net.check.f32"), flat);
    let weights = bytes(folder.path(), "net.f32");
    let last = numbers(&at("std.safetensors"), "logits.linear.bias");
    assert!(weights.ends_with(&last));
    let committed = Path::new(FROZEN).with_file_name("digits.check.safetensors");
    assert_eq!(numbers(&committed, "input"), numbers(&check, "input"));
    let [stored, found] = [&committed, &check].map(|file| read_tensors(file)["logits"].1.clone());
    let pairs = stored.iter().zip(&found);
    assert!(
        pairs
            .clone()
            .all(|(a, b)| (a - b).abs() <= 1e-5 * (1.0 + a.abs())),
        "{stored:?} {found:?}"
    );
    assert_eq!((stored.len(), found.len()), (20, 20));
    // Source that is given its parameters needs no file beside it.
    let said = termc(&["emit", FROZEN, "--target", "no-std"]).expect(0);
    assert!(said.out.contains("pub fn from_bytes(") && !said.out.contains("include_bytes"));
}

#[test]
fn only_frozen_models_do_without_the_standard_library() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("net.rs");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/digits.term");
    let output = output.to_str().unwrap();
    termc(&["emit", model, "--target", "no-std", "-o", output])
        .expect(1)
        .says("digits.term` has slow nets, which need the standard library")
        .says("freeze a training with `termc freeze RUN -o FROZEN`");
    assert!(names(folder.path()).is_empty());
}
