//! Depthwise convolutions and per-channel matrix products on tensors, with their gradients.

use burn::tensor::TensorMetadata;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_flex::FlexTensor;

use super::record::{Tracked, record};
use super::tensor::{contiguous, dims4, values};
use super::{depthwise, matmul};

fn depthwise_sizes(x: &FlexTensor, kernel: &FlexTensor) -> depthwise::Sizes {
    let [n, channels, height, width] = dims4(x);
    depthwise::Sizes {
        n,
        channels,
        height,
        width,
        k: dims4(kernel)[3],
    }
}

/// Depthwise convolution with kernel `[1, C, k, k]`.
pub fn depthwise(x: &FlexTensor, kernel: &FlexTensor) -> FlexTensor {
    let sizes = depthwise_sizes(x, kernel);
    depthwise::forward(values(x), values(kernel), sizes).into_tensor(x.shape())
}

/// As [`depthwise`](fn@depthwise), recorded.
pub fn depthwise_tracked<C: CheckpointStrategy>(x: Tracked<C>, kernel: Tracked<C>) -> Tracked<C> {
    let (input, taps) = (
        contiguous(x.primitive.clone()),
        contiguous(kernel.primitive.clone()),
    );
    let y = depthwise(&input, &taps);
    record::<C, _>(&[&x, &kernel], y, move |grad, wanted| {
        let grad = contiguous(grad);
        let sizes = depthwise_sizes(&input, &taps);
        let wanted = [wanted[0], wanted[1]];
        let [dx, dk] =
            depthwise::backward(values(&grad), values(&input), values(&taps), sizes, wanted);
        vec![
            dx.map(|d| d.into_tensor(input.shape())),
            dk.map(|d| d.into_tensor(taps.shape())),
        ]
    })
}

/// Whether both have the same images and channels, so that no axis is stretched.
pub fn aligned(a: &FlexTensor, b: &FlexTensor) -> bool {
    dims4(a)[..2] == dims4(b)[..2]
}

fn matmul_sizes(a: &FlexTensor, b: &FlexTensor) -> matmul::Sizes {
    let [n, channels, rows, inner] = dims4(a);
    matmul::Sizes {
        count: n * channels,
        rows,
        inner,
        columns: dims4(b)[3],
    }
}

/// Matrix product over the last two axes of [`aligned`] tensors.
pub fn matmul(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    let ([n, channels, rows, _], [.., columns]) = (dims4(a), dims4(b));
    matmul::forward(values(a), values(b), matmul_sizes(a, b))
        .into_tensor([n, channels, rows, columns])
}

/// As [`matmul`](fn@matmul), recorded.
pub fn matmul_tracked<C: CheckpointStrategy>(a: Tracked<C>, b: Tracked<C>) -> Tracked<C> {
    let (left, right) = (
        contiguous(a.primitive.clone()),
        contiguous(b.primitive.clone()),
    );
    let y = matmul(&left, &right);
    record::<C, _>(&[&a, &b], y, move |grad, wanted| {
        let grad = contiguous(grad);
        let wanted = [wanted[0], wanted[1]];
        let sizes = matmul_sizes(&left, &right);
        let [da, db] =
            matmul::backward(values(&grad), values(&left), values(&right), sizes, wanted);
        vec![
            da.map(|d| d.into_tensor(left.shape())),
            db.map(|d| d.into_tensor(right.shape())),
        ]
    })
}
