//! Fresh weights are distributed as the published ones: every tensor of 20 fresh CIFAR-10 models against 20 of the PyTorch reference,
//! whose quantiles, means and deviations lie in `starts/` with the program that made them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::path::Path;

use burn::tensor::Device;
use termc_compiler::{NoFiles, Options, compile};
use termc_runtime::import::export;
use termc_runtime::params::Params;
use termc_runtime::tensors::TensorFile;

const MODELS: u64 = 20;

/// Largest `sqrt(n / 2)` times the distance of two distributions of `n` values each. Kolmogorov and Smirnov: exceeded by one pair
/// in thirty million by chance.
const FAR: f64 = 3.0;

/// What the reference says of a tensor.
struct Reference {
    /// The quantiles 0.05, 0.10, ... 0.95.
    quantiles: Vec<f64>,
    mean: f64,
    deviation: f64,
}

/// Whether values are distributed like that; if not, how they differ.
fn compare(values: &[f64], reference: &Reference) -> Result<f64, String> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    let deviation = (square / count).sqrt();
    if reference.deviation == 0.0 {
        let same = values.iter().all(|x| (x - reference.mean).abs() < 1e-6);
        return match same {
            true => Ok(0.0),
            false => Err(format!("is not {} everywhere", reference.mean)),
        };
    }
    let below = |bound: f64| values.iter().filter(|x| **x <= bound).count() as f64 / count;
    let levels = reference.quantiles.iter().enumerate();
    let apart = levels.map(|(i, bound)| (below(*bound) - (i + 1) as f64 / 20.0).abs());
    let statistic = apart.fold(0.0, f64::max) * (count / 2.0).sqrt();
    // Two means of `count` values differ by their standard errors.
    let shift = (mean - reference.mean).abs() / reference.deviation * (count / 2.0).sqrt();
    let spread = (deviation / reference.deviation - 1.0).abs() * (count / 8.0).sqrt();
    if statistic > FAR || shift > 6.0 || spread > 6.0 {
        return Err(format!(
            "has mean {mean:.4e} and deviation {deviation:.4e}, the reference {:.4e} and {:.4e}; statistic {statistic:.2}",
            reference.mean, reference.deviation
        ));
    }
    Ok(statistic)
}

/// The values of every tensor of some fresh models, by published names.
fn fresh() -> Vec<(String, Vec<f64>)> {
    let text = include_str!("../../examples/cifar10.term");
    let compiled = compile("cifar10.term", text, &Options::default(), &NoFiles);
    let model = compiled.model.unwrap();
    let mut all: Vec<(String, Vec<f64>)> = vec![];
    for seed in 0..MODELS {
        let start = Params::init(&model, seed, &Device::flex()).to_tensors();
        for (i, (name, values)) in export(&model, &start).unwrap().into_iter().enumerate() {
            if seed == 0 {
                all.push((name, vec![]));
            }
            all[i].1.extend(values.iter::<f64>());
        }
    }
    all
}

#[test]
fn fresh_weights_are_distributed_as_published() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/starts/cifar10.safetensors");
    let references = TensorFile::read(&path).unwrap().tensors;
    let found = fresh();
    assert_eq!(found.len(), references.len());
    let mut wrong = vec![];
    let mut largest: f64 = 0.0;
    for (name, values) in &found {
        let numbers: Vec<f64> = references.get(name).unwrap().iter::<f64>().collect();
        let [quantiles @ .., mean, deviation] = numbers.as_slice() else {
            panic!("{name}");
        };
        let reference = Reference {
            quantiles: quantiles.to_vec(),
            mean: *mean,
            deviation: *deviation,
        };
        match compare(values, &reference) {
            Ok(statistic) => largest = largest.max(statistic),
            Err(how) => wrong.push(format!("{name} {how}")),
        }
    }
    println!("{} tensors, largest statistic {largest:.2}", found.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The comparison finds a deviation that is 5 % off in 200,000 values, and one constant in place of another.
#[test]
fn other_distributions_are_found() {
    let normal = |index: u64| termc_data::random::Key::new(3).normal(index);
    let mut values: Vec<f64> = (0..200_000).map(normal).collect();
    let (count, mean) = (
        values.len() as f64,
        values.iter().sum::<f64>() / values.len() as f64,
    );
    let deviation = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
    let mut sorted = values.clone();
    sorted.sort_by(f64::total_cmp);
    let quantiles = (1..20).map(|i| sorted[sorted.len() * i / 20 - 1]).collect();
    let reference = Reference {
        quantiles,
        mean,
        deviation,
    };
    assert!(compare(&values, &reference).unwrap() < 0.01);
    values.iter_mut().for_each(|x| *x *= 1.05);
    assert!(compare(&values, &reference).is_err());
    let zeros = Reference {
        quantiles: vec![0.0; 19],
        mean: 0.0,
        deviation: 0.0,
    };
    assert!(compare(&[0.0, 1.0], &zeros).is_err());
}
