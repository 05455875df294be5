//! Emitted PyTorch modules, frozen ones too, compute what the runtime computes, to rounding. Skipped, saying so, where no Python with
//! `torch` and `safetensors` is found (`TERMC_PYTHON`, else `python3`).
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;
#[path = "../../../runtime/tests/python/mod.rs"]
mod python;

use std::path::PathBuf;
use std::process::Command;

use burn::tensor::TensorData;
use common::{compiled, composed, images, network, title};
use python::{python, run};
use termc_compiler::emit::{self, EmitOptions};
use termc_compiler::model::{Init, Model};
use termc_emitted::CASES;
use termc_runtime::tensors::TensorFile;
use termc_runtime::weights;

/// Largest distance of the logits, relative to their norm.
const TOLERANCE: f64 = 1e-5;

/// Models whose filters leave float32 little to be exact with agree less closely.
const HIGH_FREQUENCY: f64 = 1e-4;

fn high_frequency(model: &Model) -> bool {
    let steep = |init: &Init| matches!(init, Init::GammaUniform { bound, .. } if *bound > 1e3);
    model.params.iter().any(|param| steep(&param.init))
}

fn file(name: &str, data: TensorData) -> TensorFile {
    TensorFile {
        tensors: [(name.to_owned(), data)].into(),
        metadata: Default::default(),
    }
}

#[test]
fn logits_agree_with_the_runtimes() {
    let Some(python) = python() else {
        return;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pytorch");
    std::fs::create_dir_all(&folder).unwrap();
    for case in CASES {
        let (model, params) = network(case, 3);
        let sources = compiled(case).sources;
        let source = emit::pytorch(&model, &EmitOptions::new(&sources)).source;
        std::fs::write(folder.join("network.py"), source).unwrap();
        weights::write(&folder.join("weights.safetensors"), &model, &params).unwrap();
        let images = images(case, 2, 0.37);
        file("input", images.clone())
            .write(&folder.join("input.safetensors"))
            .unwrap();
        let files = [
            "network.py",
            "weights.safetensors",
            "input.safetensors",
            "logits.safetensors",
        ];
        run(Command::new(&python).current_dir(&folder).args(files)).unwrap();

        let expected = composed(&model, &params, images);
        let found = TensorFile::read(&folder.join("logits.safetensors")).unwrap();
        let found = found.tensors.get("logits").unwrap();
        assert_eq!(found.shape(), expected.shape());
        let pairs = found.iter::<f64>().zip(expected.iter::<f64>());
        let distance = pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        let norm = expected.iter::<f64>().map(|x| x * x).sum::<f64>().sqrt();
        // A frozen model has its kernels stored.
        let bound = match high_frequency(&model) && !model.frozen {
            true => HIGH_FREQUENCY,
            false => TOLERANCE,
        };
        let name = title(case);
        eprintln!("{name}: {:.1e}", distance / norm);
        assert!(distance <= bound * norm, "{name}: {}", distance / norm);
    }
    // Weights of another model are refused.
    let empty = file("b0.other", TensorData::new(vec![0f32], [1]));
    empty.write(&folder.join("weights.safetensors")).unwrap();
    let files = [
        "network.py",
        "weights.safetensors",
        "input.safetensors",
        "x.safetensors",
    ];
    let refused = run(Command::new(&python).current_dir(&folder).args(files)).unwrap_err();
    assert!(refused.contains("Unexpected key"), "{refused}");
    assert!(refused.contains("Missing key"), "{refused}");
}
