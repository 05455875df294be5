//! Pooling of positions, with plain Burn operations.

use burn::tensor::Tensor;
use burn::tensor::module::adaptive_avg_pool2d;

/// Means over windows: position i of n of an axis of length L is the mean over `floor(i L / n) .. ceil((i + 1) L / n)`.
/// `[N, C, H, W]` to `[N, C, height, width]`; the width of a line is 1.
pub fn adaptive_avg_pool(x: Tensor<4>, [height, width]: [usize; 2]) -> Tensor<4> {
    adaptive_avg_pool2d(x, [height, width])
}
