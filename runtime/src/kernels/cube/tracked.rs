//! The kernels with their gradients. Elementwise functions are plain operations both ways, which a fusing backend
//! computes in one pass each; what their gradients need is the input alone.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, FloatDType, Tensor, TensorMetadata, TensorPrimitive};
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use termc_compiler::model::Over;

use super::call::{Call, Finish, Statistics};
use super::depthwise;
use super::launch::{Cubed, call};
use super::record::{Tracked, record};
use super::standardized;
use crate::composed::elementwise as plain;

/// `1 / sqrt(2 pi)`
const INVERSE_ROOT_TAU: f64 = 0.398_942_280_401_432_7;

fn tensor<B: Backend, const D: usize>(x: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(x))
}

fn primitive<B: Backend, const D: usize>(x: Tensor<B, D>) -> FloatTensor<B> {
    x.into_primitive().tensor()
}

fn cast<B: Backend>(x: FloatTensor<B>, dtype: DType) -> FloatTensor<B> {
    match x.dtype() == dtype {
        true => x,
        false => B::float_cast(x, FloatDType::from(dtype)),
    }
}

/// Standardization of one or two maps (their product), with GELU and bias if there is one.
pub fn standardize<B: Cubed, C: CheckpointStrategy>(
    mut maps: Vec<Tracked<B, C>>,
    over: Over,
    bias: Option<(Tracked<B, C>, Finish)>,
) -> Tracked<B, C> {
    let values: Vec<FloatTensor<B>> = maps.iter().map(|x| x.primitive.clone()).collect();
    let channels = values.first().map_or(1, |x| x.shape()[1]);
    let back = Call::StandardizeBack {
        statistics: Statistics::new(over, channels),
        product: values.len() > 1,
        gelu: bias.is_some(),
    };
    let inner = bias
        .as_ref()
        .map(|(bias, finish)| (bias.primitive.clone(), *finish));
    let added = inner
        .as_ref()
        .map(|(bias, finish)| (bias.shape(), bias.dtype(), *finish));
    let (y, kept) = standardized::<B>(values.clone(), over, inner);
    // The gradients of the maps, then that of the bias.
    let gradients = move |grad: FloatTensor<B>, maps_wanted: bool, bias_wanted: bool| {
        let inputs = std::iter::once(grad.clone()).chain(values).chain([kept]);
        let maps = match maps_wanted {
            true => B::call(back, inputs.collect()),
            false => vec![],
        };
        let bias = added.filter(|_| bias_wanted).map(|(shape, dtype, finish)| {
            let grad = tensor::<B, 4>(cast::<B>(grad, DType::F32));
            let sum = match finish {
                Finish::Spatial => primitive(grad.sum_dim(0).sum_dim(1)),
                Finish::Scalar | Finish::Plain => primitive(grad.sum()),
            };
            cast::<B>(B::float_reshape(sum, shape), dtype)
        });
        (maps.into_iter(), bias)
    };
    let (second, first) = match maps.len() {
        2 => (maps.pop(), maps.pop()),
        _ => (None, maps.pop()),
    };
    match (first, second, bias) {
        (Some(a), Some(b), Some((bias, _))) => {
            record::<B, C, _, 3>([&a, &b, &bias], y, move |grad, wanted| {
                let (mut maps, bias) = gradients(grad, wanted[0] || wanted[1], wanted[2]);
                [maps.next(), maps.next(), bias]
            })
        }
        (Some(x), None, Some((bias, _))) => {
            record::<B, C, _, 2>([&x, &bias], y, move |grad, wanted| {
                let (mut maps, bias) = gradients(grad, wanted[0], wanted[1]);
                [maps.next(), bias]
            })
        }
        (Some(a), Some(b), None) => record::<B, C, _, 2>([&a, &b], y, move |grad, _| {
            let (mut maps, _) = gradients(grad, true, false);
            [maps.next(), maps.next()]
        }),
        (Some(x), None, None) => record::<B, C, _, 1>([&x], y, move |grad, _| {
            let (mut maps, _) = gradients(grad, true, false);
            [maps.next()]
        }),
        (None, ..) => unreachable!("a standardization has an input"),
    }
}

/// Depthwise convolution.
pub fn depthwise<B: Cubed, C: CheckpointStrategy>(
    x: Tracked<B, C>,
    kernel: Tracked<B, C>,
) -> Tracked<B, C> {
    let (maps, taps) = (x.primitive.clone(), kernel.primitive.clone());
    let forward = Call::Depthwise { flipped: false };
    let [y] = call::<B, 1>(forward, vec![maps.clone(), taps.clone()]);
    record::<B, C, _, 2>([&x, &kernel], y, move |grad, [x_wanted, kernel_wanted]| {
        let dx = x_wanted.then(|| {
            let back = Call::Depthwise { flipped: true };
            let [dx] = call::<B, 1>(back, vec![grad.clone(), taps.clone()]);
            dx
        });
        let dk = kernel_wanted.then(|| {
            let (shape, sizes) = (taps.shape(), maps.shape());
            let back = Call::DepthwiseKernel {
                k: shape[3],
                parts: depthwise::parts(sizes[0], sizes[1]),
            };
            let [parts] = call::<B, 1>(back, vec![grad, maps]);
            let sum = primitive(tensor::<B, 4>(parts).sum_dim(0));
            cast::<B>(B::float_reshape(sum, shape), taps.dtype())
        });
        [dx, dk]
    })
}

/// A tensor in 32 bits, whatever it is stored as.
fn wide<B: Backend>(x: FloatTensor<B>) -> Tensor<B, 4> {
    tensor(cast::<B>(x, DType::F32))
}

/// A function of single numbers that is computed in 32 bits, and the product of a gradient with its slope.
fn elementwise<B: Backend, C: CheckpointStrategy>(
    x: Tracked<B, C>,
    function: fn(Tensor<B, 4>) -> Tensor<B, 4>,
    slope: fn(Tensor<B, 4>) -> Tensor<B, 4>,
) -> Tracked<B, C> {
    let (input, dtype) = (x.primitive.clone(), x.primitive.dtype());
    let y = primitive(function(wide::<B>(input.clone())));
    record::<B, C, _, 1>([&x], cast::<B>(y, dtype), move |grad, _| {
        let grad = wide::<B>(grad) * slope(wide::<B>(input));
        [Some(cast::<B>(primitive(grad), dtype))]
    })
}

/// GELU.
pub fn gelu<B: Backend, C: CheckpointStrategy>(x: Tracked<B, C>) -> Tracked<B, C> {
    elementwise::<B, C>(x, plain::gelu, |x| {
        let bell = (x.clone() * x.clone()).mul_scalar(-0.5).exp();
        let gate = x.clone().mul_scalar(std::f64::consts::FRAC_1_SQRT_2).erf();
        gate.add_scalar(1.0).mul_scalar(0.5) + x * bell.mul_scalar(INVERSE_ROOT_TAU)
    })
}

/// Logistic function.
pub fn sigmoid<B: Backend, C: CheckpointStrategy>(x: Tracked<B, C>) -> Tracked<B, C> {
    elementwise::<B, C>(x, plain::sigmoid, |x| {
        let s = plain::sigmoid(x);
        s.clone() * s.neg().add_scalar(1.0)
    })
}

/// `x * sigmoid(x)`
pub fn silu<B: Backend, C: CheckpointStrategy>(x: Tracked<B, C>) -> Tracked<B, C> {
    let silu = |x: Tensor<B, 4>| plain::sigmoid(x.clone()) * x;
    elementwise::<B, C>(x, silu, |x| {
        let s = plain::sigmoid(x.clone());
        s.clone() + x * s.clone() * s.neg().add_scalar(1.0)
    })
}
