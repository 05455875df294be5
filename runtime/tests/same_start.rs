//! Trainings beside PyTorch's from the same weights on the same batches: the losses agree. Twenty steps of sequences, PyTorch training
//! the emitted module; and the released recipe on CIFAR-10, PyTorch training the reference in the folder that `TERMC_SHARED`
//! names, for 50 steps or as many as `TERMC_STEPS` says. What needs CIFAR-10 takes it from the folder that `TERMC_CIFAR10` names.
//! Skipped, saying so, where no Python with `torch` and `safetensors` is found (`TERMC_PYTHON`, else `python3`).
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
use termc_compiler::model::Model;
use termc_compiler::source::Sources;
use termc_compiler::{Files, Options, compile};
use termc_data::{Dataset, DatasetOptions, Loader, StopRequest, open, split};
use termc_runtime::import::export;
use termc_runtime::params::Params;
use termc_runtime::tensors::{TensorFile, Tensors};
use termc_runtime::train::ranks::Single;
use termc_runtime::train::{RunFolder, SaveRequest, Settings, Training, metrics, normalize};

use python::{python, run};
use short::{Silent, settings};

const RATE: f64 = 1e-3;

/// What is trained, and how long.
struct Case<'a> {
    /// The example's file, without its ending, and its model.
    example: &'a str,
    model: &'a str,
    /// What a variant of the model changes.
    changes: &'a str,
    epochs: usize,
    /// Steps of an epoch, by which the schedule goes, and how many of them are trained.
    epoch: usize,
    steps: usize,
    batch: usize,
}

/// The files of a folder.
struct Folder(PathBuf);

impl Files for Folder {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.0.join(path)).map_err(|error| error.to_string())
    }
}

/// What PyTorch trains: a program and what it is told before the files of weights, batches and losses.
struct Peer {
    program: &'static str,
    first: PathBuf,
    last: String,
    /// Whether the weights go by the published names.
    published: bool,
}

/// The losses of termc's steps and of the peer's.
fn losses(
    python: &Path,
    case: &Case<'_>,
    data: &Dataset,
    peer: impl FnOnce(&Model, &Sources, &Path) -> Peer,
) -> [Vec<f64>; 2] {
    let Case { steps, batch, .. } = *case;
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("same_start_{}", case.model));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let name = format!("{}.term", case.example);
    let text = std::fs::read_to_string(examples.join(&name)).unwrap();
    let twin = format!(
        "{text}\nvariant Twin of {} {{\n{}\n}}\n",
        case.model, case.changes
    );
    let options = Options {
        model: Some("Twin".into()),
        sets: vec![],
    };
    let compiled = compile(&name, &twin, &options, &Folder(examples));
    let found = compiled.diagnostics;
    let model = compiled.model.unwrap_or_else(|| panic!("{found:?}"));
    let peer = peer(&model, &compiled.sources, &dir);

    let device = Device::flex();
    let settings = Settings {
        limit: Some(case.epoch * batch),
        epochs: case.epochs,
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
    let named = match peer.published {
        true => export(&model, &start).unwrap(),
        false => start.clone(),
    };
    let weights = write("start.safetensors", named);

    // The training's own batches.
    let parts = split(data, &settings.split_options()).unwrap();
    let (augment, of) = (&model.train.augment, normalize(&model, data));
    let loader = Loader::training(parts.train, batch, of, augment, settings.seed).unwrap();
    let (mut images, mut targets, mut shape) = (vec![], vec![], [0; 4]);
    for made in loader.epoch(0, 0).unwrap().take(steps) {
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
                TensorData::new(images, [steps, batch, channels, height, width]),
            ),
            (
                "targets".to_owned(),
                TensorData::new(targets, [steps, batch, classes]),
            ),
        ]),
    );
    let to = dir.join("losses.safetensors");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/{}", peer.program));
    let mut command = Command::new(python);
    command
        .arg(program)
        .args([&peer.first, &weights, &batches, &to]);
    run(command.arg(&peer.last)).unwrap();
    let theirs = TensorFile::read(&to).unwrap().tensors;
    let theirs: Vec<f64> = theirs.get("losses").unwrap().iter::<f64>().collect();

    let run = dir.join("run");
    let folder = RunFolder::create(&run, model.source(), &settings).unwrap();
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
        stop_after: Some(steps),
        stop_after_epoch: None,
        observer: &mut Silent,
    };
    training.run().unwrap();
    let rows = metrics::read(&run).unwrap().into_iter();
    let of_steps = rows.filter(|row| row.span == metrics::Span::Step);
    let ours: Vec<f64> = of_steps.map(|row| row.loss.unwrap()).collect();
    assert_eq!((ours.len(), theirs.len()), (steps, steps));
    [ours, theirs]
}

/// The largest relative distance of two losses of one step.
fn apart([ours, theirs]: &[Vec<f64>; 2]) -> f64 {
    let apart = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs() / b);
    apart.fold(0.0, f64::max)
}

/// A model of sequences and its emitted module, by AdamW on cross-entropy alone, which PyTorch has as well, without dropout.
fn emitted_module_agrees(python: &Path, example: &str, model: &str, data: &Dataset, batch: usize) {
    let changes = format!(
        "    without loss.slow_neural\n    without train.ema\n    without sfne_any.dropout\n    \
         train.optimizer = adamw(lr={RATE}, betas=[0.9, 0.99], weight_decay=0.05)\n    train.schedule = constant"
    );
    let case = Case {
        example,
        model,
        changes: &changes,
        epochs: 1,
        epoch: 20,
        steps: 20,
        batch,
    };
    let found = losses(python, &case, data, |model, sources, dir| {
        let module = dir.join("twin.py");
        std::fs::write(&module, pytorch(model, &EmitOptions::new(sources)).source).unwrap();
        Peer {
            program: "same_start.py",
            first: module,
            last: RATE.to_string(),
            published: false,
        }
    });
    let most = apart(&found);
    println!(
        "{}: {most:.1e} apart over {} steps, from {:.4} to {:.4}",
        data.name,
        case.steps,
        found[0][0],
        found[0].last().unwrap()
    );
    assert!(most < 1e-3, "{found:?}");
}

/// CIFAR-10 as `dataset` says, where `TERMC_CIFAR10` names its folder.
fn cifar10(dataset: &str) -> Option<Dataset> {
    let Some(folder) = std::env::var_os("TERMC_CIFAR10") else {
        eprintln!("skipped: TERMC_CIFAR10 names no folder with cifar-10-batches-bin");
        return None;
    };
    let options = DatasetOptions {
        data_dir: Some(folder.into()),
        offline: true,
        ..DatasetOptions::default()
    };
    Some(open(&dataset.parse().unwrap(), &options).unwrap())
}

#[test]
fn digits_as_sequences() {
    let Some(python) = python() else { return };
    let digits = "sequence:digits".parse().unwrap();
    let data = open(&digits, &DatasetOptions::default()).unwrap();
    emitted_module_agrees(&python, "smnist", "DigitsLine", &data, 16);
}

#[test]
fn cifar10_as_sequences() {
    let Some(data) = cifar10("sequence:CIFAR10") else {
        return;
    };
    let Some(python) = python() else { return };
    emitted_module_agrees(&python, "scifar10", "Scifar10", &data, 32);
}

/// The released recipe but for dropout, whose masks PyTorch draws otherwise: Kar3, the chained schedule of 100 epochs, all loss
/// terms, crops and flips. Rounding grows from step to step, so later losses are compared in means of twenty.
#[test]
fn cifar10_by_the_released_recipe() {
    let Some(shared) = std::env::var_os("TERMC_SHARED") else {
        eprintln!("skipped: TERMC_SHARED names no folder with the reference");
        return;
    };
    let Some(data) = cifar10("CIFAR10") else {
        return;
    };
    let Some(python) = python() else { return };
    let steps = std::env::var("TERMC_STEPS").map_or(50, |steps| steps.parse().unwrap());
    let case = Case {
        example: "cifar10",
        model: "Cifar10",
        changes: "    without sfne.dropout",
        epochs: 100,
        epoch: 782,
        steps,
        batch: 16,
    };
    let reference = Path::new(&shared).join("oracle/terminator_torch.py");
    let found = losses(&python, &case, &data, |_, _, _| Peer {
        program: "published_start.py",
        first: reference,
        last: case.epoch.to_string(),
        published: true,
    });
    let early = found
        .each_ref()
        .map(|losses| losses.iter().take(50).copied().collect());
    let means = found.each_ref().map(|losses| {
        let means = losses.chunks_exact(20);
        means.map(|part| part.iter().sum::<f64>() / 20.0).collect()
    });
    let (early, means) = (apart(&early), apart(&means));
    println!(
        "{early:.1e} apart over the first 50 steps, {means:.1e} in means of 20 over {steps}, from {:.4} to {:.4}",
        found[0][0],
        found[0].last().unwrap()
    );
    assert!(early < 1e-3, "{found:?}");
    assert!(means < 2e-2, "{found:?}");
}
