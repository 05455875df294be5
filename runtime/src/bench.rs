//! Times training steps and forward passes on made-up images. Reads no data and keeps no results.

use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::model::Model;
use termc_data::random::Key;
use termc_kernels::reserved_bytes;

use crate::Error;
use crate::loss::one_hot;
use crate::network::{Dropout, KernelChoice, Network, Pass, Precision};
use crate::objective::evaluate;
use crate::optim::Optimizer;
use crate::params::Params;

/// What is timed.
pub struct Bench<'a> {
    /// The model, with fresh weights.
    pub model: &'a Model,
    /// Images per batch.
    pub batch: usize,
    /// Repetitions that are not timed.
    pub warmup: usize,
    /// Timed repetitions, of which the median counts.
    pub repeat: usize,
    /// Whether training steps are timed.
    pub train: bool,
    /// Whether forward passes are timed.
    pub inference: bool,
    /// Which code computes.
    pub kernels: KernelChoice,
    /// Type of the activations.
    pub precision: Precision,
}

/// Medians.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Seconds of a training step: forward, backward, update.
    pub train_step_s: Option<f64>,
    /// Seconds of a forward pass.
    pub inference_s: Option<f64>,
    /// The most memory this process has had where the system tells: on a GPU of the device's memory, which it gives back
    /// at its end only, else of the machine's.
    pub peak_bytes: Option<u64>,
}

impl Bench<'_> {
    /// Times the model on a device.
    ///
    /// # Errors
    /// If the device fails.
    pub fn run(&self, device: &Device) -> Result<Figures, Error> {
        let model = self.model;
        let network = Network::new(model);
        let mut params = Params::init(model, 0, device);
        let [_, channels, height, width] = model.input.dims(1);
        let key = Key::new(0).named("bench");
        let count = self.batch * channels * height * width;
        let pixels: Vec<f32> = (0..count as u64).map(|i| key.normal(i) as f32).collect();
        let data = TensorData::new(pixels, [self.batch, channels, height, width]);
        let input = Tensor::<4>::from_data(data, device);
        let labels: Vec<usize> = (0..self.batch).map(|i| i % model.classes.max(1)).collect();
        let targets = one_hot(&labels, model.classes, device);
        let mut pass = Pass {
            kernels: self.kernels,
            precision: self.precision,
            ..Pass::default()
        };
        let forward = |_| {
            let forward = network.forward(&params, input.clone(), &pass);
            finished(&forward.logits, device)
        };
        let inference_s = match self.inference {
            true => Some(self.median(forward)?),
            false => None,
        };
        let mut optimizer = Optimizer::new(model, device);
        let step = |step: usize| {
            pass.dropout = Some(Dropout {
                key: key.at(step as u64),
                first_image: 0,
            });
            let (input, targets) = (input.clone(), targets.clone());
            let found = evaluate(&network, &params, input, targets, &pass);
            params = optimizer.step(&params, found.gradient, 1e-6);
            let _ = found.terms.values();
            // The update may still be waiting to be computed.
            finished(&params.flat().narrow(0, 0, 1), device)
        };
        let train_step_s = match self.train {
            true => Some(self.median(step)?),
            false => None,
        };
        Ok(Figures {
            train_step_s,
            inference_s,
            peak_bytes: reserved_bytes(device).or_else(peak_bytes),
        })
    }

    /// Runs it as often as asked for and gives the median of the seconds it takes.
    fn median(&self, mut run: impl FnMut(usize) -> Result<(), Error>) -> Result<f64, Error> {
        (0..self.warmup).try_for_each(&mut run)?;
        let mut times = Vec::new();
        for step in 0..self.repeat.max(1) {
            let began = Instant::now();
            run(self.warmup + step)?;
            times.push(began.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let (low, high) = (times.get((times.len() - 1) / 2), times.get(times.len() / 2));
        Ok(match (low, high) {
            (Some(low), Some(high)) => (low + high) / 2.0,
            _ => 0.0,
        })
    }
}

/// Waits until a value is computed, by fetching it, and the device has nothing left to do.
fn finished<const D: usize>(value: &Tensor<D>, device: &Device) -> Result<(), Error> {
    let failed = |error| Error::Device(format!("the device failed: {error}"));
    value.try_to_data().map_err(failed)?;
    device.sync().map_err(failed)
}

/// The peak of the resident memory, from Linux's `/proc`.
pub fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kilobytes.checked_mul(1024)
}
