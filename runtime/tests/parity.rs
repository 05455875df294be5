//! The network, its losses, gradients and updates against an independent PyTorch program in float64.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod computed;

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use computed::distance;
use termc_compiler::model::{Model, Optimizer as Rule};
use termc_compiler::{NoFiles, Options, compile};
use termc_runtime::import::{self, Checkpoint, Imported, NameMap};
use termc_runtime::loss::one_hot;
use termc_runtime::network::{Keep, KernelChoice, Network, Pass};
use termc_runtime::objective::{self, Evaluation};
use termc_runtime::optim::Optimizer;
use termc_runtime::params::{Params, unflatten};
use termc_runtime::tensors::{TensorFile, Tensors};

/// How far from float64 a case may be, relatively.
struct Bars {
    logits: f64,
    loss: f64,
    /// Gradients of norm above 1e-3, and all others; None compares their median instead.
    gradients: Option<[f64; 2]>,
    /// The loss after three Kar3 steps.
    trajectory: Option<f64>,
}

const TINY: Bars = Bars {
    logits: 1e-5,
    loss: 1e-5,
    gradients: Some([1e-3, 1e-2]),
    trajectory: Some(2e-3),
};
const DIGITS: Bars = Bars {
    logits: 1e-4,
    loss: 1e-4,
    ..TINY
};
const CIFAR10: Bars = Bars {
    logits: 3e-4,
    loss: 1e-3,
    gradients: None,
    trajectory: None,
};
const CIFAR10_MEDIAN: f64 = 2e-3;

struct Case {
    model: Model,
    network: Network,
    weights: Imported,
    expected: Tensors,
}

impl Case {
    fn load(folder: &Path, name: &str, example: &str, sets: &[&str]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../examples")
            .join(example);
        let text = std::fs::read_to_string(&path).unwrap();
        let options = Options {
            sets: sets.iter().map(|s| (*s).to_owned()).collect(),
            ..Options::default()
        };
        let compiled = compile(example, &text, &options, &NoFiles);
        let model = compiled
            .model
            .unwrap_or_else(|| panic!("{example}: {:?}", compiled.diagnostics));
        let read =
            |kind| TensorFile::read(&folder.join(format!("{name}.{kind}.safetensors"))).unwrap();
        let mut checkpoint = Checkpoint::from(read("weights").tensors);
        let weights = import::import(&model, &mut checkpoint, &NameMap::default(), None)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        Self {
            network: Network::new(&model),
            model,
            weights,
            expected: read("case").tensors,
        }
    }

    fn params(&self) -> Params {
        Params::from_tensors(&self.model, &self.weights.tensors, &Device::flex()).unwrap()
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        let data = self
            .expected
            .get(name)
            .unwrap_or_else(|| panic!("the case has no `{name}`"));
        data.clone().convert::<f64>().try_to_vec().unwrap()
    }

    fn input(&self, batch: usize) -> Tensor<4> {
        let input = Tensor::from_data(self.expected["input"].clone(), &Device::flex());
        input.narrow(0, 0, batch)
    }

    fn batch(&self) -> usize {
        self.expected["labels"].num_elements()
    }

    fn targets(&self, batch: usize) -> Tensor<2> {
        let labels: Vec<usize> = self.numbers("labels").iter().map(|l| *l as usize).collect();
        one_hot(&labels[..batch], self.model.classes, &Device::flex())
    }

    fn evaluate(&self, params: &Params, batch: usize, kernels: KernelChoice) -> Evaluation {
        let pass = Pass {
            kernels,
            ..Pass::default()
        };
        objective::evaluate(
            &self.network,
            params,
            self.input(batch),
            self.targets(batch),
            &pass,
        )
    }
}

fn numbers(data: TensorData) -> Vec<f64> {
    data.convert::<f64>().try_to_vec().unwrap()
}

fn assert_within(what: &str, error: f64, bar: f64) {
    println!("{what}: {error:.1e} (at most {bar:.0e})");
    assert!(
        error <= bar,
        "{what} is off by {error:.2e}, at most {bar:.0e} is allowed"
    );
}

/// Everything a case states, and that a batch of one works.
fn check(case: &Case, bars: &Bars, kernels: KernelChoice) {
    check_values(case, bars, kernels);
    check_gradients(case, bars, kernels);
    if let Some(bar) = bars.trajectory {
        check_trajectory(case, bar, kernels);
    }
    let alone = case.evaluate(&case.params(), 1, kernels);
    assert!(alone.terms.values().total.is_finite());
    assert!(
        numbers(alone.gradient.into_data())
            .iter()
            .all(|g| g.is_finite())
    );
}

fn check_values(case: &Case, bars: &Bars, kernels: KernelChoice) {
    let blocks: Vec<_> = case
        .model
        .instances
        .iter()
        .filter(|instance| instance.block == "sfne")
        .map(|instance| instance.result)
        .collect();
    let pass = Pass {
        kernels,
        keep: Keep::These(&blocks),
        ..Pass::default()
    };
    let params = case.params();
    let forward = case
        .network
        .forward(&params, case.input(case.batch()), &pass);
    assert_eq!(forward.kept.len(), blocks.len());
    assert_eq!(forward.compared.len(), blocks.len());
    for (i, kernel) in forward.compared.iter().enumerate() {
        let error = distance(
            &numbers(kernel.to_data()),
            &case.numbers(&format!("block.{i}.kernel")),
        );
        assert_within(&format!("kernel {i}"), error, bars.logits);
    }
    for (i, (_, features)) in forward.kept.iter().enumerate() {
        let error = distance(
            &numbers(features.to_data()),
            &case.numbers(&format!("block.{i}.features")),
        );
        assert_within(&format!("features {i}"), error, bars.logits);
    }
    let error = distance(&numbers(forward.logits.to_data()), &case.numbers("logits"));
    assert_within("logits", error, bars.logits);
    let terms =
        objective::terms(&case.network, &params, &forward, case.targets(case.batch())).values();
    check_terms(case, bars, terms);
    check_terms(
        case,
        bars,
        case.evaluate(&params, case.batch(), kernels).terms.values(),
    );
}

fn check_terms(case: &Case, bars: &Bars, terms: objective::TermValues) {
    let parts = [
        ("loss.total", terms.total),
        ("loss.cross_entropy", terms.classification()),
        ("loss.slow", terms.get("slow_neural").unwrap()),
    ];
    for (name, found) in parts {
        assert_within(name, distance(&[found], &case.numbers(name)), bars.loss);
    }
}

fn check_gradients(case: &Case, bars: &Bars, kernels: KernelChoice) {
    let evaluation = case.evaluate(&case.params(), case.batch(), kernels);
    let found = unflatten(&case.model, "", &evaluation.gradient);
    let mut errors = Vec::new();
    for (path, data) in found {
        let name = format!("grad.{}", case.weights.origins[&path]);
        if !case.expected.contains_key(&name) {
            continue;
        }
        let expected = case.numbers(&name);
        let norm = expected.iter().map(|g| g * g).sum::<f64>().sqrt();
        errors.push((distance(&numbers(data), &expected), norm, path));
    }
    let compared = case
        .expected
        .keys()
        .filter(|name| name.starts_with("grad."))
        .count();
    assert_eq!(errors.len(), compared);
    errors.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (error, norm, path) in errors.iter().take(8) {
        println!("gradient of {path} (norm {norm:.1e}): {error:.1e}");
    }
    match bars.gradients {
        Some([large, small]) => {
            for (error, norm, path) in &errors {
                let bar = if *norm > 1e-3 { large } else { small };
                assert!(
                    *error <= bar,
                    "gradient of {path} (norm {norm:.1e}) is off by {error:.2e}"
                );
            }
        }
        None => assert_within(
            "median gradient",
            errors[errors.len() / 2].0,
            CIFAR10_MEDIAN,
        ),
    }
}

fn check_trajectory(case: &Case, bar: f64, kernels: KernelChoice) {
    let rule = Rule::Kar3 {
        lr: 0.001,
        betas: [0.5, 0.95],
    };
    let mut optimizer = Optimizer::with_rule(&case.model, rule, &Device::flex());
    let mut params = case.params();
    for (step, expected) in case.numbers("kar3.losses").into_iter().enumerate() {
        let evaluation = case.evaluate(&params, case.batch(), kernels);
        let total = evaluation.terms.values().total;
        assert_within(
            &format!("loss after step {step}"),
            distance(&[total], &[expected]),
            bar,
        );
        params = optimizer.step(&params, evaluation.gradient, 0.001);
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity")
}

fn both(case: &Case, bars: &Bars) {
    for kernels in [KernelChoice::Composed, KernelChoice::Fused] {
        println!("--- {kernels:?}");
        check(case, bars, kernels);
    }
}

#[test]
fn tiny() {
    both(&Case::load(&here(), "tiny", "tiny.term", &[]), &TINY);
}

#[test]
fn tiny_tile() {
    both(
        &Case::load(
            &here(),
            "tiny_tile",
            "tiny.term",
            &["loss.slow_neural.compare=tile"],
        ),
        &TINY,
    );
}

#[test]
fn digits() {
    both(&Case::load(&here(), "digits", "digits.term", &[]), &DIGITS);
}

#[test]
fn cifar10() {
    let Some(folder) = std::env::var_os("TERMC_SHARED").map(|f| PathBuf::from(f).join("parity"))
    else {
        println!("skipped: TERMC_SHARED does not name a folder with parity/cifar10.*.safetensors");
        return;
    };
    both(
        &Case::load(&folder, "cifar10", "cifar10.term", &[]),
        &CIFAR10,
    );
}
