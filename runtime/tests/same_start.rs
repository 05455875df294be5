//! Twenty steps of a training of sequences beside PyTorch's of the emitted module, from the same weights on the same batches: the
//! losses agree. On the embedded digits, and on CIFAR-10 where `TERMC_CIFAR10` names a folder with it. Skipped, saying so, where no
//! Python with `torch` and `safetensors` is found (`TERMC_PYTHON`, else `python3`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod python;
mod short;

use std::path::{Path, PathBuf};
use std::process::Command;

use burn::tensor::{Device, TensorData};
use termc_compiler::emit::{EmitOptions, pytorch};
use termc_compiler::{Files, Options, compile};
use termc_data::{Dataset, DatasetOptions, Loader, StopRequest, open, split};
use termc_runtime::params::Params;
use termc_runtime::tensors::{TensorFile, Tensors};
use termc_runtime::train::ranks::Single;
use termc_runtime::train::{RunFolder, SaveRequest, Settings, Training, metrics, normalize};

use python::{python, run};
use short::{Silent, settings};

const STEPS: usize = 20;
const RATE: f64 = 1e-3;

/// The files of a folder.
struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())
    }
}

fn agree(python: &Path, example: &str, model: &str, data: &Dataset, batch: usize) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("same_start_{model}"));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let name = format!("{example}.term");
    let text = std::fs::read_to_string(examples.join(&name)).unwrap();
    // What PyTorch has as well, and no dropout.
    let twin = format!(
        "{text}\nvariant Twin of {model} {{\n    without loss.slow_neural\n    without train.ema\n    \
         without sfne_any.dropout\n    train.optimizer = adamw(lr={RATE}, betas=[0.9, 0.99], weight_decay=0.05)\n    \
         train.schedule = constant\n}}\n"
    );
    let options = Options {
        model: Some("Twin".into()),
        sets: vec![],
    };
    let compiled = compile(&name, &twin, &options, &Folder(examples));
    let found = compiled.diagnostics;
    let model = compiled.model.unwrap_or_else(|| panic!("{found:?}"));

    let device = Device::flex();
    let settings = Settings {
        limit: Some(STEPS * batch),
        epochs: 1,
        val: 0.0,
        ..settings(&model, batch)
    };
    let start = Params::init(&model, settings.seed, &device).to_tensors();
    let write = |name: &str, tensors: Tensors| {
        let path = dir.join(name);
        let file = TensorFile {
            tensors,
            ..TensorFile::default()
        };
        file.write(&path).unwrap();
        path
    };
    let weights = write("start.safetensors", start.clone());
    let module = dir.join("twin.py");
    let source = pytorch(&model, &EmitOptions::new(&compiled.sources)).source;
    std::fs::write(&module, source).unwrap();

    // The training's own batches.
    let parts = split(data, &settings.split_options()).unwrap();
    let (augment, of) = (&model.train.augment, normalize(&model, data));
    let loader = Loader::training(parts.train, batch, of, augment, settings.seed).unwrap();
    let (mut images, mut targets, mut shape) = (vec![], vec![], [0; 4]);
    for made in loader.epoch(0, 0).unwrap() {
        let made = made.unwrap();
        shape = made.shape;
        images.extend(made.images);
        targets.extend(made.targets);
    }
    let [_, channels, height, width] = shape;
    let classes = data.classes.len();
    let batches = write(
        "batches.safetensors",
        Tensors::from_iter([
            (
                "images".to_owned(),
                TensorData::new(images, [STEPS, batch, channels, height, width]),
            ),
            (
                "targets".to_owned(),
                TensorData::new(targets, [STEPS, batch, classes]),
            ),
        ]),
    );
    let to = dir.join("losses.safetensors");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/same_start.py");
    let mut peer = Command::new(python);
    peer.arg(program).args([&module, &weights, &batches]);
    run(peer.arg(RATE.to_string()).arg(&to)).unwrap();
    let theirs = TensorFile::read(&to).unwrap().tensors;
    let theirs: Vec<f64> = theirs.get("losses").unwrap().iter::<f64>().collect();

    let run = dir.join("run");
    let folder = RunFolder::create(&run, &model.source, &settings).unwrap();
    let training = Training {
        model: &model,
        data,
        folder: Some(&folder),
        ranks: &Single,
        device,
        settings: &settings,
        resume: None,
        start: Some(start),
        stop: &StopRequest::new(),
        save: &SaveRequest::new(),
        stop_after: Some(STEPS),
        observer: &mut Silent,
    };
    training.run().unwrap();
    let rows = metrics::read(&run).unwrap().into_iter();
    let steps = rows.filter(|row| row.span == metrics::Span::Step);
    let ours: Vec<f64> = steps.map(|row| row.loss.unwrap()).collect();
    assert_eq!((ours.len(), theirs.len()), (STEPS, STEPS));
    let apart = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / b);
    let most = apart.fold(0.0, f64::max);
    println!(
        "{}: {most:.1e} apart over {STEPS} steps, from {:.4} to {:.4}",
        data.name,
        ours[0],
        ours[STEPS - 1]
    );
    assert!(most < 1e-3, "{ours:?}\n{theirs:?}");
}

#[test]
fn digits_as_sequences() {
    let Some(python) = python() else { return };
    let digits = "sequence:digits".parse().unwrap();
    let data = open(&digits, &DatasetOptions::default()).unwrap();
    agree(&python, "smnist", "DigitsLine", &data, 16);
}

#[test]
fn cifar10_as_sequences() {
    let Some(folder) = std::env::var_os("TERMC_CIFAR10") else {
        eprintln!("skipped: TERMC_CIFAR10 names no folder with cifar-10-batches-bin");
        return;
    };
    let Some(python) = python() else { return };
    let options = DatasetOptions {
        data_dir: Some(folder.into()),
        offline: true,
        ..DatasetOptions::default()
    };
    let data = open(&"sequence:CIFAR10".parse().unwrap(), &options).unwrap();
    agree(&python, "scifar10", "Scifar10", &data, 32);
}
