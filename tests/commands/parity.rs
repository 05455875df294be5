//! The published mathematics through the commands alone: `import` a published checkpoint, `run` it, compare with the
//! numbers an independent PyTorch program computed in float64.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::support::{Floats, read_tensors, termc, write_floats};

/// Relative errors that are accepted: logits and inner values, loss terms, gradients of norm above and below 1e-3.
struct Bars {
    logits: f64,
    loss: f64,
    gradients: [f64; 2],
}

const TINY: Bars = Bars {
    logits: 1e-5,
    loss: 1e-5,
    gradients: [1e-3, 1e-2],
};
const DIGITS: Bars = Bars {
    logits: 1e-4,
    loss: 1e-4,
    ..TINY
};

fn norm(values: &[f32]) -> f64 {
    values
        .iter()
        .map(|v| f64::from(*v).powi(2))
        .sum::<f64>()
        .sqrt()
}

fn error(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let difference: Vec<f32> = found.iter().zip(expected).map(|(a, b)| a - b).collect();
    norm(&difference) / norm(expected).max(1e-30)
}

fn case(name: &str, example: &str, changes: &[&str], bars: &Bars) {
    let manifest = env!("CARGO_MANIFEST_DIR");
    let stored = |kind: &str| {
        PathBuf::from(format!(
            "{manifest}/runtime/tests/parity/{name}.{kind}.safetensors"
        ))
    };
    let folder = tempfile::tempdir().unwrap();
    let temporary = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let model = format!("{manifest}/examples/{example}");
    let import = |from: &str, to: &str| {
        let arguments = [&["import", from, &model, "-o", to][..], changes].concat();
        termc(&arguments).expect(0);
    };
    let (weights, output) = (
        temporary("weights.safetensors"),
        temporary("out.safetensors"),
    );
    import(stored("weights").to_str().unwrap(), &weights);
    let case_file = stored("case");
    let mut arguments = vec!["run", &model, "--weights", &weights, "--device", "cpu"];
    arguments.extend(["--input", case_file.to_str().unwrap(), "--output", &output]);
    arguments.extend(["--gradients", "--trace"]);
    arguments.extend(changes);
    termc(&arguments).expect(0);
    let found = read_tensors(output.as_ref());
    let expected = read_tensors(&case_file);

    let within = |ours: &str, theirs: &str, bar: f64| {
        let error = error(&found[ours].1, &expected[theirs].1);
        assert!(
            error <= bar,
            "{name}: {theirs} is off by {error:.2e}, allowed {bar:.0e}"
        );
    };
    within("logits", "logits", bars.logits);
    for term in ["loss.total", "loss.cross_entropy"] {
        within(term, term, bars.loss);
    }
    within("loss.slow_neural", "loss.slow", bars.loss);
    let mut blocks = 0;
    while expected.contains_key(&format!("block.{blocks}.kernel")) {
        let (kernel, features) = (format!("node.b[{blocks}].K"), format!("node.b[{blocks}]"));
        within(&kernel, &format!("block.{blocks}.kernel"), bars.logits);
        within(&features, &format!("block.{blocks}.features"), bars.logits);
        blocks += 1;
    }
    assert!(blocks >= 2);

    // The published names of the gradients are those of the weights, so importing renames them, too.
    let published: Floats = read_tensors(&stored("weights"));
    let gradients: Floats = published
        .into_iter()
        .map(|(name, (shape, values))| {
            let zero = vec![0.0; values.len()];
            let values = expected
                .get(&format!("grad.{name}"))
                .map_or(zero, |g| g.1.clone());
            (name, (shape, values))
        })
        .collect();
    let (raw, renamed) = (
        temporary("grad.safetensors"),
        temporary("renamed.safetensors"),
    );
    write_floats(raw.as_ref(), &gradients);
    import(&raw, &renamed);
    let mut compared = BTreeMap::new();
    for (path, (_, theirs)) in read_tensors(renamed.as_ref()) {
        let ours = &found[&format!("grad.{path}")].1;
        let size = norm(&theirs);
        if size > 0.0 {
            let bar = bars.gradients[usize::from(size <= 1e-3)];
            let off = error(ours, &theirs);
            assert!(
                off <= bar,
                "{name}: gradient of {path} (norm {size:.1e}) is off by {off:.2e}"
            );
            compared.insert(path, off);
        }
    }
    assert!(
        compared.len() > 100,
        "only {} gradients compared",
        compared.len()
    );
}

#[test]
fn tiny() {
    case("tiny", "tiny.term", &[], &TINY);
}

#[test]
fn tiny_with_the_tile_loss() {
    case("tiny_tile", "tiny.term", &["--model", "TinyTile"], &TINY);
}

#[test]
fn digits() {
    case("digits", "digits.term", &[], &DIGITS);
}

#[test]
fn digits_with_composed_kernels() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = env!("CARGO_MANIFEST_DIR");
    let model = format!("{manifest}/examples/digits.term");
    let weights = folder
        .path()
        .join("w.safetensors")
        .to_str()
        .unwrap()
        .to_owned();
    let output = folder
        .path()
        .join("o.safetensors")
        .to_str()
        .unwrap()
        .to_owned();
    let stored = |kind: &str| format!("{manifest}/runtime/tests/parity/digits.{kind}.safetensors");
    termc(&["import", &stored("weights"), &model, "-o", &weights]).expect(0);
    let mut arguments = vec!["run", &model, "--weights", &weights, "--device", "cpu"];
    let input = stored("case");
    arguments.extend([
        "--input",
        &input,
        "--output",
        &output,
        "--kernels",
        "composed",
    ]);
    termc(&arguments).expect(0);
    let found = read_tensors(output.as_ref());
    let expected = read_tensors(input.as_ref());
    assert!(error(&found["logits"].1, &expected["logits"].1) < DIGITS.logits);
}

#[test]
fn a_checkpoint_of_another_model_is_refused_name_by_name_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = env!("CARGO_MANIFEST_DIR");
    let output = folder.path().join("w.safetensors");
    let checkpoint = format!("{manifest}/runtime/tests/parity/tiny.weights.safetensors");
    let model = format!("{manifest}/examples/digits.term");
    let said = termc(&[
        "import",
        &checkpoint,
        &model,
        "-o",
        output.to_str().unwrap(),
    ]);
    said.expect(1)
        .says("b[0].K.net.filters[3].weight")
        .says("--names");
    assert!(!output.exists());
}
