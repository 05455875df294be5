//! Parameters, passes, optimizer state, weight files and import, on the smallest example.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod passes;
mod training;
mod weights;

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::model::Model;
use termc_compiler::{NoFiles, Options, compile};
use termc_data::random::Key;
use termc_runtime::loss::one_hot;
use termc_runtime::network::{Network, Pass};
use termc_runtime::objective::{self, Evaluation};
use termc_runtime::params::Params;

fn model(sets: &[&str]) -> Model {
    example("tiny.term", sets)
}

fn example(name: &str, sets: &[&str]) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name);
    let options = Options {
        sets: sets.iter().map(|s| (*s).to_owned()).collect(),
        ..Options::default()
    };
    let compiled = compile(
        name,
        &std::fs::read_to_string(path).unwrap(),
        &options,
        &NoFiles,
    );
    compiled
        .model
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn params(model: &Model) -> Params {
    Params::init(model, 1, &Device::flex())
}

fn images(model: &Model, count: usize) -> Tensor<4> {
    let [_, channels, height, width] = model.input.dims(1);
    let key = Key::new(5);
    let pixels: Vec<f32> = (0..count * channels * height * width)
        .map(|i| key.normal(i as u64) as f32)
        .collect();
    Tensor::from_data(
        TensorData::new(pixels, [count, channels, height, width]),
        &Device::flex(),
    )
}

fn evaluate(model: &Model, params: &Params, pass: &Pass) -> Evaluation {
    let targets = one_hot(&[0, 1, 2], model.classes, &Device::flex());
    objective::evaluate(
        &Network::new(model),
        params,
        images(model, 3),
        targets,
        pass,
    )
}

fn numbers(tensor: &Tensor<1>) -> Vec<f32> {
    tensor.to_data().try_to_vec().unwrap()
}
