//! The operations written with plain Burn tensors: what fused kernels are compared with, and the fallback everywhere.

use burn::tensor::backend::Backend;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, activation};
use termc_compiler::model::Over;

use super::Bias;

/// 1x1 convolution of the concatenation of `parts`.
pub fn pointwise<B: Backend>(
    parts: Vec<Tensor<B, 4>>,
    weight: Tensor<B, 2>,
    bias: Tensor<B, 1>,
) -> Tensor<B, 4> {
    let x = Tensor::cat(parts, 1);
    let weight = weight.unsqueeze_dims::<4>(&[-1, -1]);
    conv2d(
        x,
        weight,
        Some(bias),
        ConvOptions::new([1, 1], [0, 0], [1, 1], 1),
    )
}

/// Depthwise convolution, stride 1, zero padding `(k-1)/2`.
pub fn depthwise<B: Backend>(x: Tensor<B, 4>, kernel: Tensor<B, 4>) -> Tensor<B, 4> {
    let [_, channels, k, _] = kernel.dims();
    let padding = (k - 1) / 2;
    let kernel = kernel.swap_dims(0, 1);
    let options = ConvOptions::new([1, 1], [padding, padding], [1, 1], channels);
    conv2d(x, kernel, None, options)
}

fn standardize_axes<B: Backend>(x: Tensor<B, 4>, axes: &[usize]) -> Tensor<B, 4> {
    let mean = axes.iter().fold(x.clone(), |m, &axis| m.mean_dim(axis));
    let centred = x - mean;
    let var = axes
        .iter()
        .fold(centred.clone().square(), |v, &axis| v.mean_dim(axis));
    centred / (var + 1e-5).sqrt()
}

/// Zero mean and unit biased variance.
pub fn standardize<B: Backend>(x: Tensor<B, 4>, over: Over) -> Tensor<B, 4> {
    match over {
        Over::Instance => standardize_axes(x, &[2, 3]),
        Over::Batch => standardize_axes(x, &[0, 2, 3]),
        Over::Groups(groups) => {
            let parts = x.chunk(groups, 1).into_iter().enumerate();
            let parts = parts.map(|(i, part)| match i % 2 {
                0 => standardize_axes(part, &[0, 2, 3]),
                _ => standardize_axes(part, &[2, 3]),
            });
            Tensor::cat(parts.collect(), 1)
        }
    }
}

/// GELU, the exact form.
pub fn gelu<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 4> {
    activation::gelu(x)
}

/// Logistic function.
pub fn sigmoid<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 4> {
    activation::sigmoid(x)
}

/// Sum with stretching.
pub fn add<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 4> {
    a + b
}

/// Product with stretching.
pub fn mul<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 4> {
    a * b
}

/// Per-channel matrix product.
pub fn matmul<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 4> {
    a.matmul(b)
}

/// Adds a scalar or one value per position.
pub fn bias<B: Backend>(x: Tensor<B, 4>, bias: Bias<B>) -> Tensor<B, 4> {
    match bias {
        Bias::Scalar(b) => x + b.unsqueeze(),
        Bias::Spatial(b) => x + b.unsqueeze(),
    }
}

/// Mean over channels.
pub fn channel_mean<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 4> {
    x.mean_dim(1)
}

/// Mean over positions.
pub fn spatial_mean<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 4> {
    x.mean_dim(2).mean_dim(3)
}
