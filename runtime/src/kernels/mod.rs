//! Fused operations behind one trait: composed Burn operations on any backend, own code with hand-written gradients
//! where a backend overrides them. Knows tensors only, nothing of models or training.

pub mod composed;
mod cpu;
#[cfg(feature = "cube")]
mod cube;

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use termc_compiler::model::Over;

pub(crate) use cpu::pool::{Pool, rounded};

use crate::composed::affine::AffineTensors;
use crate::composed::slow_net::{ContextTensors, SlowTensors};

/// What a [`Op::Bias`](termc_compiler::model::Op::Bias) adds: one scalar `[1]` or one value per position `[H, W]`.
#[derive(Clone, Debug)]
pub enum Bias<B: Backend> {
    /// `[1]`, added everywhere.
    Scalar(Tensor<B, 1>),
    /// `[H, W]`, added to every image and channel.
    Spatial(Tensor<B, 2>),
}

/// The operations of a model, each with a composed default. Activations are `[N, C, H, W]`.
///
/// An implementation may compute a method in any order of summation, but deterministically: the same input gives the
/// same bits. Tensors that are not contiguous or not float32 are accepted everywhere.
pub trait Kernels: Backend {
    /// Whether standardizations, GELU and gates take 16-bit floats, computing in 32 bits inside. Others may be given
    /// 32-bit floats only, for what needs them.
    const HALF: bool = false;

    /// Bytes of a network's largest value beyond which images that are answered each by itself are better computed a few at
    /// a time: values then stay in the processor's caches from one operation to the next. None: all at once is best.
    const CACHED: Option<usize> = None;

    /// Memory that this process holds on the device, where the device's memory is its own and told.
    fn reserved_bytes(_device: &Self::Device) -> Option<u64> {
        None
    }

    /// 1x1 convolution of the channel concatenation of `parts` (which need not be materialised):
    /// `y[n, o, p] = bias[o] + sum_i weight[o, i] * concat(parts)[n, i, p]`, weight `[out, in]`, bias `[out]`.
    fn pointwise(
        parts: Vec<Tensor<Self, 4>>,
        weight: Tensor<Self, 2>,
        bias: Tensor<Self, 1>,
    ) -> Tensor<Self, 4> {
        composed::pointwise(parts, weight, bias)
    }

    /// Several [`pointwise`](Self::pointwise) of the same parts.
    fn pointwises(
        parts: Vec<Tensor<Self, 4>>,
        maps: Vec<AffineTensors<Self>>,
    ) -> Vec<Tensor<Self, 4>> {
        let each = maps.into_iter();
        each.map(|(weight, bias)| Self::pointwise(parts.clone(), weight, bias))
            .collect()
    }

    /// `gelu(pointwise(parts)) + after`
    fn pointwise_gelu(
        parts: Vec<Tensor<Self, 4>>,
        weight: Tensor<Self, 2>,
        bias: Tensor<Self, 1>,
        after: Bias<Self>,
    ) -> Tensor<Self, 4> {
        let y = Self::pointwise(parts, weight, bias);
        Self::bias(<Self as Kernels>::gelu(y), after)
    }

    /// `gelu(x) + bias`, of the rescaled `x` (scale and shift) if that is wanted.
    fn gelu_bias(
        x: Tensor<Self, 4>,
        rescale: Option<[Tensor<Self, 1>; 2]>,
        bias: Bias<Self>,
    ) -> Tensor<Self, 4> {
        let x = match rescale {
            Some([scale, shift]) => Self::rescale(x, scale, shift),
            None => x,
        };
        Self::bias(<Self as Kernels>::gelu(x), bias)
    }

    /// Depthwise convolution with an odd kernel `[1, C, k, k]`, stride 1 and zero padding `(k-1)/2`.
    fn depthwise(x: Tensor<Self, 4>, kernel: Tensor<Self, 4>) -> Tensor<Self, 4> {
        composed::depthwise(x, kernel)
    }

    /// `(x - mean) / sqrt(var + 1e-5)`, biased variance.
    fn standardize(x: Tensor<Self, 4>, over: Over) -> Tensor<Self, 4> {
        composed::standardize(x, over)
    }

    /// The instance standardization of `x * scale`, `scale` `[N or 1, C or 1, 1, 1]` and positive.
    fn standardize_scaled(x: Tensor<Self, 4>, scale: Tensor<Self, 4>) -> Tensor<Self, 4> {
        composed::standardize_scaled(x, scale)
    }

    /// `x * scale + shift`, one of each per channel, `[C]`.
    fn rescale(
        x: Tensor<Self, 4>,
        scale: Tensor<Self, 1>,
        shift: Tensor<Self, 1>,
    ) -> Tensor<Self, 4> {
        composed::rescale(x, scale, shift)
    }

    /// `x * (1 + erf(x / sqrt 2)) / 2`.
    fn gelu(x: Tensor<Self, 4>) -> Tensor<Self, 4> {
        composed::gelu(x)
    }

    /// `1 / (1 + exp(-x))`.
    fn sigmoid(x: Tensor<Self, 4>) -> Tensor<Self, 4> {
        composed::sigmoid(x)
    }

    /// Sum; axes of size 1 are stretched.
    fn add(a: Tensor<Self, 4>, b: Tensor<Self, 4>) -> Tensor<Self, 4> {
        composed::add(a, b)
    }

    /// Product; axes of size 1 are stretched.
    fn mul(a: Tensor<Self, 4>, b: Tensor<Self, 4>) -> Tensor<Self, 4> {
        composed::mul(a, b)
    }

    /// Per-channel matrix product over the last two axes; batch or channel axes of size 1 are stretched.
    fn matmul(a: Tensor<Self, 4>, b: Tensor<Self, 4>) -> Tensor<Self, 4> {
        composed::matmul(a, b)
    }

    /// Adds a scalar or one value per position.
    fn bias(x: Tensor<Self, 4>, bias: Bias<Self>) -> Tensor<Self, 4> {
        composed::bias(x, bias)
    }

    /// A slow net over a plane: `[1, outputs, H, W]`.
    fn slow_plane(net: SlowTensors<Self>, bias: Tensor<Self, 2>) -> Tensor<Self, 4> {
        composed::slow_plane(net, bias)
    }

    /// A slow net over a line: `[1, positions, 1, 1]`.
    fn slow_line(net: SlowTensors<Self>, bias: Tensor<Self, 1>) -> Tensor<Self, 4> {
        composed::slow_line(net, bias)
    }

    /// A slow net over a plane that also reads an activation: `[1, outputs, k, k]`.
    fn slow_context(
        net: SlowTensors<Self>,
        bias: Tensor<Self, 2>,
        context: ContextTensors<Self>,
        source: Tensor<Self, 4>,
    ) -> Tensor<Self, 4> {
        composed::slow_context(net, bias, context, source)
    }

    /// `gelu(standardize(x)) + bias`
    fn standardize_gelu(x: Tensor<Self, 4>, over: Over, bias: Bias<Self>) -> Tensor<Self, 4> {
        Self::bias(<Self as Kernels>::gelu(Self::standardize(x, over)), bias)
    }

    /// `gelu(standardize(a * b)) + bias` for `a` and `b` of the same shape.
    fn gated(
        a: Tensor<Self, 4>,
        b: Tensor<Self, 4>,
        over: Over,
        bias: Bias<Self>,
    ) -> Tensor<Self, 4> {
        Self::standardize_gelu(Self::mul(a, b), over, bias)
    }

    /// `x * sigmoid(x)`
    fn silu(x: Tensor<Self, 4>) -> Tensor<Self, 4> {
        Self::mul(<Self as Kernels>::sigmoid(x.clone()), x)
    }

    /// `x * sigmoid(a * b)`; axes of size 1 are stretched.
    fn gate(x: Tensor<Self, 4>, a: Tensor<Self, 4>, b: Tensor<Self, 4>) -> Tensor<Self, 4> {
        Self::mul(x, <Self as Kernels>::sigmoid(Self::mul(a, b)))
    }

    /// Mean over channels: `[N, 1, H, W]`.
    fn channel_mean(x: Tensor<Self, 4>) -> Tensor<Self, 4> {
        composed::channel_mean(x)
    }

    /// Mean over positions: `[N, C, 1, 1]`.
    fn spatial_mean(x: Tensor<Self, 4>) -> Tensor<Self, 4> {
        composed::spatial_mean(x)
    }

    /// Kar's rule on vectors of all parameters: `params - lr * (sign gradient + sum_i sign average_i)`, and the averages
    /// moved by it, `beta_i * average_i + (1 - beta_i) * gradient`.
    fn kar(
        params: Tensor<Self, 1>,
        gradient: Tensor<Self, 1>,
        averages: Vec<Tensor<Self, 1>>,
        betas: &[f64],
        lr: f64,
    ) -> (Tensor<Self, 1>, Vec<Tensor<Self, 1>>) {
        composed::kar(params, gradient, averages, betas, lr)
    }

    /// The sum of the vectors' L2 norms, each times its coefficient, `[1]`, and its gradient, all vectors one after the
    /// other: `c * v / ||v||`, 0 for a vector that is 0.
    fn norms(
        vectors: Vec<Tensor<Self, 1>>,
        coefficients: &[f64],
    ) -> (Tensor<Self, 1>, Tensor<Self, 1>) {
        composed::norms(vectors, coefficients)
    }
}
