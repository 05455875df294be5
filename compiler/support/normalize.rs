//! Means, standardization and normalization over any axes of `[N, C, H, W]`: 0 the images, 1 the channels, 2 and 3 the
//! positions. Axes keep size 1.

use burn::tensor::Tensor;

/// Smallest norm a value is divided by.
pub const NORM_FLOOR: f64 = 1e-12;

/// The mean over axes, given in rising order.
///
/// Axis by axis from the last: short sums round little, and gradients here are often what is left of cancelling ones.
pub fn mean_over(x: Tensor<4>, axes: &[usize]) -> Tensor<4> {
    axes.iter().rev().fold(x, |x, axis| x.mean_dim(*axis))
}

/// `(x - mean) / sqrt(var + eps)` over axes; biased variance.
pub fn standardize_over(x: Tensor<4>, axes: &[usize], eps: f64) -> Tensor<4> {
    let centred = x.clone() - mean_over(x, axes);
    let variance = mean_over(centred.clone().square(), axes);
    centred / (variance + eps).sqrt()
}

/// `x / max(||x||, 1e-12)` with the L2 norm over axes.
///
/// The floor is put under the square, whose root has no slope at 0.
pub fn normalize_over(x: Tensor<4>, axes: &[usize]) -> Tensor<4> {
    let axes = axes.iter().rev();
    let squares = axes.fold(x.clone().square(), |sum, axis| sum.sum_dim(*axis));
    x / squares.clamp_min(NORM_FLOOR * NORM_FLOOR).sqrt()
}

/// `(x - mean) / sqrt(var + eps)` with the mean and variance of each channel, `[C]`.
pub fn standardize_known(x: Tensor<4>, moments: [Tensor<1>; 2], eps: f64) -> Tensor<4> {
    let [mean, var] = moments.map(|all| all.reshape([1, -1, 1, 1]));
    (x - mean) / (var + eps).sqrt()
}

/// Mean and unbiased variance of each channel over images and positions, `[C]`; the variance of a single value is 0.
pub fn moments(x: Tensor<4>) -> [Tensor<1>; 2] {
    let [images, channels, height, width] = x.dims();
    let count = (images * height * width) as f64;
    let mean = mean_over(x.clone(), &[0, 2, 3]);
    let var = mean_over((x - mean.clone()).square(), &[0, 2, 3]);
    let var = var.mul_scalar(count / (count - 1.0).max(1.0));
    [mean, var].map(|all| all.reshape([channels]))
}
