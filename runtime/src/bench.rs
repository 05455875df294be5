//! Times training steps and forward passes on made-up images. Reads no data and keeps no results.

use std::time::Instant;

use burn::tensor::Tensor;
use burn::tensor::TensorData;
use termc_compiler::model::Model;

use crate::device::{Devices, Job, TrainBackend};
use crate::loss::one_hot;
use crate::network::{Dropout, KernelChoice, Network, Pass, Precision};
use crate::objective::evaluate;
use crate::optim::Optimizer;
use crate::params::Params;
use crate::random::Key;

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

impl Job for Bench<'_> {
    type Out = Figures;

    fn run<B: TrainBackend>(self, devices: Devices<B>) -> Figures {
        let device = devices.main;
        let model = self.model;
        let network = Network::new(model);
        let mut params = Params::<B::InnerBackend>::init(model, 0, &device);
        let [channels, height, width] = model.input;
        let key = Key::new(0).named("bench");
        let count = self.batch * channels * height * width;
        let pixels: Vec<f32> = (0..count as u64).map(|i| key.normal(i) as f32).collect();
        let data = TensorData::new(pixels, [self.batch, channels, height, width]);
        let input = Tensor::<B::InnerBackend, 4>::from_data(data, &device);
        let labels: Vec<usize> = (0..self.batch).map(|i| i % model.classes.max(1)).collect();
        let targets = one_hot::<B::InnerBackend>(&labels, model.classes, &device);
        let mut pass = Pass {
            kernels: self.kernels,
            precision: self.precision,
            ..Pass::default()
        };
        let inference_s = self.inference.then(|| {
            self.median(|_| {
                let forward = network.forward(&params, input.clone(), &pass);
                // Fetching waits for the device.
                let _ = forward.logits.into_data();
                let _ = B::sync(&device);
            })
        });
        let mut optimizer = Optimizer::new(model, &device);
        let train_step_s = self.train.then(|| {
            self.median(|step| {
                pass.dropout = Some(Dropout {
                    key: key.at(step as u64),
                    first_image: 0,
                });
                let (input, targets) = (input.clone(), targets.clone());
                let found = evaluate::<B>(&network, &params, input, targets, &pass);
                params = optimizer.step(&params, found.gradient, 1e-6);
                let _ = found.terms.values();
                // The update may still be waiting to be computed.
                let _ = params.flat().narrow(0, 0, 1).into_data();
                let _ = B::sync(&device);
            })
        });
        Figures {
            train_step_s,
            inference_s,
            peak_bytes: B::reserved_bytes(&device).or_else(peak_bytes),
        }
    }
}

impl Bench<'_> {
    fn median(&self, mut run: impl FnMut(usize)) -> f64 {
        (0..self.warmup).for_each(&mut run);
        let mut times: Vec<f64> = (0..self.repeat.max(1))
            .map(|step| {
                let began = Instant::now();
                run(self.warmup + step);
                began.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let (low, high) = (times.get((times.len() - 1) / 2), times.get(times.len() / 2));
        match (low, high) {
            (Some(low), Some(high)) => (low + high) / 2.0,
            _ => 0.0,
        }
    }
}

/// The peak of the resident memory, from Linux's `/proc`.
pub fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kilobytes.checked_mul(1024)
}
