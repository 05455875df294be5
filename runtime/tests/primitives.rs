//! A network whose slow nets, grouped statistics and biases are single operations computes what its primitives compute.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod computed;

use std::path::Path;

use burn::tensor::{Device, Tensor};
use computed::distance;
use termc_compiler::model::{Model, Op};
use termc_compiler::{NoFiles, Options, compile, model_names};
use termc_runtime::model::ModelSource;
use termc_runtime::network::KernelChoice;
use termc_runtime::objective::Evaluation;
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

/// With fresh parameters.
fn evaluate(model: &Model, kernels: KernelChoice, count: usize) -> Evaluation {
    let params = Params::init(model, 3, &Device::flex());
    computed::evaluate(model, &params, kernels, count)
}

fn numbers<const D: usize>(tensor: &Tensor<D>) -> Vec<f64> {
    tensor.to_data().iter::<f64>().collect()
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

/// Whatever researchers change computes, forward and backward, in every image and parameter.
#[test]
fn variants_compute() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/variants.term");
    let text = std::fs::read_to_string(&path).unwrap();
    for name in model_names(&text) {
        let options = Options {
            model: Some(name.clone()),
            ..Options::default()
        };
        let source = ModelSource::read(&path).unwrap();
        let model = source.check(&options).unwrap().model;
        let found = evaluate(&model, KernelChoice::Fused, 2);
        let (logits, gradient) = (numbers(&found.logits), numbers(&found.gradient));
        assert_eq!(logits.len(), 2 * model.classes, "{name}");
        let finite = |values: &[f64]| values.iter().all(|value| value.is_finite());
        assert!(finite(&logits) && finite(&gradient), "{name}");
        // What is trained has a gradient, but for what a standardization cancels.
        let still = gradient.iter().filter(|g| **g == 0.0).count();
        assert!(
            still * 2 < gradient.len(),
            "{name}: {still} of {}",
            gradient.len()
        );
    }
}

/// Lines, sines, gates and norms without any block of the prelude: the same by every kind of kernels.
#[test]
fn sequences_compute() {
    let text = "language 2\n\
        block net(grid: grid, channels: int) {\n\
            h = fourier(grid, 5, weight=uniform(30), bias=uniform(pi))\n\
            g = sin(2 * linear(h, 4, bias=none)) - 0.5\n\
            linear(g * exp(-0.5 * g) + tanh(g), channels)\n\
        }\n\
        model Line(classes: int = 3) {\n input sequence[2, 12]\n\
            a = linear(sequence, 6) |> standardize(channels, eps=0.01) |> gelu\n\
            K = net(grid(a.sizes), a.channels)\n\
            k = net(grid([5]), a.channels) |> normalize(positions)\n\
            b = depthwise(a * K, k) |> dropout(0.2) |> dropout(0.1, shared=[batch, positions])\n\
            c = concat(b, K, stop_gradient(a)) |> spatial_bias\n\
            d = adaptive_avg_pool(c, [4]) |> flatten\n\
            part = split(d, [24, 48])\n\
            e = part[1] - mean(part[1], batch)\n\
            output logits = linear(concat(e, part[0]), classes)\n\
            loss {\n cross_entropy(logits)\n slow_neural([K, K], weight=0.5)\n }\n\
        }\n";
    let compiled = compile("line.term", text, &Options::default(), &NoFiles);
    let model = (compiled.model).unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    let [a, b] = KernelChoice::ALL.map(|kernels| evaluate(&model, kernels, 4));
    let distances = [
        distance(&numbers(&a.logits), &numbers(&b.logits)),
        distance(&numbers(&a.gradient), &numbers(&b.gradient)),
    ];
    assert!(distances.iter().all(|d| *d < 1e-5), "{distances:?}");
    assert_eq!(a.terms.values().get("slow_neural"), Some(0.0));
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
