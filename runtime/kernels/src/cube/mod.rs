//! The kernels of CubeCL's devices, written once for all of them: standardizations with what surrounds them, and depthwise
//! convolutions, sines of slow nets, vectors of all parameters; and which of CubeK's matrix products are taken. Elementwise
//! functions are Burn's own operations both ways, which a fusing backend computes in one pass each.
//!
//! Statistics, sums and gradients are float32 whatever the tensors are; float16 and bfloat16 are read and written as they
//! are. Sums go around the mean and have a fixed order, so that the same input gives the same bits.
#![allow(unsafe_code, reason = "kernels are launched without bounds checks")]
#![allow(
    clippy::indexing_slicing,
    reason = "kernels index what the launch has sized; maps have four axes; calls have their operands"
)]
#![allow(
    clippy::manual_is_multiple_of,
    reason = "the language of kernels has no such method"
)]

mod depthwise;
mod elementwise;
mod linear;
mod pieces;
mod product;
mod sines;
mod standardize;
mod submit;
mod sums;
mod takes;
mod tensors;
mod work;

use burn::backend::TensorMetadata;
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;

use self::submit::Submit;
use self::work::{Statistics, Work};
use crate::backend::{Gradient, Kernels, Tensors};
use crate::call::{Call, Finish, Kind, Over};

pub(crate) use self::takes::takes;

impl<B: Submit> Kernels for B {
    fn forward(call: Call, operands: Tensors<Self>) -> Tensors<Self> {
        let operands = operands.0;
        Tensors(match call {
            Call::Standardize { over, maps, finish } => {
                let work = Work::Standardize {
                    statistics: Statistics::new(over, operands[0].shape()[1]),
                    product: maps > 1,
                    finish,
                };
                B::submit(work, operands)
            }
            Call::Depthwise => B::submit(Work::Depthwise { flipped: false }, operands),
            Call::Activate(activation) => {
                let each = operands.into_iter();
                each.map(|x| elementwise::activate::<B>(x, activation))
                    .collect()
            }
            Call::Sines { sides } => B::submit(Work::Sines { sides }, operands),
            Call::Cut { sizes } => B::submit(Work::Cut { sizes }, operands),
            Call::Join => B::submit(Work::Join, operands),
            Call::Norms {
                sizes,
                coefficients,
            } => {
                let work = Work::Norms {
                    sizes,
                    coefficients,
                };
                let mut results = B::submit(work, operands).into_iter();
                let sum = results.next().map(B::float_sum);
                sum.into_iter().chain(results).collect()
            }
            Call::Matmul => linear::matmul::<B>(operands).into_iter().collect(),
            Call::Pointwise { times, .. } => linear::pointwise::<B>(operands, &times)
                .into_iter()
                .collect(),
            call => unreachable!("{} has no kernel on this device", call.name()),
        })
    }

    fn backward(gradient: Gradient, saved: Tensors<Self>) -> Tensors<Self> {
        let mut saved = saved.0.into_iter();
        let Some(grad) = saved.next() else {
            unreachable!("a backward pass has a gradient")
        };
        let saved: Vec<FloatTensor<Self>> = saved.collect();
        Tensors(match gradient.call.clone() {
            Call::Sines { sides } => {
                let inputs = std::iter::once(grad).chain(saved);
                let both = B::submit(Work::SinesBackward { sides }, inputs.collect());
                let needed = both.into_iter().zip(&gradient.needs_grad);
                needed
                    .filter_map(|(grad, needs)| needs.then_some(grad))
                    .collect()
            }
            Call::Standardize { over, finish, .. } => {
                standardize_gradients::<B>(&gradient, grad, saved, over, finish)
            }
            Call::Depthwise => depthwise_gradients::<B>(&gradient, grad, &saved),
            Call::Matmul => linear::matmul_gradients::<B>(&gradient, grad, &saved),
            Call::Pointwise { times, .. } => {
                linear::pointwise_gradients::<B>(&gradient, grad, saved, &times).unwrap_or_default()
            }
            Call::Activate(activation) => {
                let each = saved.into_iter();
                each.map(|x| elementwise::gradient::<B>(grad.clone(), x, activation))
                    .collect()
            }
            call => unreachable!("{} has no kernel on this device", call.name()),
        })
    }
}

/// The gradients that are needed of the maps, and of the bias if there was one.
fn standardize_gradients<B: Submit>(
    gradient: &Gradient,
    grad: FloatTensor<B>,
    saved: Vec<FloatTensor<B>>,
    over: Over,
    finish: Finish,
) -> Vec<FloatTensor<B>> {
    // The statistics come after the maps.
    let maps = saved.len() - 1;
    let (of_maps, of_bias) = gradient.needs_grad.split_at(maps);
    let mut results = Vec::new();
    if of_maps.contains(&true) {
        let work = Work::StandardizeBackward {
            statistics: Statistics::new(over, saved[0].shape()[1]),
            product: maps > 1,
            gelu: finish.has_bias(),
        };
        let inputs = std::iter::once(grad.clone()).chain(saved);
        let grads = B::submit(work, inputs.collect());
        let needed = grads.into_iter().zip(of_maps);
        results.extend(needed.filter_map(|(grad, needs)| needs.then_some(grad)));
    }
    if let (Some(true), Some(bias)) = (of_bias.first(), gradient.operands.last()) {
        results.push(bias_gradient::<B>(grad, bias, finish));
    }
    results
}

fn bias_gradient<B: Submit>(grad: FloatTensor<B>, bias: &Kind, finish: Finish) -> FloatTensor<B> {
    let grad = elementwise::cast::<B>(grad, DType::F32);
    let sum = match finish {
        Finish::Spatial => B::float_sum_dim(B::float_sum_dim(grad, 0), 1),
        Finish::Scalar | Finish::Plain => B::float_sum(grad),
    };
    elementwise::cast::<B>(B::float_reshape(sum, bias.shape.clone()), bias.dtype)
}

/// The gradients that are needed of the map and the kernel.
fn depthwise_gradients<B: Submit>(
    gradient: &Gradient,
    grad: FloatTensor<B>,
    saved: &[FloatTensor<B>],
) -> Vec<FloatTensor<B>> {
    let (x, kernel) = (&saved[0], &saved[1]);
    let mut results = Vec::new();
    if gradient.needs_grad[0] {
        let work = Work::Depthwise { flipped: true };
        results.extend(B::submit(work, vec![grad.clone(), kernel.clone()]));
    }
    if gradient.needs_grad[1] {
        let (sizes, shape) = (x.shape(), kernel.shape());
        let work = Work::DepthwiseKernel {
            k: shape[3],
            parts: depthwise::parts(sizes[0], sizes[1]),
        };
        let dtype = kernel.dtype();
        let sums = B::submit(work, vec![grad, x.clone()]).into_iter();
        results.extend(sums.map(|parts| {
            let sum = B::float_sum_dim(parts, 0);
            elementwise::cast::<B>(B::float_reshape(sum, shape.clone()), dtype)
        }));
    }
    results
}
