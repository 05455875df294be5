//! Times whole training steps (forward, gradients, update) and inference of a model on the CPU; of a frozen one,
//! inference alone.
//! `cargo bench --no-default-features -p termc-runtime --bench step -- examples/cifar10.term 16 [composed] [frozen] [step]`
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "benchmark")]

use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use termc_compiler::freeze::freeze;
use termc_compiler::{NoFiles, Options, compile};
use termc_runtime::network::{KernelChoice, Network, Pass};
use termc_runtime::objective::evaluate;
use termc_runtime::optim::Optimizer;
use termc_runtime::params::Params;

/// Seconds of each call, sorted: as many as fit in four seconds, at least five, after one that does not count.
fn times(mut call: impl FnMut()) -> Vec<f64> {
    call();
    let began = Instant::now();
    let mut seconds = Vec::new();
    while seconds.len() < 5 || began.elapsed().as_secs() < 4 {
        let start = Instant::now();
        call();
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    seconds
}

/// Most memory this process ever held, in MiB.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<usize>().ok()? / 1024)
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let path = arguments
        .first()
        .map_or("../examples/cifar10.term", String::as_str);
    let batch = arguments.get(1).and_then(|b| b.parse().ok()).unwrap_or(16);
    let kernels = match arguments.iter().any(|a| a == "composed") {
        true => KernelChoice::Composed,
        false => KernelChoice::Fused,
    };
    let text = std::fs::read_to_string(path).expect("the model's file");
    let model = compile(path, &text, &Options::default(), &NoFiles)
        .model
        .expect("a correct model");
    let model = match arguments.iter().any(|a| a == "frozen") {
        true => freeze(&model).model,
        false => model,
    };
    let network = Network::new(&model);
    let device = Device::flex();
    let params = Params::init(&model, 1, &device);
    let [_, c, h, w] = model.input.dims(1);
    let x = Tensor::random([batch, c, h, w], Distribution::Normal(0.0, 1.0), &device);
    let targets = Tensor::<2>::zeros([batch, model.classes], &device) + 1.0 / model.classes as f64;
    let pass = Pass {
        kernels,
        ..Pass::default()
    };
    let only = arguments.iter().any(|a| a == "step");
    let inference = if only {
        vec![0.0]
    } else {
        times(|| drop(network.forward(&params, x.clone(), &pass)))
    };
    if model.frozen {
        println!(
            "{path} frozen, batch {batch} {kernels:?}: inference {:.1} (median {:.1}) ms, peak {:?} MiB",
            inference[0] * 1e3,
            inference[inference.len() / 2] * 1e3,
            peak()
        );
        return;
    }
    let mut optimizer = Optimizer::new(&model, &device);
    let mut weights = params.clone();
    let steps = times(|| {
        let found = evaluate(&network, &weights, x.clone(), targets.clone(), &pass);
        weights = optimizer.step(&weights, found.gradient, 1e-6);
    });
    println!(
        "{path} batch {batch} {kernels:?}: inference {:.1} (median {:.1}) ms, step {:.1} (median {:.1}) ms, peak {:?} MiB, predicted {} MiB",
        inference[0] * 1e3,
        inference[inference.len() / 2] * 1e3,
        steps[0] * 1e3,
        steps[steps.len() / 2] * 1e3,
        peak(),
        network.training_bytes(batch) >> 20,
    );
}
