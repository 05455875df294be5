//! Activations, biases, dropout, means and the joining of channels, with plain Burn operations.

use burn::tensor::backend::Backend;
use burn::tensor::{Distribution, Tensor, activation};

/// GELU, the exact form `x * (1 + erf(x / sqrt 2)) / 2`.
///
/// Spelled out: the gradient of Burn's own is, on some backends, that of the tanh approximation.
pub fn gelu<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    let gate = x.clone().mul_scalar(core::f64::consts::FRAC_1_SQRT_2).erf();
    x * gate.add_scalar(1.0).mul_scalar(0.5)
}

/// The logistic function `1 / (1 + exp(-x))`.
pub fn sigmoid<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 4> {
    activation::sigmoid(x)
}

/// Adds one number, `[1]`, everywhere.
pub fn bias_scalar<B: Backend>(x: Tensor<B, 4>, bias: Tensor<B, 1>) -> Tensor<B, 4> {
    x + bias.unsqueeze()
}

/// Adds one number per position, `[H, W]`, to every image and channel.
pub fn bias_spatial<B: Backend>(x: Tensor<B, 4>, bias: Tensor<B, 2>) -> Tensor<B, 4> {
    x + bias.unsqueeze()
}

/// In training (on a differentiating backend), zeroes whole channels of single images with probability `rate` and
/// scales the others by `1 / (1 - rate)`; otherwise changes nothing. Draws from the backend's generator.
pub fn dropout_channels<B: Backend>(x: Tensor<B, 4>, rate: f64) -> Tensor<B, 4> {
    let device = x.device();
    if !B::ad_enabled(&device) {
        return x;
    }
    let [batch, channels, ..] = x.dims();
    let keep = Distribution::Bernoulli(1.0 - rate);
    let mask = Tensor::random([batch, channels, 1, 1], keep, &device);
    x * mask.div_scalar(1.0 - rate)
}

/// Repeats all channels `times` times, in order.
///
/// By concatenation: the gradient of Burn 0.21's own repetition adds up the wrong channels.
pub fn tile<B: Backend>(x: Tensor<B, 4>, times: usize) -> Tensor<B, 4> {
    Tensor::cat(vec![x; times], 1)
}

/// Joins along channels.
pub fn concat<B: Backend>(parts: Vec<Tensor<B, 4>>) -> Tensor<B, 4> {
    Tensor::cat(parts, 1)
}

/// Mean over channels: `[N, 1, H, W]`.
pub fn channel_mean<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 4> {
    x.mean_dim(1)
}

/// Mean over positions: `[N, C, 1, 1]`.
pub fn spatial_mean<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 4> {
    let [batch, channels, height, width] = x.dims();
    let x = x.reshape([batch, channels, height * width]);
    x.mean_dim(2).reshape([batch, channels, 1, 1])
}
