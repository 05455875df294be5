//! Activations, biases, dropout, means and the joining of channels, with plain Burn operations.

use burn::tensor::{Distribution, Tensor, activation};

/// GELU, the exact form `x * (1 + erf(x / sqrt 2)) / 2`.
///
/// Spelled out: the gradient of Burn's own is, on some devices, that of the tanh approximation.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let gate = x.clone().mul_scalar(core::f64::consts::FRAC_1_SQRT_2).erf();
    x * gate.add_scalar(1.0).mul_scalar(0.5)
}

/// The logistic function `1 / (1 + exp(-x))`.
pub fn sigmoid(x: Tensor<4>) -> Tensor<4> {
    activation::sigmoid(x)
}

/// `x / (1 + exp(-x))`, elsewhere called swish.
pub fn silu(x: Tensor<4>) -> Tensor<4> {
    x.clone() * activation::sigmoid(x)
}

/// In training (on a device with autodiff), zeroes numbers with probability `rate` and scales the others by
/// `1 / (1 - rate)`; otherwise changes nothing. One draw for all of the axes `shared`: `[2, 3]` drops whole channels of
/// single images. Draws from the device's generator.
pub fn dropout(x: Tensor<4>, rate: f64, shared: &[usize]) -> Tensor<4> {
    let device = x.device();
    if rate == 0.0 || !device.is_autodiff() {
        return x;
    }
    let mut shape = x.dims();
    let sizes = shape.iter_mut().enumerate();
    let shared = sizes.filter(|(axis, _)| shared.contains(axis));
    shared.for_each(|(_, size)| *size = 1);
    let mask = Tensor::random(shape, Distribution::Bernoulli(1.0 - rate), &device);
    x * mask.div_scalar(1.0 - rate)
}

/// Repeats all channels `times` times, in order.
///
/// By concatenation: the gradient of Burn's own repetition added up the wrong channels in 0.21.
pub fn tile(x: Tensor<4>, times: usize) -> Tensor<4> {
    Tensor::cat(vec![x; times], 1)
}

/// Joins along channels; parts of one image are repeated for each image of the others.
pub fn concat(parts: Vec<Tensor<4>>) -> Tensor<4> {
    Tensor::cat(for_each_image(parts), 1)
}

/// Parts of one image, repeated where others have more.
pub fn for_each_image(parts: Vec<Tensor<4>>) -> Vec<Tensor<4>> {
    let images = parts.iter().map(|part| part.dims()[0]).max().unwrap_or(1);
    let each = parts.into_iter().map(|part| {
        let [batch, channels, height, width] = part.dims();
        match batch == images {
            true => part,
            false => part.expand([images, channels, height, width]),
        }
    });
    each.collect()
}

/// Mean over positions: `[N, C, 1, 1]`.
pub fn spatial_mean(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let x = x.reshape([batch, channels, height * width]);
    x.mean_dim(2).reshape([batch, channels, 1, 1])
}
