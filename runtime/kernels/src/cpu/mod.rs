//! The kernels of the CPU, on tensors of Burn's Flex backend: float32 in row-major order. The files beside this one map
//! tensors to slices, and hold the loops.
#![allow(
    unsafe_code,
    reason = "vector instructions, threads writing parts of one buffer, reused memory"
)]
#![allow(
    clippy::indexing_slicing,
    reason = "kernels index slices whose sizes they have computed"
)]

mod activation;
mod broadcast;
mod depthwise;
mod gemm;
mod linear;
mod long_conv;
mod maps;
mod math;
mod matmul;
mod parallel;
mod planes;
mod pointwise;
pub(crate) mod pool;
mod pooling;
mod scaled;
mod scratch;
pub(crate) mod simd;
mod sine;
mod slow;
mod slow_tensors;
mod standardize;
mod takes;
mod tensor;
pub(crate) mod thread_pool;
mod transpose;
mod vectors;

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use self::tensor::contiguous;
use crate::backend::{Gradient, Kernels, Tensors};
use crate::call::{Call, Kind};

pub use self::standardize::STATISTICS_BYTES;
pub(crate) use self::takes::takes;

/// See [`cached_bytes`](crate::cached_bytes); measured on processors with 32 MiB of shared cache.
pub(crate) const CACHED_BYTES: usize = 5 << 20;

impl Kernels for Flex {
    fn forward(call: Call, operands: Tensors<Self>) -> Tensors<Self> {
        let operands: Vec<FlexTensor> = operands.0.into_iter().map(contiguous).collect();
        Tensors(forward(&call, &operands))
    }

    fn backward(gradient: Gradient, saved: Tensors<Self>) -> Tensors<Self> {
        let saved: Vec<FlexTensor> = saved.0.into_iter().map(contiguous).collect();
        let Some((grad, saved)) = saved.split_first() else {
            unreachable!("a backward pass has a gradient")
        };
        Tensors(backward(&gradient, grad, saved))
    }
}

/// The results and statistics of a call.
fn forward(call: &Call, operands: &[FlexTensor]) -> Vec<FlexTensor> {
    let x = &operands[0];
    match call {
        Call::Pointwise { times, gelu, .. } => {
            let (parts, rest) = operands.split_at(times.len());
            let (maps, after) = rest.split_at(rest.len() - usize::from(*gelu));
            linear::forward(parts, times, maps, after.first())
        }
        Call::Rescale { affine, gelu } => {
            let maps = affine.then(|| [&operands[1], &operands[2]]);
            let bias = gelu.then(|| &operands[operands.len() - 1]);
            vec![maps::rescale(x, maps, bias)]
        }
        Call::Depthwise => vec![planes::depthwise(x, &operands[1])],
        Call::Standardize { over, maps, finish } => {
            let (maps, bias) = operands.split_at(*maps);
            let bias = bias.first().filter(|_| finish.has_bias());
            maps::standardize(maps, *over, bias).into()
        }
        Call::StandardizeScaled => {
            let (result, statistics) = maps::standardize_scaled(x, &operands[1]);
            vec![result, statistics]
        }
        Call::Activate(activation) => vec![maps::activate(x, *activation)],
        Call::Add => vec![maps::combine(x, &operands[1], false)],
        Call::Multiply => vec![maps::combine(x, &operands[1], true)],
        Call::Gate => vec![maps::gate(x, &operands[1], &operands[2])],
        Call::Matmul => vec![planes::matmul(x, &operands[1])],
        Call::LongConv(edges) => vec![planes::long_conv(x, &operands[1], *edges)],
        Call::Mean(axis) => vec![maps::mean(x, *axis)],
        Call::PoolContext { grid } => vec![slow_tensors::pool_context(x, *grid)],
        Call::SlowNet(net) => vec![slow_tensors::forward(net, operands)],
        Call::Kar { betas, rate } => vectors::step(operands, betas, *rate),
        Call::Norms {
            sizes,
            coefficients,
        } => vectors::weigh(&operands[0], sizes, coefficients),
        Call::Cut { .. } | Call::Join | Call::Sines { .. } => {
            unreachable!("{} has no kernel on this device", call.name())
        }
    }
}

/// The gradients of the operands that need one.
fn backward(gradient: &Gradient, grad: &FlexTensor, saved: &[FlexTensor]) -> Vec<FlexTensor> {
    let needs = &gradient.needs_grad[..];
    let kinds: &[Kind] = &gradient.operands;
    match &gradient.call {
        Call::Pointwise { times, .. } => {
            let (parts, weight) = saved.split_at(times.len());
            linear::backward(grad, parts, times, &weight[0], needs)
        }
        Call::Depthwise => planes::depthwise_gradients(grad, &saved[0], &saved[1], needs),
        Call::Standardize { over, maps, finish } => {
            let (maps, statistics) = saved.split_at(*maps);
            let bias = kinds.last().filter(|_| finish.has_bias());
            maps::standardize_gradients(grad, maps, &statistics[0], *over, bias, needs)
        }
        Call::StandardizeScaled => {
            maps::standardize_scaled_gradients(grad, &saved[0], &saved[1], &saved[2], needs)
        }
        Call::Activate(activation) => vec![maps::activate_gradient(grad, &saved[0], *activation)],
        Call::Add => maps::combine_gradients(grad, kinds, None, needs),
        Call::Multiply => maps::combine_gradients(grad, kinds, Some([&saved[0], &saved[1]]), needs),
        Call::Gate => maps::gate_gradients(grad, [&saved[0], &saved[1], &saved[2]], needs),
        Call::Matmul => planes::matmul_gradients(grad, &saved[0], &saved[1], needs),
        Call::LongConv(edges) => {
            planes::long_conv_gradients(grad, [&saved[0], &saved[1]], *edges, needs)
        }
        Call::Mean(axis) => vec![maps::mean_gradient(grad, &kinds[0], *axis)],
        Call::PoolContext { grid } => {
            vec![slow_tensors::pool_context_gradient(grad, &kinds[0], *grid)]
        }
        Call::SlowNet(net) => slow_tensors::backward(net, grad, saved, needs),
        Call::Rescale { .. }
        | Call::Kar { .. }
        | Call::Norms { .. }
        | Call::Cut { .. }
        | Call::Join
        | Call::Sines { .. } => {
            unreachable!("a call without a gradient of its own is not recorded")
        }
    }
}

/// Those of all gradients that are asked for.
fn needed(all: impl IntoIterator<Item = FlexTensor>, needs: &[bool]) -> Vec<FlexTensor> {
    let each = all.into_iter().zip(needs);
    each.filter_map(|(grad, needs)| needs.then_some(grad))
        .collect()
}
