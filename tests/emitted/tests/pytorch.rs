//! Emitted PyTorch modules compute what the runtime computes, to rounding. Skipped, saying so, where no Python with
//! `torch` and `safetensors` is found (`TERMC_PYTHON`, else `python3`).
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use burn::backend::Flex;
use burn::tensor::{Tensor, TensorData};
use termc_compiler::emit::{self, EmitOptions};
use termc_compiler::{Options, compile};
use termc_emitted::CASES;
use termc_runtime::network::{KernelChoice, Network, Pass};
use termc_runtime::params::Params;
use termc_runtime::tensors::TensorFile;
use termc_runtime::weights;

/// Largest distance of the logits, relative to their norm.
const TOLERANCE: f64 = 1e-5;

/// Models whose filters leave float32 little to be exact with agree less closely.
const HIGH_FREQUENCY: f64 = 1e-4;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("TERMC_PYTHON").map_or("python3".into(), PathBuf::from);
    let import = ["-c", "import torch, safetensors"];
    let tried = Command::new(&python).args(import).output();
    tried
        .ok()
        .filter(|out| out.status.success())
        .map(|_| python)
}

fn run(python: &Path, folder: &Path, arguments: &[&str]) -> Result<(), String> {
    let mut command = Command::new(python);
    let output = command
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
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
        eprintln!("skipped: no Python with `torch` and `safetensors`");
        return;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pytorch");
    std::fs::create_dir_all(&folder).unwrap();
    for case in CASES {
        let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/");
        let text = std::fs::read_to_string(format!("{examples}{}", case.file)).unwrap();
        let options = Options {
            variant: case.variant.map(str::to_owned),
            ..Options::default()
        };
        let compiled = compile(case.file, &text, &options);
        let model = compiled.model.unwrap();
        let source = emit::pytorch(&model, &EmitOptions::new(&compiled.sources)).source;
        std::fs::write(folder.join("network.py"), source).unwrap();

        let params = Params::<Flex>::init(&model, 3, &Default::default());
        weights::write(&folder.join("weights.safetensors"), &model, &params).unwrap();
        let [channels, height, width] = case.input;
        let count = 2 * channels * height * width;
        let pixels: Vec<f32> = (0..count).map(|i| (i as f32 * 0.37).sin()).collect();
        let images = TensorData::new(pixels, [2, channels, height, width]);
        file("input", images.clone())
            .write(&folder.join("input.safetensors"))
            .unwrap();
        let files = [
            "network.py",
            "weights.safetensors",
            "input.safetensors",
            "logits.safetensors",
        ];
        run(&python, &folder, &files).unwrap();

        let pass = Pass {
            kernels: KernelChoice::Composed,
            ..Pass::default()
        };
        let images = Tensor::from_data(images, &Default::default());
        let expected = Network::new(&model).forward(&params, images, &pass).logits;
        let found = TensorFile::read(&folder.join("logits.safetensors")).unwrap();
        let found = found.tensors.get("logits").unwrap();
        let expected = expected.into_data();
        assert_eq!(found.shape, expected.shape);
        let pairs = found.iter::<f64>().zip(expected.iter::<f64>());
        let distance = pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        let norm = expected.iter::<f64>().map(|x| x * x).sum::<f64>().sqrt();
        let bound = match model.source.contains("2000") {
            true => HIGH_FREQUENCY,
            false => TOLERANCE,
        };
        let name = format!("{} {:?}", case.file, case.variant);
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
    let refused = run(&python, &folder, &files).unwrap_err();
    assert!(refused.contains("Unexpected key"), "{refused}");
    assert!(refused.contains("Missing key"), "{refused}");
}
