//! 1x1 convolutions on tensors: forward, and the gradients of inputs, weight and bias.

use burn::tensor::{Tensor, TensorMetadata};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_flex::{Flex, FlexTensor};

use super::gemm::Left;
use super::pointwise::{Maps, Output, channel_sums, correlate, project};
use super::record::record;
use super::tensor::{contiguous, dims4, primitive, tensor, values};

fn maps(tensor: &FlexTensor) -> Maps<'_> {
    Maps {
        data: values(tensor),
        channels: dims4(tensor)[1],
    }
}

fn forward(parts: &[FlexTensor], weight: &FlexTensor, bias: &FlexTensor) -> FlexTensor {
    let [n, _, height, width] = parts.first().map_or([0; 4], dims4);
    let [outputs, inputs] = [weight.shape()[0], weight.shape()[1]];
    let output = Output {
        weight: Left::rows(values(weight), inputs, outputs, inputs),
        bias: Some(values(bias)),
    };
    let parts: Vec<Maps> = parts.iter().map(maps).collect();
    let result = project(&parts, n, height * width, &[output]).pop();
    result.map_or_else(
        || unreachable!("one output was asked for"),
        |y| y.into_tensor([n, outputs, height, width]),
    )
}

/// Gradients of `wanted` among parts, weight and bias, in this order.
fn backward(
    grad: &FlexTensor,
    parts: &[FlexTensor],
    weight: &FlexTensor,
    wanted: &[bool],
) -> Vec<Option<FlexTensor>> {
    let [n, outputs, height, width] = dims4(grad);
    let (positions, inputs) = (height * width, weight.shape()[1]);
    let mut results: Vec<Option<FlexTensor>> = Vec::new();
    let mut projections = Vec::new();
    let mut first = 0;
    for (part, wanted) in parts.iter().zip(wanted) {
        let channels = dims4(part)[1];
        if *wanted {
            projections.push(Output {
                weight: Left::columns(&values(weight)[first..], inputs, channels, outputs),
                bias: None,
            });
        }
        first += channels;
    }
    let projected = match projections.is_empty() {
        true => Vec::new(),
        false => project(&[maps(grad)], n, positions, &projections),
    };
    let mut projected = projected.into_iter();
    for (part, wanted) in parts.iter().zip(wanted) {
        let result = wanted.then(|| projected.next()).flatten();
        results.push(result.map(|dx| dx.into_tensor(dims4(part))));
    }
    let inputs: Vec<Maps> = parts.iter().map(maps).collect();
    let weight_wanted = wanted.get(parts.len()).copied().unwrap_or(false);
    let bias_wanted = wanted.get(parts.len() + 1).copied().unwrap_or(false);
    let correlated = weight_wanted.then(|| correlate(&[maps(grad)], &inputs, n, positions).pop());
    results.push(
        correlated
            .flatten()
            .map(|dw| dw.into_tensor(weight.shape())),
    );
    results
        .push(bias_wanted.then(|| channel_sums(maps(grad), n, positions).into_tensor([outputs])));
    results
}

/// [`Kernels::pointwise`](super::Kernels::pointwise) without gradients.
pub fn pointwise(
    parts: Vec<Tensor<Flex, 4>>,
    weight: Tensor<Flex, 2>,
    bias: Tensor<Flex, 1>,
) -> Tensor<Flex, 4> {
    let parts = parts.into_iter().map(|p| contiguous(primitive(p)));
    let parts: Vec<FlexTensor> = parts.collect();
    let (weight, bias) = (contiguous(primitive(weight)), contiguous(primitive(bias)));
    tensor(forward(&parts, &weight, &bias))
}

/// [`Kernels::pointwise`](super::Kernels::pointwise) with gradients.
pub fn pointwise_tracked<C: CheckpointStrategy>(
    parts: Vec<Tensor<Autodiff<Flex, C>, 4>>,
    weight: Tensor<Autodiff<Flex, C>, 2>,
    bias: Tensor<Autodiff<Flex, C>, 1>,
) -> Tensor<Autodiff<Flex, C>, 4> {
    let mut parents: Vec<_> = parts.into_iter().map(primitive).collect();
    let count = parents.len();
    parents.extend([primitive(weight), primitive(bias)]);
    let mut inputs: Vec<FlexTensor> = parents
        .iter()
        .map(|p| contiguous(p.primitive.clone()))
        .collect();
    let rest = inputs.split_off(count);
    let [weight, bias]: [FlexTensor; 2] = match rest.try_into() {
        Ok(pair) => pair,
        Err(_) => unreachable!("two tensors follow the parts"),
    };
    let output = forward(&inputs, &weight, &bias);
    let parents: Vec<_> = parents.iter().collect();
    tensor(record::<C, _>(&parents, output, move |grad, wanted| {
        backward(&contiguous(grad), &inputs, &weight, wanted)
    }))
}
