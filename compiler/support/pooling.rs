//! Pooling of positions, with plain Burn operations.

use burn::tensor::Tensor;
use burn::tensor::module::{adaptive_avg_pool2d, avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};

/// Means over windows: position i of n of an axis of length L is the mean over `floor(i L / n) .. ceil((i + 1) L / n)`.
/// `[N, C, H, W]` to `[N, C, height, width]`; the width of a line is 1.
pub fn adaptive_avg_pool(x: Tensor<4>, [height, width]: [usize; 2]) -> Tensor<4> {
    adaptive_avg_pool2d(x, [height, width])
}

/// The largest scalar of each window, `[N, C, H, W]` to `[N, C, positions of windows]`; beyond the edges there is nothing.
pub fn max_pool(
    x: Tensor<4>,
    window: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    let options = MaxPoolOptions::new(window).with_stride(stride);
    max_pool2d(x, options.with_padding(padding))
}

/// The mean of each window, `[N, C, H, W]` to `[N, C, positions of windows]`; what lies beyond the edges does not count.
pub fn avg_pool(
    x: Tensor<4>,
    window: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Tensor<4> {
    let options = AvgPoolOptions::new(window).with_stride(stride);
    let options = options.with_padding(padding);
    avg_pool2d(x, options.with_count_include_pad(false))
}
