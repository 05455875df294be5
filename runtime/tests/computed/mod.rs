//! Images that follow no rule, what an evaluation in training makes of them, and how far results are apart: for tests of whole
//! networks.
#![allow(dead_code, reason = "not every test needs all of it")]

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::model::Model;
use termc_data::random::Key;
use termc_runtime::loss::one_hot;
use termc_runtime::network::{Dropout, KernelChoice, Network, Pass};
use termc_runtime::objective::{self, Evaluation};
use termc_runtime::params::Params;

/// `count` images from number `from` on.
pub fn images(model: &Model, from: usize, count: usize) -> Tensor<4> {
    let shape = model.input.dims(count);
    let size: usize = shape.iter().skip(1).product();
    let key = Key::new(5);
    let pixels = (from * size..(from + count) * size).map(|i| key.normal(i as u64) as f32);
    let data = TensorData::new(pixels.collect::<Vec<f32>>(), shape);
    Tensor::from_data(data, &Device::flex())
}

/// Logits, loss and gradient of the first `count` images, with dropout.
pub fn evaluate(model: &Model, params: &Params, kernels: KernelChoice, count: usize) -> Evaluation {
    let labels: Vec<usize> = (0..count).map(|i| i % model.classes).collect();
    let pass = Pass {
        kernels,
        dropout: Some(Dropout {
            key: Key::new(7),
            first_image: 0,
        }),
        ..Pass::default()
    };
    let targets = one_hot(&labels, model.classes, &Device::flex());
    let images = images(model, 0, count);
    objective::evaluate(&Network::new(model), params, images, targets, &pass)
}

/// The norm of the difference, relative to that of what is expected.
pub fn distance(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let norm = |it: &mut dyn Iterator<Item = f64>| it.map(|x| x * x).sum::<f64>().sqrt();
    let difference = norm(&mut found.iter().zip(expected).map(|(f, e)| f - e));
    difference / norm(&mut expected.iter().copied()).max(1e-300)
}
