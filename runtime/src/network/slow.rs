//! Hands the parameters of slow nets to their statement in [`crate::composed::slow_net`].

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use termc_compiler::model::{Affine, Context, Scale, SlowNet};

use crate::composed::affine::AffineTensors;
use crate::composed::slow_net::{ContextTensors, SlowTensors};
use crate::params::Params;

/// The tensors of a slow net.
pub(super) fn slow_tensors<B: Backend>(params: &Params<B>, net: &SlowNet) -> SlowTensors<B> {
    SlowTensors {
        filters: affines(params, &net.filters),
        linears: affines(params, &net.linears),
        output: affine(params, &net.output),
    }
}

/// The tensors of its context path.
pub(super) fn context_tensors<B: Backend>(
    params: &Params<B>,
    context: &Context,
    device: &B::Device,
) -> ContextTensors<B> {
    let scale = |scale| match scale {
        Scale::Constant(value) => Tensor::full([1], value, device),
        Scale::Trained(id) => params.get(id),
    };
    ContextTensors {
        reduce: affine(params, &context.reduce),
        fc1: affine(params, &context.fc1),
        layers: affines(params, &context.layers),
        alpha: scale(context.alpha),
        beta: scale(context.beta),
    }
}

fn affines<B: Backend>(params: &Params<B>, maps: &[Affine]) -> Vec<AffineTensors<B>> {
    maps.iter().map(|map| affine(params, map)).collect()
}

fn affine<B: Backend>(params: &Params<B>, map: &Affine) -> AffineTensors<B> {
    (params.shaped(map.weight), params.get(map.bias))
}
