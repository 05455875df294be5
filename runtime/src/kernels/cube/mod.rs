//! Kernels for GPUs, written once for every CubeCL runtime: standardizations with what surrounds them, and depthwise
//! convolutions, with hand-written gradients. This file decides which tensors they take; all else stays composed.
//!
//! Statistics, sums and gradients are float32 whatever the tensors are; float16 and bfloat16 are read and written as they
//! are. Sums go around the mean and have a fixed order, so that the same input gives the same bits.
#![allow(unsafe_code, reason = "kernels are launched without bounds checks")]
#![allow(
    clippy::indexing_slicing,
    reason = "kernels index what the launch has sized; maps have four axes"
)]
#![allow(
    clippy::manual_is_multiple_of,
    reason = "the language of kernels has no such method"
)]

mod call;
mod depthwise;
mod launch;
mod record;
mod standardize;
mod sums;
mod tracked;

use burn::tensor::{DType, Tensor, TensorMetadata, TensorPrimitive};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use termc_compiler::model::Over;

use self::call::{Call, Finish, Statistics};
pub use self::launch::Cubed;
use super::{Bias, Kernels, composed};

type T4<B> = Tensor<B, 4>;

/// Float types that the kernels read and write.
fn known(dtype: DType) -> bool {
    matches!(dtype, DType::F32 | DType::F16 | DType::BF16)
}

fn fits<B: Kernels>(x: &T4<B>) -> bool {
    known(x.dtype())
}

fn primitive<B: Kernels, const D: usize>(x: Tensor<B, D>) -> B::FloatTensorPrimitive {
    x.into_primitive().tensor()
}

fn tensor<B: Kernels, const D: usize>(x: B::FloatTensorPrimitive) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(x))
}

fn bias_primitive<B: Kernels>(bias: Bias<B>) -> (B::FloatTensorPrimitive, Finish) {
    match bias {
        Bias::Scalar(bias) => (primitive(bias), Finish::Scalar),
        Bias::Spatial(bias) => (primitive(bias), Finish::Spatial),
    }
}

/// Whether the depthwise kernels take these: kernels of up to 15 x 15.
fn convolves<B: Kernels>(x: &T4<B>, kernel: &T4<B>) -> bool {
    let [_, channels, height, width] = kernel.dims();
    let square = height == width && height % 2 == 1 && height <= depthwise::LARGEST;
    fits(x) && known(kernel.dtype()) && square && channels == x.dims()[1]
}

/// The result of a call and the statistics it keeps.
fn standardized<B: Cubed>(
    inputs: Vec<B::FloatTensorPrimitive>,
    over: Over,
    bias: Option<(B::FloatTensorPrimitive, Finish)>,
) -> (B::FloatTensorPrimitive, B::FloatTensorPrimitive) {
    let product = inputs.len() > 1;
    let channels = inputs.first().map_or(1, |x| x.shape()[1]);
    let finish = bias.as_ref().map_or(Finish::Plain, |(_, finish)| *finish);
    let call = Call::Standardize {
        statistics: Statistics::new(over, channels),
        product,
        finish,
    };
    let inputs = inputs.into_iter().chain(bias.map(|(bias, _)| bias));
    let [y, kept] = launch::call::<B, 2>(call, inputs.collect());
    (y, kept)
}

impl<B: Cubed> Kernels for B {
    const HALF: bool = true;

    fn reserved_bytes(device: &Self::Device) -> Option<u64> {
        B::reserved(device)
    }

    fn depthwise(x: T4<Self>, kernel: T4<Self>) -> T4<Self> {
        if !convolves(&x, &kernel) {
            return composed::depthwise(x, kernel);
        }
        let call = Call::Depthwise { flipped: false };
        let [y] = launch::call::<B, 1>(call, vec![primitive(x), primitive(kernel)]);
        tensor(y)
    }

    fn standardize(x: T4<Self>, over: Over) -> T4<Self> {
        match fits(&x) {
            true => tensor(standardized::<B>(vec![primitive(x)], over, None).0),
            false => composed::standardize(x, over),
        }
    }

    fn standardize_gelu(x: T4<Self>, over: Over, bias: Bias<Self>) -> T4<Self> {
        match fits(&x) {
            true => {
                let bias = Some(bias_primitive(bias));
                tensor(standardized::<B>(vec![primitive(x)], over, bias).0)
            }
            false => composed::bias(composed::gelu(composed::standardize(x, over)), bias),
        }
    }

    fn gated(a: T4<Self>, b: T4<Self>, over: Over, bias: Bias<Self>) -> T4<Self> {
        match fits(&a) && a.dtype() == b.dtype() && a.dims() == b.dims() {
            true => {
                let inputs = vec![primitive(a), primitive(b)];
                tensor(standardized::<B>(inputs, over, Some(bias_primitive(bias))).0)
            }
            false => Self::standardize_gelu(composed::mul(a, b), over, bias),
        }
    }

    fn gelu(x: T4<Self>) -> T4<Self> {
        elementwise(x, composed::gelu)
    }

    fn sigmoid(x: T4<Self>) -> T4<Self> {
        elementwise(x, composed::sigmoid)
    }

    fn silu(x: T4<Self>) -> T4<Self> {
        elementwise(x, |x| composed::mul(composed::sigmoid(x.clone()), x))
    }
}

/// A function of single numbers, computed in 32 bits.
fn elementwise<B: Kernels>(x: T4<B>, function: fn(T4<B>) -> T4<B>) -> T4<B> {
    match x.dtype() {
        DType::F32 => function(x),
        dtype => function(x.cast(DType::F32)).cast(dtype),
    }
}

impl<B: Cubed, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    const HALF: bool = true;

    fn reserved_bytes(device: &Self::Device) -> Option<u64> {
        B::reserved(device)
    }

    fn depthwise(x: T4<Self>, kernel: T4<Self>) -> T4<Self> {
        match convolves(&x, &kernel) {
            true => tensor(tracked::depthwise::<B, C>(primitive(x), primitive(kernel))),
            false => composed::depthwise(x, kernel),
        }
    }

    fn standardize(x: T4<Self>, over: Over) -> T4<Self> {
        match fits(&x) {
            true => tensor(tracked::standardize::<B, C>(vec![primitive(x)], over, None)),
            false => composed::standardize(x, over),
        }
    }

    fn standardize_gelu(x: T4<Self>, over: Over, bias: Bias<Self>) -> T4<Self> {
        match fits(&x) {
            true => {
                let bias = Some(bias_primitive(bias));
                tensor(tracked::standardize::<B, C>(vec![primitive(x)], over, bias))
            }
            false => composed::bias(composed::gelu(composed::standardize(x, over)), bias),
        }
    }

    fn gated(a: T4<Self>, b: T4<Self>, over: Over, bias: Bias<Self>) -> T4<Self> {
        match fits(&a) && a.dtype() == b.dtype() && a.dims() == b.dims() {
            true => {
                let inputs = vec![primitive(a), primitive(b)];
                let bias = Some(bias_primitive(bias));
                tensor(tracked::standardize::<B, C>(inputs, over, bias))
            }
            false => Self::standardize_gelu(composed::mul(a, b), over, bias),
        }
    }

    fn gelu(x: T4<Self>) -> T4<Self> {
        tensor(tracked::gelu::<B, C>(primitive(x)))
    }

    fn sigmoid(x: T4<Self>) -> T4<Self> {
        tensor(tracked::sigmoid::<B, C>(primitive(x)))
    }

    fn silu(x: T4<Self>) -> T4<Self> {
        tensor(tracked::silu::<B, C>(primitive(x)))
    }
}
