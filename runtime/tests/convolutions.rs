//! Learned convolutions, running statistics and means of windows in whole networks: both kinds of kernels agree, the batch
//! does not matter in evaluation, and freezing works running statistics into kernels.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod computed;

use std::path::Path;

use burn::tensor::{Device, Tensor, TensorData};
use computed::{distance, evaluate, images};
use termc_compiler::freeze::coupled;
use termc_compiler::model::{Model, Op};
use termc_compiler::{NoFiles, Options, compile};
use termc_data::random::Key;
use termc_runtime::freeze::{Batches, CalibrationOptions, FrozenNetwork, freeze};
use termc_runtime::network::{KernelChoice, Network, Pass};
use termc_runtime::params::Params;
use termc_runtime::tensors::Tensors;

fn file(path: &str, model: Option<&str>) -> Model {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let text = std::fs::read_to_string(path).unwrap();
    let options = Options {
        model: model.map(str::to_owned),
        ..Options::default()
    };
    let compiled = compile("m.term", &text, &options, &NoFiles);
    (compiled.model).unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
}

fn models() -> [Model; 3] {
    [
        file("tests/emitted/models/convolutions.term", None),
        file("tests/emitted/models/lines.term", None),
        file("examples/baselines/resnet.term", Some("ResNetDigits")),
    ]
}

/// Fresh parameters, but for running statistics and per-channel factors and shifts, which are as if they were trained.
fn params(model: &Model) -> Params {
    let fresh = Params::init(model, 3, &Device::flex()).to_tensors();
    let moved = fresh.into_iter().map(|(name, data)| {
        let key = Key::new(1).named(&name);
        let numbers = data.iter::<f32>().enumerate();
        let change = |(i, x): (usize, f32)| match name.rsplit('.').next() {
            Some("mean" | "bias") => x + 0.3 * key.normal(i as u64) as f32,
            Some("var") => x * (0.5 + key.uniform(i as u64) as f32),
            Some("weight") if data.shape().len() == 1 => x + 0.2 * key.normal(i as u64) as f32,
            _ => x,
        };
        let numbers: Vec<f32> = numbers.map(change).collect();
        (name.clone(), TensorData::new(numbers, data.shape().clone()))
    });
    let moved: Tensors = moved.collect();
    Params::from_tensors(model, &moved, &Device::flex()).unwrap()
}

fn logits(params: &Params, images: Tensor<4>, kernels: KernelChoice) -> Vec<f64> {
    let pass = Pass {
        kernels,
        ..Pass::default()
    };
    let network = Network::new(params.model());
    numbers(network.forward(params, images, &pass).logits)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

fn frozen(params: &Params) -> FrozenNetwork {
    let options = CalibrationOptions {
        calibration: Default::default(),
        kernels: KernelChoice::Fused,
    };
    let none = || Ok(Box::new(std::iter::empty()) as Batches);
    // Running statistics are known: no image is asked for.
    freeze(params, options, &Device::flex(), none, |_| {}).unwrap()
}

#[test]
fn both_kinds_of_kernels_agree_forward_and_backward() {
    for model in models() {
        let params = params(&model);
        // Behind a standardization over few images little is left of much larger numbers.
        let [a, b] = KernelChoice::ALL.map(|kernels| evaluate(&model, &params, kernels, 16));
        let statistics = [&a, &b].map(|e| numbers(e.statistics.clone().unwrap()));
        for (what, a, b) in [
            ("logits", numbers(a.logits), numbers(b.logits)),
            ("gradient", numbers(a.gradient), numbers(b.gradient)),
            ("statistics", statistics[0].clone(), statistics[1].clone()),
        ] {
            let distance = distance(&a, &b);
            assert!(distance < 1e-5, "{} {what}: {distance:e}", model.name);
        }
    }
}

#[test]
fn in_evaluation_no_image_depends_on_the_others() {
    for model in models() {
        assert!(coupled(&model).is_empty(), "{}", model.name);
        let params = params(&model);
        let whole = logits(&params, images(&model, 0, 5), KernelChoice::Fused);
        for (i, expected) in whole.chunks(model.classes).enumerate() {
            let alone = logits(&params, images(&model, i, 1), KernelChoice::Fused);
            assert!(distance(&alone, expected) < 1e-6);
        }
        // In training they do.
        let trained = numbers(evaluate(&model, &params, KernelChoice::Fused, 4).logits);
        let plain = logits(&params, images(&model, 0, 4), KernelChoice::Fused);
        assert!(distance(&trained, &plain) > 1e-3);
    }
}

#[test]
fn frozen_kernels_hold_the_running_statistics() {
    for model in models() {
        let params = params(&model);
        let frozen = frozen(&params);
        let still = |model: &Model, test: fn(&Op) -> bool| {
            model.nodes.iter().filter(|node| test(&node.op)).count()
        };
        assert_eq!(
            still(&frozen.model, |op| matches!(op, Op::RunningStd(_))),
            0
        );
        for kernels in KernelChoice::ALL {
            let found = logits(&frozen.params, images(&model, 0, 3), kernels);
            let expected = logits(&params, images(&model, 0, 3), kernels);
            let distance = distance(&found, &expected);
            assert!(distance < 1e-5, "{} {kernels:?}: {distance:e}", model.name);
        }
    }
    // Of a residual network nothing but convolutions, sums and activations is left, and the head.
    let model = file("examples/baselines/resnet.term", None);
    let frozen = termc_compiler::freeze::freeze(&model).model;
    let others = frozen.nodes.iter().filter(|node| {
        !matches!(
            node.op,
            Op::Input(_)
                | Op::Conv(_)
                | Op::Add(_)
                | Op::Activation(_)
                | Op::Mean(_)
                | Op::Linear(_)
        )
    });
    let others: Vec<&str> = others.map(|node| &*node.path).collect();
    assert!(others.is_empty(), "{others:?}");
}
