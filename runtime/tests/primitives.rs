//! A network whose slow nets, grouped statistics and biases are single operations computes what its primitives compute.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::model::{Model, Op};
use termc_compiler::{NoFiles, Options, compile};
use termc_data::random::Key;
use termc_runtime::loss::one_hot;
use termc_runtime::network::{Dropout, KernelChoice, Network, Pass};
use termc_runtime::objective::{self, Evaluation};
use termc_runtime::params::Params;

fn example(name: &str) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name);
    let text = std::fs::read_to_string(path).unwrap();
    let compiled = compile(name, &text, &Options::default(), &NoFiles);
    compiled
        .model
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn evaluate(model: &Model, kernels: KernelChoice, images: usize) -> Evaluation {
    let device = Device::flex();
    let shape = model.input.dims(images);
    let key = Key::new(5);
    let count = shape.iter().product::<usize>() as u64;
    let pixels: Vec<f32> = (0..count).map(|i| key.normal(i) as f32).collect();
    let input = Tensor::from_data(TensorData::new(pixels, shape), &device);
    let labels: Vec<usize> = (0..images).map(|i| i % model.classes).collect();
    let pass = Pass {
        kernels,
        dropout: Some(Dropout {
            key: Key::new(7),
            first_image: 0,
        }),
        ..Pass::default()
    };
    let targets = one_hot(&labels, model.classes, &device);
    let params = Params::init(model, 3, &device);
    objective::evaluate(&Network::new(model), &params, input, targets, &pass)
}

fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let norm = |it: &mut dyn Iterator<Item = f64>| it.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
}

fn agree(name: &str, images: usize, tolerance: f64) {
    let model = example(name);
    let primitives = model.as_primitives();
    let fused = |model: &Model| {
        let nodes = model.nodes.iter();
        let fused = nodes.filter(|n| matches!(n.op, Op::Kernel(_) | Op::ContextKernel(_)));
        fused.count()
    };
    assert!(fused(&model) > 0, "{name}: nothing is recognised");
    assert_eq!(fused(&primitives), 0);
    for kernels in [KernelChoice::Fused, KernelChoice::Composed] {
        let [a, b] = [&model, &primitives].map(|model| evaluate(model, kernels, images));
        let logits = distance(&numbers(&a.logits), &numbers(&b.logits));
        let gradient = distance(&numbers(&a.gradient), &numbers(&b.gradient));
        println!("{name} {kernels:?}: logits {logits:.1e}, gradient {gradient:.1e}");
        assert!(logits <= tolerance, "{name} {kernels:?}: {logits:e}");
        assert!(gradient <= tolerance, "{name} {kernels:?}: {gradient:e}");
        let [a, b] = [a, b].map(|e| e.terms.values());
        for (a, b) in a.terms.iter().zip(&b.terms) {
            let apart = (a.value - b.value).abs();
            assert!(apart <= tolerance * b.value.abs(), "{a:?} {b:?}");
        }
    }
}

#[test]
fn of_tiny() {
    agree("tiny.term", 3, 1e-5);
}

#[test]
fn of_digits() {
    agree("digits.term", 4, 1e-5);
}

#[test]
fn of_cifar10() {
    agree("cifar10.term", 2, 1e-4);
}
