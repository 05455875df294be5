//! Hands the parameters of slow nets to their statement in [`crate::composed::slow_net`].

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use termc_compiler::model::{Affine, Context, Grid, Scale, SlowNet};

use crate::composed::affine::AffineTensors;
use crate::composed::slow_net::{ContextTensors, SlowTensors, slow_context, slow_line, slow_plane};
use crate::params::Params;

/// A kernel that no image changes: `[1, outputs, H, W]` over a plane, `[1, positions, 1, 1]` over a line.
pub(super) fn kernel<B: Backend>(params: &Params<B>, net: &SlowNet) -> Tensor<B, 4> {
    let tensors = slow_tensors(params, net);
    match net.grid {
        Grid::Plane { .. } => slow_plane(tensors, params.shaped(net.bias)),
        Grid::Line { .. } => slow_line(tensors, params.get(net.bias)),
    }
}

/// A kernel that also reads an activation `[N, C, H, W]`, averaged over the batch: `[1, outputs, k, k]`.
pub(super) fn context_kernel<B: Backend>(
    params: &Params<B>,
    net: &SlowNet,
    context: &Context,
    source: Tensor<B, 4>,
) -> Tensor<B, 4> {
    let device = source.device();
    let scale = |scale| match scale {
        Scale::Constant(value) => Tensor::full([1], value, &device),
        Scale::Trained(id) => params.get(id),
    };
    let context = ContextTensors {
        reduce: affine(params, &context.reduce),
        fc1: affine(params, &context.fc1),
        layers: affines(params, &context.layers),
        alpha: scale(context.alpha),
        beta: scale(context.beta),
    };
    slow_context(
        slow_tensors(params, net),
        params.shaped(net.bias),
        context,
        source,
    )
}

fn slow_tensors<B: Backend>(params: &Params<B>, net: &SlowNet) -> SlowTensors<B> {
    SlowTensors {
        filters: affines(params, &net.filters),
        linears: affines(params, &net.linears),
        output: affine(params, &net.output),
    }
}

fn affines<B: Backend>(params: &Params<B>, maps: &[Affine]) -> Vec<AffineTensors<B>> {
    maps.iter().map(|map| affine(params, map)).collect()
}

fn affine<B: Backend>(params: &Params<B>, map: &Affine) -> AffineTensors<B> {
    (params.shaped(map.weight), params.get(map.bias))
}
