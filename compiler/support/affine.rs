//! Linear maps over channels: pointwise and depthwise convolution, rescaling, with plain Burn operations.

use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;

/// Weight `[out, in]` and bias `[out]` of a linear map.
pub type AffineTensors = (Tensor<2>, Tensor<1>);

/// 1x1 convolution, `y[n, o, p] = bias[o] + sum_i weight[o, i] * x[n, i, p]`: `[N, in, H, W]` to `[N, out, H, W]`.
///
/// Written as one matrix product per image, whose gradient costs far less than a convolution's.
pub fn pointwise(x: Tensor<4>, (weight, bias): AffineTensors) -> Tensor<4> {
    let [batch, inputs, height, width] = x.dims();
    let outputs = bias.dims()[0];
    let x = x.reshape([batch, inputs, height * width]);
    let y = weight.unsqueeze_dim::<3>(0).matmul(x) + bias.reshape([1, outputs, 1]);
    y.reshape([batch, outputs, height, width])
}

/// Depthwise convolution of stride 1 with zero padding `(side - 1) / 2`; the kernel is `[1, C, height, width]`, sides odd.
pub fn depthwise(x: Tensor<4>, kernel: Tensor<4>) -> Tensor<4> {
    let [_, channels, height, width] = kernel.dims();
    let padding = [(height - 1) / 2, (width - 1) / 2];
    let options = ConvOptions::new([1, 1], padding, [1, 1], channels);
    conv2d(x, kernel.swap_dims(0, 1), None, options)
}

/// Convolution with kernels `[out, in / groups, height, width]` and a bias `[out]`, zeros beyond the edges, kernels not flipped.
pub fn convolution(
    x: Tensor<4>,
    (weight, bias): (Tensor<4>, Option<Tensor<1>>),
    stride: [usize; 2],
    padding: [usize; 2],
    groups: usize,
) -> Tensor<4> {
    let options = ConvOptions::new(stride, padding, [1, 1], groups);
    conv2d(x, weight, bias, options)
}

/// `x * scale + shift`, one of each per channel, `[C]`; `maps` are scale and shift.
pub fn rescale(x: Tensor<4>, maps: [Tensor<1>; 2]) -> Tensor<4> {
    let channels = x.dims()[1];
    let [scale, shift] = maps.map(|map| map.reshape([1, channels, 1, 1]));
    x * scale + shift
}
