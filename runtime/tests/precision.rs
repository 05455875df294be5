//! Mixed precision: which values are short, and how far it is from 32-bit floats. On the CPU, which has both types but
//! offers only the longer one to users, as it gains nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

#[allow(dead_code, reason = "other tests use the rest")]
mod short;

use burn::tensor::{DType, Device, Tensor, TensorData};
use termc_compiler::model::{Axes, Model, Op};
use termc_compiler::{NoFiles, Options, compile};
use termc_data::random::Key;
use termc_runtime::loss::one_hot;
use termc_runtime::network::{Keep, KernelChoice, Network, Pass, Precision};
use termc_runtime::objective::{self, Evaluation};
use termc_runtime::params::Params;
use termc_runtime::train::Settings;

const IMAGES: usize = 8;

fn digits() -> Model {
    let text = include_str!("../../examples/digits.term");
    let compiled = compile("digits.term", text, &Options::default(), &NoFiles);
    compiled.model.unwrap()
}

fn images(model: &Model) -> Tensor<4> {
    let [_, channels, height, width] = model.input.dims(1);
    let key = Key::new(5);
    let count = (IMAGES * channels * height * width) as u64;
    let pixels: Vec<f32> = (0..count).map(|i| key.normal(i) as f32).collect();
    let data = TensorData::new(pixels, [IMAGES, channels, height, width]);
    Tensor::from_data(data, &Device::flex())
}

fn pass(precision: Precision, kernels: KernelChoice) -> Pass<'static> {
    Pass {
        precision,
        kernels,
        ..Pass::default()
    }
}

fn evaluate(model: &Model, pass: &Pass) -> Evaluation {
    let labels: Vec<usize> = (0..IMAGES).map(|i| i % model.classes).collect();
    let targets = one_hot(&labels, model.classes, &Device::flex());
    let params = Params::init(model, 7, &Device::flex());
    objective::evaluate(&Network::new(model), &params, images(model), targets, pass)
}

fn distance<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    let values = |t: &Tensor<D>| t.to_data().iter::<f64>().collect::<Vec<f64>>();
    let (a, b) = (values(a), values(b));
    let norm = |it: &mut dyn Iterator<Item = f64>| it.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(&b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
}

/// Activations are short; kernels of slow nets, means over positions and logits are not.
#[test]
fn every_value_has_its_type() {
    let model = digits();
    let params = Params::init(&model, 7, &Device::flex());
    let network = Network::new(&model);
    for kernels in [KernelChoice::Composed, KernelChoice::Fused] {
        let pass = Pass {
            keep: Keep::All,
            ..pass(Precision::Bf16, kernels)
        };
        let forward = network.forward(&params, images(&model), &pass);
        assert_eq!(forward.logits.dtype(), DType::F32);
        assert!(forward.compared.iter().all(|k| k.dtype() == DType::F32));
        let mut types = std::collections::HashMap::new();
        for (id, value) in forward.kept {
            let operands = model[id].op.operands();
            let long = match &model[id].op {
                Op::Kernel(_) | Op::ContextKernel(_) => true,
                Op::Mean(op) => op.over == Axes::INSTANCE || types[&op.x] == DType::F32,
                Op::Input(_) => false,
                // A value is as short as the shortest it is made of.
                _ => operands.iter().all(|x| types[x] == DType::F32),
            };
            let expected = if long { DType::F32 } else { DType::BF16 };
            assert_eq!(value.dtype(), expected, "{}", model[id].path);
            types.insert(id, value.dtype());
        }
        assert!(types.values().filter(|t| **t == DType::BF16).count() * 2 > types.len());
    }
}

/// Logits and gradients as close as eight bits let them be, and gradients of parameters in 32 bits.
#[test]
fn short_activations_are_close_to_long_ones() {
    let model = digits();
    for kernels in [KernelChoice::Composed, KernelChoice::Fused] {
        let long = evaluate(&model, &pass(Precision::F32, kernels));
        let short = evaluate(&model, &pass(Precision::Bf16, kernels));
        assert_eq!(short.gradient.dtype(), DType::F32);
        let logits = distance(&short.logits, &long.logits);
        let gradient = distance(&short.gradient, &long.gradient);
        let loss = (short.terms.values().total / long.terms.values().total - 1.0).abs();
        println!("{kernels:?}: logits {logits:.1e}, gradient {gradient:.1e}, loss {loss:.1e}");
        assert!(logits > 1e-5 && logits < 5e-2, "{logits:.2e}");
        assert!(gradient < 0.2, "{gradient:.2e}");
        assert!(loss < 1e-2, "{loss:.2e}");
    }
}

/// Nothing changes for 32-bit floats: not a bit.
#[test]
fn long_passes_are_as_they_were() {
    let model = digits();
    let plain = Pass {
        kernels: KernelChoice::Fused,
        ..Pass::default()
    };
    let a = evaluate(&model, &plain);
    let b = evaluate(&model, &pass(Precision::F32, KernelChoice::Fused));
    assert_eq!(a.gradient.to_data(), b.gradient.to_data());
}

/// What a RUN folder's `config.json` says is taken as it stands or refused, never guessed.
#[test]
fn an_unknown_name_in_a_configuration_is_an_error() {
    let settings = short::settings(&digits(), 32);
    let known = serde_json::to_value(&settings).unwrap();
    let read = |json| serde_json::from_value::<Settings>(json);
    assert_eq!(read(known.clone()).unwrap(), settings);
    for setting in ["precision", "kernels", "protocol", "device"] {
        let mut json = known.clone();
        json[setting] = "f61".into();
        let error = read(json).unwrap_err().to_string();
        assert!(error.contains("f61"), "{setting}: {error}");
    }
}
