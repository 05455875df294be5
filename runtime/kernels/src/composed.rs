//! Every operation in plain Burn: what fused kernels are compared with, and what stands in where there is none. The modules
//! of `compiler/support/` are the very text that emitted source carries.

#[path = "../../../compiler/support/affine.rs"]
pub mod affine;
#[path = "../../../compiler/support/elementwise.rs"]
pub mod elementwise;
#[path = "../../../compiler/support/grid.rs"]
pub mod grid;
#[path = "../../../compiler/support/long_conv.rs"]
pub mod long_conv;
#[path = "../../../compiler/support/normalize.rs"]
pub mod normalize;
#[path = "../../../compiler/support/pooling.rs"]
pub mod pooling;
pub mod slow_net;
#[path = "../../../compiler/support/standardize.rs"]
pub mod standardize_forms;

use burn::tensor::Tensor;

use self::standardize_forms as form;
use crate::call::{Edges, Over};
use crate::operations::Bias;

pub use self::affine::depthwise;
pub use self::elementwise::{sigmoid, spatial_mean};
pub use self::form::standardize_scaled;
pub use self::slow_net::{slow_context, slow_line, slow_plane};

/// 1x1 convolution of the concatenation of `parts`.
pub fn pointwise(parts: Vec<Tensor<4>>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<4> {
    let x = match <[_; 1]>::try_from(parts) {
        Ok([x]) => x,
        Err(parts) => elementwise::concat(parts),
    };
    affine::pointwise(x, (weight, bias))
}

/// `x * scale + shift` per channel.
pub fn rescale(x: Tensor<4>, scale: Tensor<1>, shift: Tensor<1>) -> Tensor<4> {
    affine::rescale(x, [scale, shift])
}

/// Zero mean and unit biased variance.
pub fn standardize(x: Tensor<4>, over: Over) -> Tensor<4> {
    match over {
        Over::Instance => form::standardize_instance(x),
        Over::Batch => form::standardize_batch(x),
        Over::Groups(groups) => form::standardize_groups(x, groups),
        Over::OddGroups(groups) => form::standardize_odd(x, groups),
    }
}

/// Mean over the channels: `[N, 1, H, W]`.
pub fn channel_mean(x: Tensor<4>) -> Tensor<4> {
    x.mean_dim(1)
}

/// GELU, the exact form.
pub fn gelu(x: Tensor<4>) -> Tensor<4> {
    elementwise::gelu(x)
}

/// Sum; axes of size 1 are expanded.
pub fn add(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    a + b
}

/// Product; axes of size 1 are expanded.
pub fn mul(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    a * b
}

/// Per-channel matrix product.
pub fn matmul(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    a.matmul(b)
}

/// Convolution with a kernel of as many positions.
pub fn long_conv(x: Tensor<4>, kernel: Tensor<4>, edges: Edges) -> Tensor<4> {
    match edges {
        Edges::Circular => long_conv::long_conv_circular(x, kernel),
        Edges::Zero => long_conv::long_conv_zero(x, kernel),
        Edges::Causal => long_conv::long_conv_causal(x, kernel),
    }
}

/// Adds a scalar or one value per position.
pub fn bias(x: Tensor<4>, bias: Bias) -> Tensor<4> {
    match bias {
        Bias::Scalar(b) => x + b.unsqueeze(),
        Bias::Spatial(b) => x + b.unsqueeze(),
    }
}

/// See [`KernelChoice::kar`](crate::KernelChoice::kar).
pub fn kar(
    params: Tensor<1>,
    gradient: Tensor<1>,
    averages: Vec<Tensor<1>>,
    betas: &[f64],
    lr: f64,
) -> (Tensor<1>, Vec<Tensor<1>>) {
    let mut direction = gradient.clone().sign();
    let averages = averages.into_iter().zip(betas).map(|(average, beta)| {
        direction = direction.clone() + average.clone().sign();
        average.mul_scalar(*beta) + gradient.clone().mul_scalar(1.0 - beta)
    });
    let averages = averages.collect();
    (params - direction.mul_scalar(lr), averages)
}

/// See [`KernelChoice::cut`](crate::KernelChoice::cut).
pub fn cut(vector: Tensor<1>, sizes: &[usize]) -> Vec<Tensor<1>> {
    let mut start = 0;
    let pieces = sizes.iter().map(|size| {
        let piece = vector.clone().narrow(0, start, *size);
        start += size;
        piece
    });
    pieces.collect()
}

/// See [`KernelChoice::norms`](crate::KernelChoice::norms).
pub fn norms(vector: Tensor<1>, sizes: &[usize], coefficients: &[f64]) -> (Tensor<1>, Tensor<1>) {
    let mut norms = Vec::new();
    let mut gradient = Vec::new();
    for (piece, coefficient) in cut(vector.clone(), sizes).into_iter().zip(coefficients) {
        if *coefficient == 0.0 {
            gradient.push(piece.zeros_like());
            continue;
        }
        let norm = (piece.clone() * piece.clone()).sum().sqrt();
        let zero = norm.clone().equal_elem(0.0);
        let factor = norm.clone().mask_fill(zero, 1.0).recip();
        gradient.push(piece * factor.mul_scalar(*coefficient));
        norms.push(norm.mul_scalar(*coefficient));
    }
    let gradient = Tensor::cat(gradient, 0);
    let value = if norms.is_empty() {
        Tensor::zeros([1], &vector.device())
    } else {
        Tensor::cat(norms, 0).sum()
    };
    (value, gradient)
}

/// See [`KernelChoice::sines`](crate::KernelChoice::sines).
pub fn sines(weight: Tensor<2>, bias: Tensor<1>, sides: &[usize]) -> Tensor<2> {
    grid::sine((weight, bias), &grid::axes(sides))
}
