//! The residual network of the examples against PyTorch's with the same weights: logits in training and evaluation, gradients,
//! running statistics, and what freezing makes of it. Skipped, saying so, where no Python with `torch` and `safetensors` is found
//! (`TERMC_PYTHON`, else `python3`).
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod computed;
mod python;

use std::path::Path;
use std::process::Command;

use burn::tensor::{Device, Tensor, TensorData};
use computed::distance;
use python::{python, run};
use termc_compiler::model::Model;
use termc_compiler::{NoFiles, Options, compile};
use termc_data::random::Key;
use termc_runtime::freeze::{Batches, CalibrationOptions, freeze};
use termc_runtime::loss::one_hot;
use termc_runtime::network::{Dropout, KernelChoice, Network, Pass};
use termc_runtime::objective;
use termc_runtime::params::{Params, flatten};
use termc_runtime::tensors::{TensorFile, Tensors};

/// What PyTorch computed; None where there is no PyTorch.
fn pytorch() -> Option<Tensors> {
    let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join("resnet.safetensors");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/resnet.py");
    run(Command::new(python()?).arg(program).arg(&to)).unwrap();
    Some(TensorFile::read(&to).unwrap().tensors)
}

/// The path in the model of a name of PyTorch's.
fn path(name: &str) -> String {
    let name = match name.strip_prefix("layer") {
        Some(rest) => {
            let (stage, rest) = rest.split_once('.').unwrap();
            let (block, rest) = rest.split_once('.').unwrap();
            let stage = stage.parse::<usize>().unwrap() - 1;
            format!("s[{stage}].r[{block}].{rest}")
        }
        None => name.to_owned(),
    };
    let renamed = [
        ("downsample.0", "shortcut.conv"),
        ("downsample.1", "shortcut.batch_norm"),
        ("running_", "running."),
        ("fc.", "logits.linear."),
    ];
    let name = renamed
        .iter()
        .fold(name, |name, (from, to)| name.replace(from, to));
    match name.strip_prefix("bn1") {
        Some(rest) => format!("stem.batch_norm{rest}"),
        None => name,
    }
}

/// The tensors with this prefix under the model's paths.
fn named(all: &Tensors, prefix: &str) -> Tensors {
    let some = all.iter().filter_map(|(name, data)| {
        let name = name.strip_prefix(prefix)?;
        Some((path(name), data.clone()))
    });
    some.collect()
}

fn numbers(data: &TensorData) -> Vec<f64> {
    data.iter::<f64>().collect()
}

fn near(what: &str, found: &[f64], expected: &[f64]) {
    let distance = distance(found, expected);
    println!("{what}: {distance:.1e}");
    assert!(distance < 1e-5, "{what}: {distance:e}");
}

fn resnet() -> Model {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/baselines/resnet.term");
    let text = std::fs::read_to_string(file).unwrap();
    let compiled = compile("resnet.term", &text, &Options::default(), &NoFiles);
    (compiled.model).unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

#[test]
fn imported_weights_compute_what_they_do_in_pytorch() {
    let Some(found) = pytorch() else { return };
    let (model, device) = (resnet(), Device::flex());
    let params = Params::from_tensors(&model, &named(&found, "state."), &device).unwrap();
    let images = Tensor::<4>::from_data(found.get("images").unwrap().clone(), &device);
    let (evaluated, logits) = (
        found.get("evaluated").unwrap(),
        found.get("logits").unwrap(),
    );
    for kernels in KernelChoice::ALL {
        let plain = Pass {
            kernels,
            ..Pass::default()
        };
        let forward = |params: &Params| {
            let network = Network::new(params.model());
            numbers(
                &network
                    .forward(params, images.clone(), &plain)
                    .logits
                    .into_data(),
            )
        };
        near("evaluation", &forward(&params), &numbers(evaluated));

        let options = CalibrationOptions {
            calibration: Default::default(),
            kernels,
        };
        let none = || Ok(Box::new(std::iter::empty()) as Batches);
        let frozen = freeze(&params, options, &device, none, |_| {}).unwrap();
        near("frozen", &forward(&frozen.params), &numbers(evaluated));

        let training = Pass {
            dropout: Some(Dropout {
                key: Key::new(1),
                first_image: 0,
            }),
            ..plain
        };
        let labels: Vec<usize> = (0..8).collect();
        let targets = one_hot(&labels, 10, &device);
        let network = Network::new(&model);
        let found_here = objective::evaluate(&network, &params, images.clone(), targets, &training);
        near(
            "training",
            &numbers(&found_here.logits.into_data()),
            &numbers(logits),
        );
        let mut gradients = named(&found, "grad.");
        let mut moved = params.to_tensors();
        moved.extend(named(&found, "moved."));
        for param in model.params.iter().filter(|param| !param.trained) {
            let zeros = TensorData::zeros::<f32, _>(param.shape.clone());
            gradients.insert(param.path.clone(), zeros);
        }
        let gradients = flatten(&model, "", &gradients, &device).unwrap();
        let gradient = numbers(&found_here.gradient.into_data());
        near("gradient", &gradient, &numbers(&gradients.into_data()));
        // The momentum is a tenth.
        let old = params.flat();
        let moved = flatten(&model, "", &moved, &device).unwrap();
        let way = (moved - old.clone()).mul_scalar(10.0);
        let expected = numbers(&way.into_data());
        let statistics = found_here.statistics.unwrap();
        let running = expected
            .iter()
            .zip(numbers(&(statistics - old).into_data()));
        let pairs: (Vec<f64>, Vec<f64>) = running
            .filter(|(e, _)| **e != 0.0)
            .map(|(e, f)| (f, *e))
            .unzip();
        near("statistics", &pairs.0, &pairs.1);
    }
}
