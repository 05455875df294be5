//! Standardization to zero mean and unit variance, without parameters or running statistics.

use burn::tensor::Tensor;

/// Added to the variance before its root is taken.
pub const EPSILON: f64 = 1e-5;

/// `(x - mean) / sqrt(var + 1e-5)` over `(H, W)`: each image and channel by itself; biased variance.
pub fn standardize_instance(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let x = x.reshape([batch, channels, height * width]);
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let y = centred / (variance + EPSILON).sqrt();
    y.reshape([batch, channels, height, width])
}

/// `(x - mean) / sqrt(var + 1e-5)` over `(N, H, W)`: couples the images of a batch; biased variance.
pub fn standardize_batch(x: Tensor<4>) -> Tensor<4> {
    // Axis by axis: short sums round little, and gradients here are what is left of cancelling ones.
    let centred = x.clone() - x.mean_dim(3).mean_dim(2).mean_dim(0);
    let variance = centred.clone().square().mean_dim(3).mean_dim(2);
    centred / (variance.mean_dim(0) + EPSILON).sqrt()
}

/// Least factor [`standardize_scaled`] tells from zero.
const LEAST_SCALE: f64 = 1e-12;

/// [`standardize_instance`] of `x * scale` for positive factors `scale` `[N, C, 1, 1]`, as
/// `(x - mean) / sqrt(var + 1e-5 / scale^2)`.
///
/// The factor cancels but for its share in the epsilon; this form's gradient holds that share alone, where the product's
/// would be a difference of numbers 1e5 times as large. The reciprocal comes before the square: the gradient of the other
/// order divides by `scale^4`, which float32 cannot hold below 1e-9.
pub fn standardize_scaled(x: Tensor<4>, scale: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let [images, factors, ..] = scale.dims();
    let scale = scale.reshape([images, factors, 1]).clamp_min(LEAST_SCALE);
    let x = x.reshape([batch, channels, height * width]);
    let centred = x.clone() - x.mean_dim(2);
    let variance = centred.clone().square().mean_dim(2);
    let y = centred / (variance + scale.recip().square() * EPSILON).sqrt();
    y.reshape([batch, channels, height, width])
}

/// G-IBS: `groups` equal parts of the channels, even ones (0, 2, ...) over the batch, odd ones per instance.
pub fn standardize_groups(x: Tensor<4>, groups: usize) -> Tensor<4> {
    let parts = x.chunk(groups, 1).into_iter().enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        0 => standardize_batch(part),
        _ => standardize_instance(part),
    });
    Tensor::cat(parts.collect(), 1)
}

/// G-IBS once the statistics of the even groups are worked in elsewhere: `groups` equal parts of the channels, odd
/// ones (1, 3, ...) per instance, even ones left as they are.
pub fn standardize_odd(x: Tensor<4>, groups: usize) -> Tensor<4> {
    let parts = x.chunk(groups, 1).into_iter().enumerate();
    let parts = parts.map(|(index, part)| match index % 2 {
        0 => part,
        _ => standardize_instance(part),
    });
    Tensor::cat(parts.collect(), 1)
}
