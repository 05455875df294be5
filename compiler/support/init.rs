//! Fresh parameters of emitted models, drawn from the device's own generator; the runtime has its own, seeded.

use burn::module::Param;
use burn::tensor::{Device, Distribution, Tensor, TensorData};

/// A distribution of fresh parameters; gains are relative to `1 / sqrt(fan in)`.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "few models use all of them")]
pub enum Init {
    /// This value everywhere.
    Constant(f64),
    /// Uniform on `[-gain, gain]`.
    Uniform(f64),
    /// Normal with mean 0 and standard deviation `gain`.
    Normal(f64),
    /// Uniform with gain `sqrt(3)`.
    KaimingUniform,
    /// Normal with gain `sqrt(2)`.
    KaimingNormal,
}

impl Init {
    /// A fresh parameter, `scale` times a draw for `inputs` inputs.
    fn draw<const D: usize>(
        self,
        shape: [usize; D],
        inputs: usize,
        scale: f64,
        device: &Device,
    ) -> Param<Tensor<D>> {
        let unit = scale / (inputs as f64).sqrt();
        let distribution = match self {
            Self::Constant(value) => {
                return Param::from_tensor(Tensor::full(shape, value * scale, device));
            }
            Self::Uniform(gain) => Distribution::Uniform(-gain * unit, gain * unit),
            Self::Normal(gain) => Distribution::Normal(0.0, gain * unit),
            Self::KaimingUniform => {
                let bound = 3f64.sqrt() * unit;
                Distribution::Uniform(-bound, bound)
            }
            Self::KaimingNormal => Distribution::Normal(0.0, 2f64.sqrt() * unit),
        };
        Param::from_tensor(Tensor::random(shape, distribution, device))
    }
}

/// A fresh bias.
fn fresh<const D: usize>(shape: [usize; D], init: Init, device: &Device) -> Param<Tensor<D>> {
    init.draw(shape, 1, 1.0, device)
}

/// A fresh filter weight: uniform on `[-1, 1] / sqrt(dims)`, times `scale`, times a Gamma(`concentration`, 1) variate.
fn filter_weight(
    shape: [usize; 2],
    scale: f64,
    concentration: f64,
    device: &Device,
) -> Param<Tensor<2>> {
    let [hidden, dims] = shape;
    let bound = scale / (dims as f64).sqrt();
    let direction = Tensor::random(shape, Distribution::Uniform(-bound, bound), device);
    let variates = gamma(concentration, hidden * dims, device);
    let length = Tensor::from_data(TensorData::new(variates, shape), device);
    Param::from_tensor(direction * length)
}

/// Gamma(`concentration`, 1) variates by the method of Marsaglia and Tsang.
fn gamma(concentration: f64, count: usize, device: &Device) -> Vec<f32> {
    // Below 1, one more is drawn for and the result is scaled down.
    let (shape, boost) = match concentration < 1.0 {
        true => (concentration + 1.0, 1.0 / concentration),
        false => (concentration, 0.0),
    };
    let draw = |distribution| {
        let draws = Tensor::<1>::random([count], distribution, device).into_data();
        draws.iter::<f64>().collect::<Vec<f64>>()
    };
    let d = shape - 1.0 / 3.0;
    let mut variates = Vec::with_capacity(count);
    while variates.len() < count {
        let normal = draw(Distribution::Normal(0.0, 1.0));
        let accept = draw(Distribution::Uniform(0.0, 1.0));
        let lower = draw(Distribution::Uniform(0.0, 1.0));
        for ((x, u), w) in normal.into_iter().zip(accept).zip(lower) {
            let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                variates.push((d * v * w.powf(boost)) as f32);
            }
        }
    }
    variates.truncate(count);
    variates
}
