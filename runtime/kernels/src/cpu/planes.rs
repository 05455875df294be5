//! Convolutions and matrix products of the planes of tensors, with their gradients.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::tensor::{dims4, values};
use super::{depthwise, long_conv, matmul};
use crate::call::Edges;

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

fn long_sizes(x: &FlexTensor, kernel: &FlexTensor, edges: Edges) -> long_conv::Sizes {
    let [images, channels, height, width] = dims4(x);
    long_conv::Sizes {
        images: [images, dims4(kernel)[0]],
        channels,
        // A line is one row.
        sides: if width == 1 {
            [1, height]
        } else {
            [height, width]
        },
        edges,
    }
}

/// Convolution with a kernel of as many positions; one of both may hold for all images.
pub fn long_conv(x: &FlexTensor, kernel: &FlexTensor, edges: Edges) -> FlexTensor {
    let [images, channels, height, width] = dims4(x);
    let images = images.max(dims4(kernel)[0]);
    let sizes = long_sizes(x, kernel, edges);
    long_conv::forward(values(x), values(kernel), sizes)
        .into_tensor([images, channels, height, width])
}

/// The gradients that are needed of both.
pub fn long_conv_gradients(
    grad: &FlexTensor,
    [x, kernel]: [&FlexTensor; 2],
    edges: Edges,
    needs: &[bool],
) -> Vec<FlexTensor> {
    let sizes = long_sizes(x, kernel, edges);
    let needs = [needs[0], needs[1]];
    let [dx, dk] = long_conv::backward(values(grad), values(x), values(kernel), sizes, needs);
    let dx = dx.map(|d| d.into_tensor(x.shape()));
    let dk = dk.map(|d| d.into_tensor(kernel.shape()));
    dx.into_iter().chain(dk).collect()
}
