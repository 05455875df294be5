//! The operations of [`Kernels`](super::Kernels) in plain Burn: what fused kernels are compared with, and the fallback.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use termc_compiler::model::Over;

use super::Bias;
use crate::composed::{affine, elementwise, standardize as std};

pub use affine::depthwise;
pub use elementwise::{channel_mean, sigmoid, spatial_mean};

/// 1x1 convolution of the concatenation of `parts`.
pub fn pointwise<B: Backend>(
    parts: Vec<Tensor<B, 4>>,
    weight: Tensor<B, 2>,
    bias: Tensor<B, 1>,
) -> Tensor<B, 4> {
    let x = match <[_; 1]>::try_from(parts) {
        Ok([x]) => x,
        Err(parts) => elementwise::concat(parts),
    };
    affine::pointwise(x, (weight, bias))
}

/// `x * scale + shift` per channel.
pub fn rescale<B: Backend>(
    x: Tensor<B, 4>,
    scale: Tensor<B, 1>,
    shift: Tensor<B, 1>,
) -> Tensor<B, 4> {
    affine::rescale(x, [scale, shift])
}

/// Zero mean and unit biased variance.
pub fn standardize<B: Backend>(x: Tensor<B, 4>, over: Over) -> Tensor<B, 4> {
    match over {
        Over::Instance => std::standardize_instance(x),
        Over::Batch => std::standardize_batch(x),
        Over::Groups(groups) => std::standardize_groups(x, groups),
        Over::OddGroups(groups) => std::standardize_odd(x, groups),
    }
}

pub use std::standardize_scaled;

/// GELU, the exact form.
pub fn gelu<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 4> {
    elementwise::gelu(x)
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
        Bias::Scalar(b) => elementwise::bias_scalar(x, b),
        Bias::Spatial(b) => elementwise::bias_spatial(x, b),
    }
}

pub use crate::composed::slow_net::{slow_context, slow_line, slow_plane};

/// See [`Kernels::kar`](super::Kernels::kar).
pub fn kar<B: Backend>(
    params: Tensor<B, 1>,
    gradient: Tensor<B, 1>,
    averages: Vec<Tensor<B, 1>>,
    betas: &[f64],
    lr: f64,
) -> (Tensor<B, 1>, Vec<Tensor<B, 1>>) {
    let mut direction = gradient.clone().sign();
    let averages = averages.into_iter().zip(betas).map(|(average, beta)| {
        direction = direction.clone() + average.clone().sign();
        average.mul_scalar(*beta) + gradient.clone().mul_scalar(1.0 - beta)
    });
    let averages = averages.collect();
    (params - direction.mul_scalar(lr), averages)
}

/// See [`Kernels::norms`](super::Kernels::norms).
pub fn norms<B: Backend>(
    vectors: Vec<Tensor<B, 1>>,
    coefficients: &[f64],
) -> (Tensor<B, 1>, Tensor<B, 1>) {
    let mut norms = Vec::new();
    let mut gradient = Vec::new();
    for (vector, coefficient) in vectors.into_iter().zip(coefficients) {
        if *coefficient == 0.0 {
            gradient.push(vector.zeros_like());
            continue;
        }
        let norm = (vector.clone() * vector.clone()).sum().sqrt();
        let zero = norm.clone().equal_elem(0.0);
        let factor = norm.clone().mask_fill(zero, 1.0).recip();
        gradient.push(vector * factor.mul_scalar(*coefficient));
        norms.push(norm.mul_scalar(*coefficient));
    }
    let gradient = Tensor::cat(gradient, 0);
    let value = if norms.is_empty() {
        Tensor::zeros([1], &gradient.device())
    } else {
        Tensor::cat(norms, 0).sum()
    };
    (value, gradient)
}
