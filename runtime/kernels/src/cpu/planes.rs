//! Depthwise convolutions and per-channel matrix products on tensors, with their gradients.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::tensor::{dims4, values};
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

/// The gradients that are needed of the map and the kernel.
pub fn depthwise_gradients(
    grad: &FlexTensor,
    x: &FlexTensor,
    kernel: &FlexTensor,
    needs: &[bool],
) -> Vec<FlexTensor> {
    let sizes = depthwise_sizes(x, kernel);
    let needs = [needs[0], needs[1]];
    let [dx, dk] = depthwise::backward(values(grad), values(x), values(kernel), sizes, needs);
    let dx = dx.map(|d| d.into_tensor(x.shape()));
    let dk = dk.map(|d| d.into_tensor(kernel.shape()));
    dx.into_iter().chain(dk).collect()
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

/// Matrix product over the last two axes of tensors of equal batch and channels.
pub fn matmul(a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    let ([n, channels, rows, _], [.., columns]) = (dims4(a), dims4(b));
    matmul::forward(values(a), values(b), matmul_sizes(a, b))
        .into_tensor([n, channels, rows, columns])
}

/// The gradients that are needed of both matrices.
pub fn matmul_gradients(
    grad: &FlexTensor,
    a: &FlexTensor,
    b: &FlexTensor,
    needs: &[bool],
) -> Vec<FlexTensor> {
    let needs = [needs[0], needs[1]];
    let [da, db] = matmul::backward(
        values(grad),
        values(a),
        values(b),
        matmul_sizes(a, b),
        needs,
    );
    let da = da.map(|d| d.into_tensor(a.shape()));
    let db = db.map(|d| d.into_tensor(b.shape()));
    da.into_iter().chain(db).collect()
}
