//! Hands the parameters of slow nets to the kernels that compute them.

use burn::tensor::{Device, Tensor};
use termc_compiler::model::{Affine, Context, Scale, SlowNet};
use termc_kernels::composed::affine::AffineTensors;
use termc_kernels::composed::slow_net::{ContextTensors, SlowTensors};

use crate::params::Params;

/// The tensors of a slow net.
pub(super) fn slow_tensors(params: &Params, net: &SlowNet) -> SlowTensors {
    SlowTensors {
        filters: affines(params, &net.filters),
        linears: affines(params, &net.linears),
        output: affine(params, &net.output),
    }
}

/// The tensors of its context path.
pub(super) fn context_tensors(
    params: &Params,
    context: &Context,
    device: &Device,
) -> ContextTensors {
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

fn affines(params: &Params, maps: &[Affine]) -> Vec<AffineTensors> {
    maps.iter().map(|map| affine(params, map)).collect()
}

fn affine(params: &Params, map: &Affine) -> AffineTensors {
    (params.shaped(map.weight), params.get(map.bias))
}
