//! The CPU implementation of [`Kernels`] for Burn's Flex backend. This file, and with gradients `tracked`, decide which
//! tensors own kernels take (float32, axes that fit); the files beside it map tensors to slices, and hold the loops.
#![allow(
    unsafe_code,
    reason = "vector instructions, threads writing parts of one buffer, reused memory"
)]
#![allow(
    clippy::indexing_slicing,
    reason = "kernels index slices whose sizes they have computed"
)]

mod activation;
mod depthwise;
mod gemm;
mod generated;
mod linear;
mod maps;
mod math;
mod matmul;
mod parallel;
mod planes;
mod pointwise;
pub(crate) mod pool;
mod pooling;
mod record;
mod scaled;
mod scratch;
pub(crate) mod simd;
mod sine;
mod slow;
mod standardize;
mod stretch;
mod team;
mod tensor;
mod tracked;
mod transpose;
mod vectors;

use burn::tensor::{Tensor, TensorMetadata};
use burn_flex::Flex;
use termc_compiler::model::Over;

use self::activation::Function;
use self::maps::Mean;
use self::tensor::{contiguous, is_f32, primitive, tensor, values};
use super::{AffineTensors, Bias, Kernels, composed};
use crate::composed::slow_net::{ContextTensors, SlowTensors};

type T4<B> = Tensor<B, 4>;

/// The bias as a map that [`maps::combine`] stretches.
fn bias_map<B: Kernels>(bias: Bias<B>) -> T4<B> {
    match bias {
        Bias::Scalar(b) => b.reshape([1, 1, 1, 1]),
        Bias::Spatial(b) => b.unsqueeze(),
    }
}

fn bias_primitive<B: Kernels>(bias: Bias<B>) -> B::FloatTensorPrimitive {
    match bias {
        Bias::Scalar(b) => primitive(b),
        Bias::Spatial(b) => primitive(b),
    }
}

impl Kernels for Flex {
    const CACHED: Option<usize> = Some(5 << 20);

    fn pointwise(parts: Vec<T4<Self>>, weight: Tensor<Self, 2>, bias: Tensor<Self, 1>) -> T4<Self> {
        match parts.iter().all(is_f32) && is_f32(&weight) {
            true => {
                let mut all = linear::pointwises(parts, vec![(weight, bias)]);
                let only = all.pop();
                only.unwrap_or_else(|| unreachable!("one map was asked for"))
            }
            false => composed::pointwise(parts, weight, bias),
        }
    }

    fn pointwises(parts: Vec<T4<Self>>, maps: Vec<AffineTensors<Self>>) -> Vec<T4<Self>> {
        match parts.iter().all(is_f32) && maps.iter().all(|(weight, _)| is_f32(weight)) {
            true => linear::pointwises(parts, maps),
            false => {
                let each = maps.into_iter();
                each.map(|(w, b)| composed::pointwise(parts.clone(), w, b))
                    .collect()
            }
        }
    }

    fn pointwise_gelu(
        parts: Vec<T4<Self>>,
        weight: Tensor<Self, 2>,
        bias: Tensor<Self, 1>,
        after: Bias<Self>,
    ) -> T4<Self> {
        match parts.iter().all(is_f32) && is_f32(&weight) {
            true => linear::pointwise_gelu(parts, weight, bias, bias_primitive(after)),
            false => {
                let y = composed::pointwise(parts, weight, bias);
                composed::bias(composed::gelu(y), after)
            }
        }
    }

    fn rescale(x: T4<Self>, scale: Tensor<Self, 1>, shift: Tensor<Self, 1>) -> T4<Self> {
        match is_f32(&x) {
            true => {
                let [scale, shift] = [scale, shift].map(|t| contiguous(primitive(t)));
                tensor(maps::rescale(&row_major(x), Some([&scale, &shift]), None))
            }
            false => composed::rescale(x, scale, shift),
        }
    }

    fn gelu_bias(x: T4<Self>, rescale: Option<[Tensor<Self, 1>; 2]>, bias: Bias<Self>) -> T4<Self> {
        if !is_f32(&x) {
            let x = match rescale {
                Some([scale, shift]) => composed::rescale(x, scale, shift),
                None => x,
            };
            return composed::bias(composed::gelu(x), bias);
        }
        let rescale = rescale.map(|both| both.map(|t| contiguous(primitive(t))));
        let rescale = rescale.as_ref().map(|[scale, shift]| [scale, shift]);
        let bias = contiguous(bias_primitive(bias));
        tensor(maps::rescale(&row_major(x), rescale, Some(&bias)))
    }

    fn depthwise(x: T4<Self>, kernel: T4<Self>) -> T4<Self> {
        match is_f32(&x) && is_f32(&kernel) {
            true => tensor(planes::depthwise(&row_major(x), &row_major(kernel))),
            false => composed::depthwise(x, kernel),
        }
    }

    fn standardize(x: T4<Self>, over: Over) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::standardize(&row_major(x), over).0),
            false => composed::standardize(x, over),
        }
    }

    fn standardize_scaled(x: T4<Self>, scale: T4<Self>) -> T4<Self> {
        match scales(&x, &scale) {
            true => tensor(maps::standardize_scaled(&row_major(x), &row_major(scale)).0),
            false => composed::standardize_scaled(x, scale),
        }
    }

    fn gelu(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::activate(&row_major(x), Function::Gelu)),
            false => composed::gelu(x),
        }
    }

    fn sigmoid(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::activate(&row_major(x), Function::Sigmoid)),
            false => composed::sigmoid(x),
        }
    }

    fn add(a: T4<Self>, b: T4<Self>) -> T4<Self> {
        combine(a, b, false, composed::add)
    }

    fn mul(a: T4<Self>, b: T4<Self>) -> T4<Self> {
        combine(a, b, true, composed::mul)
    }

    fn matmul(a: T4<Self>, b: T4<Self>) -> T4<Self> {
        if !is_f32(&a) || !is_f32(&b) {
            return composed::matmul(a, b);
        }
        let (left, right) = (row_major(a), row_major(b));
        match planes::aligned(&left, &right) {
            true => tensor(planes::matmul(&left, &right)),
            false => composed::matmul(tensor(left), tensor(right)),
        }
    }

    fn bias(x: T4<Self>, bias: Bias<Self>) -> T4<Self> {
        Self::add(x, bias_map(bias))
    }

    fn slow_plane(net: SlowTensors<Self>, bias: Tensor<Self, 2>) -> T4<Self> {
        let [height, width] = bias.dims();
        let shape = move |outputs, _| [1, outputs, height, width];
        match is_f32(&bias) {
            true => tensor(
                generated::gather(net, bias, None)
                    .row_major()
                    .forward(shape),
            ),
            false => composed::slow_plane(net, bias),
        }
    }

    fn slow_line(net: SlowTensors<Self>, bias: Tensor<Self, 1>) -> T4<Self> {
        let shape = |_, positions| [1, positions, 1, 1];
        match is_f32(&bias) {
            true => tensor(
                generated::gather(net, bias, None)
                    .row_major()
                    .forward(shape),
            ),
            false => composed::slow_line(net, bias),
        }
    }

    fn slow_context(
        net: SlowTensors<Self>,
        bias: Tensor<Self, 2>,
        context: ContextTensors<Self>,
        source: T4<Self>,
    ) -> T4<Self> {
        if !is_f32(&bias) || !is_f32(&source) {
            return composed::slow_context(net, bias, context, source);
        }
        let [height, width] = bias.dims();
        let shape = move |outputs, _| [1, outputs, height, width];
        let pooled = generated::pool_context(&row_major(source), [height, width]);
        tensor(
            generated::gather(net, bias, Some((context, pooled)))
                .row_major()
                .forward(shape),
        )
    }

    fn standardize_gelu(x: T4<Self>, over: Over, bias: Bias<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => {
                tensor(maps::finish(&[row_major(x)], over, &contiguous(bias_primitive(bias))).0)
            }
            false => Self::bias(<Self as Kernels>::gelu(Self::standardize(x, over)), bias),
        }
    }

    fn gated(a: T4<Self>, b: T4<Self>, over: Over, bias: Bias<Self>) -> T4<Self> {
        match is_f32(&a) && is_f32(&b) && a.dims() == b.dims() {
            true => tensor(
                maps::finish(
                    &[row_major(a), row_major(b)],
                    over,
                    &contiguous(bias_primitive(bias)),
                )
                .0,
            ),
            false => Self::standardize_gelu(Self::mul(a, b), over, bias),
        }
    }

    fn silu(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::activate(&row_major(x), Function::Silu)),
            false => Self::mul(<Self as Kernels>::sigmoid(x.clone()), x),
        }
    }

    fn gate(x: T4<Self>, a: T4<Self>, b: T4<Self>) -> T4<Self> {
        let fits = [&a, &b]
            .iter()
            .all(|t| is_f32(*t) && maps::covers(x.dims(), t.dims()));
        match fits && is_f32(&x) {
            true => tensor(maps::gate(&row_major(x), &row_major(a), &row_major(b))),
            false => Self::mul(x, <Self as Kernels>::sigmoid(Self::mul(a, b))),
        }
    }

    fn channel_mean(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::mean(&row_major(x), Mean::Channels)),
            false => composed::channel_mean(x),
        }
    }

    fn spatial_mean(x: T4<Self>) -> T4<Self> {
        match is_f32(&x) {
            true => tensor(maps::mean(&row_major(x), Mean::Positions)),
            false => composed::spatial_mean(x),
        }
    }

    fn kar(
        params: Tensor<Self, 1>,
        gradient: Tensor<Self, 1>,
        averages: Vec<Tensor<Self, 1>>,
        betas: &[f64],
        lr: f64,
    ) -> (Tensor<Self, 1>, Vec<Tensor<Self, 1>>) {
        if ![&params, &gradient]
            .into_iter()
            .chain(&averages)
            .all(is_f32)
        {
            return composed::kar(params, gradient, averages, betas, lr);
        }
        let [params, gradient] = [params, gradient].map(|t| contiguous(primitive(t)));
        let averages: Vec<_> = averages
            .into_iter()
            .map(|a| contiguous(primitive(a)))
            .collect();
        let slices: Vec<&[f32]> = averages.iter().map(values).collect();
        let (stepped, moved) = vectors::kar(values(&params), values(&gradient), &slices, betas, lr);
        let shaped = |buffer: pool::Buffer| tensor(buffer.into_tensor(params.shape()));
        (shaped(stepped), moved.into_iter().map(shaped).collect())
    }

    fn norms(
        vectors: Vec<Tensor<Self, 1>>,
        coefficients: &[f64],
    ) -> (Tensor<Self, 1>, Tensor<Self, 1>) {
        let Some(device) = vectors.first().map(Tensor::device) else {
            return composed::norms(vectors, coefficients);
        };
        if !vectors.iter().all(is_f32) {
            return composed::norms(vectors, coefficients);
        }
        let vectors: Vec<_> = vectors
            .into_iter()
            .map(|v| contiguous(primitive(v)))
            .collect();
        let slices: Vec<&[f32]> = vectors.iter().map(values).collect();
        let (sum, gradient) = vectors::norms(&slices, coefficients);
        let size = [gradient.len()];
        let sum = Tensor::from_data([sum as f32], &device);
        (sum, tensor(gradient.into_tensor(size)))
    }
}

/// Whether `scale` has one factor per image and channel of `x`, or has to be stretched to that.
fn scales<B: Kernels>(x: &T4<B>, scale: &T4<B>) -> bool {
    let dims = scale.dims();
    is_f32(x) && is_f32(scale) && dims[2..] == [1, 1] && maps::covers(x.dims(), dims)
}

fn row_major(x: T4<Flex>) -> burn_flex::FlexTensor {
    contiguous(primitive(x))
}

fn combine(
    a: T4<Flex>,
    b: T4<Flex>,
    product: bool,
    otherwise: fn(T4<Flex>, T4<Flex>) -> T4<Flex>,
) -> T4<Flex> {
    if !is_f32(&a) || !is_f32(&b) {
        return otherwise(a, b);
    }
    let (left, right) = (row_major(a), row_major(b));
    match maps::stretchable(tensor::dims4(&left), tensor::dims4(&right)) {
        true => tensor(maps::combine(&left, &right, product)),
        false => otherwise(tensor(left), tensor(right)),
    }
}
