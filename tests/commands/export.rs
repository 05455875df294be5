//! `termc export`: back to the published names, from which `termc import` came.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;

use crate::support::{SMALL, bytes, example, names, termc, train_on};

/// Shape and bytes by name.
type Stored = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

fn stored(path: &Path) -> Stored {
    let bytes = std::fs::read(path).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let entry = |(name, view): (&str, safetensors::tensor::TensorView<'_>)| {
        (
            name.to_owned(),
            (view.shape().to_vec(), view.data().to_vec()),
        )
    };
    tensors.iter().map(entry).collect()
}

/// `import`, `export`, `import`: the published tensors come back bit for bit, and so do the model's.
fn round_trip(published: &Path, model: &str, changes: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (weights, back, again) = (
        at("w.safetensors"),
        at("ckpt.safetensors"),
        at("v.safetensors"),
    );
    let model = example(model);
    let import = |from: &str, to: &str| {
        termc(&[&["import", from, &model, "-o", to][..], changes].concat()).expect(0);
    };
    import(published.to_str().unwrap(), &weights);
    let export = ["export", &model, "--weights", &weights, "-o", &back];
    termc(&[&export[..], changes].concat()).expect(0);
    let (given, found) = (stored(published), stored(Path::new(&back)));
    for (name, (shape, data)) in &given {
        let (shape_back, data_back) = found.get(name).unwrap_or_else(|| panic!("no `{name}`"));
        assert_eq!(shape, shape_back, "{name}");
        assert!(data == data_back, "{name}");
    }
    assert_eq!(given.len(), found.len());
    import(&back, &again);
    assert_eq!(
        bytes(folder.path(), "w.safetensors"),
        bytes(folder.path(), "v.safetensors")
    );
}

#[test]
fn published_checkpoints_come_back_bit_for_bit() {
    let parity = Path::new(env!("CARGO_MANIFEST_DIR")).join("runtime/tests/parity");
    let weights = |name: &str| parity.join(format!("{name}.weights.safetensors"));
    round_trip(&weights("tiny"), "tiny.term", &[]);
    round_trip(&weights("tiny_tile"), "tiny.term", &["--model", "TinyTile"]);
    round_trip(&weights("digits"), "digits.term", &[]);
    let Some(shared) = std::env::var_os("TERMC_SHARED") else {
        eprintln!("skipped cifar10: `TERMC_SHARED` is not set");
        return;
    };
    let cifar = Path::new(&shared).join("parity/cifar10.weights.safetensors");
    round_trip(&cifar, "cifar10.term", &[]);
}

#[test]
fn what_has_no_published_name_is_listed_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    // The published code numbers its blocks.
    let model = std::fs::read_to_string(SMALL)
        .unwrap()
        .replace("b[0]", "first")
        .replace("b[1]", "b[0]")
        .replace("slow_neural(b.K", "slow_neural([first.K, b[0].K]");
    let (at, run) = (folder.path().join("m.term"), folder.path().join("run"));
    std::fs::write(&at, model).unwrap();
    let (model, run) = (at.to_str().unwrap(), run.to_str().unwrap());
    let short = ["--limit", "64", "--stop-after", "1"];
    termc(&train_on(model, "digits", run, &short)).expect(0);
    let output = folder.path().join("ckpt.safetensors");
    let output = output.to_str().unwrap();
    let said = termc(&["export", run, "-o", output]).expect(1);
    let said = said.says("no published name for `first.K.net.filters[0].bias`");
    assert!(!said.err.contains("`b[0]."), "{}", said.err);
    assert!(
        said.err
            .contains("help: only models of the published layout"),
        "{}",
        said.err
    );
    assert_eq!(names(folder.path()), ["m.term", "run"]);
    let weights = format!("{run}/last.safetensors");
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tiny.term");
    let said = termc(&["export", other, "--weights", &weights, "-o", output]).expect(1);
    said.says("the weights do not fit the model")
        .says("more like these");
    termc(&["export", SMALL, "-o", output])
        .expect(2)
        .says("--weights");
}

/// A checkpoint of a training, which also holds the optimizer's state, is as good as the weights that were validated at its step.
#[test]
fn a_checkpoint_serves_as_weights() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let run = at("run");
    let short = ["--limit", "64", "--epochs", "1", "--set", "train.ema=0.9"];
    termc(&train_on(SMALL, "digits", &run, &short)).expect(0);
    let checkpoints = folder.path().join("run/checkpoints");
    let names = names(&checkpoints);
    let name = names.iter().rfind(|name| name.ends_with(".safetensors"));
    let checkpoint = checkpoints.join(name.unwrap());
    let export = |weights: &str, to: &str| {
        termc(&["export", SMALL, "--weights", weights, "-o", to]).expect(0);
    };
    export(checkpoint.to_str().unwrap(), &at("a.safetensors"));
    export(&format!("{run}/best.safetensors"), &at("b.safetensors"));
    let [a, b] = ["a.safetensors", "b.safetensors"].map(|name| bytes(folder.path(), name));
    assert_eq!(a, b);
}
