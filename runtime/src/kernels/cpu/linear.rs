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

/// Weight and bias of a linear map.
type Affine = (FlexTensor, FlexTensor);

/// Each linear map of the same parts; `gelu` is what is added to the GELU of it, if that is wanted.
fn forward(parts: &[FlexTensor], maps: &[Affine], gelu: Option<&FlexTensor>) -> Vec<FlexTensor> {
    let [n, _, height, width] = parts.first().map_or([0; 4], dims4);
    let outputs = maps.iter().map(|(weight, bias)| {
        let [outputs, inputs] = [weight.shape()[0], weight.shape()[1]];
        Output {
            weight: Left::rows(values(weight), inputs, outputs, inputs),
            bias: Some(values(bias)),
            gelu: gelu.map(values),
        }
    });
    let outputs: Vec<Output> = outputs.collect();
    let parts: Vec<Maps> = parts.iter().map(self::maps).collect();
    let results = project(&parts, n, height * width, &outputs).into_iter();
    let results = results.zip(maps);
    let results =
        results.map(|(y, (weight, _))| y.into_tensor([n, weight.shape()[0], height, width]));
    results.collect()
}

fn only(mut results: Vec<FlexTensor>) -> FlexTensor {
    let result = results.pop();
    result.unwrap_or_else(|| unreachable!("one output was asked for"))
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
                gelu: None,
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

fn row_major<const D: usize>(tensor: Tensor<Flex, D>) -> FlexTensor {
    contiguous(primitive(tensor))
}

/// [`Kernels::pointwises`](super::Kernels::pointwises) without gradients.
pub fn pointwises(
    parts: Vec<Tensor<Flex, 4>>,
    maps: Vec<(Tensor<Flex, 2>, Tensor<Flex, 1>)>,
) -> Vec<Tensor<Flex, 4>> {
    let parts: Vec<FlexTensor> = parts.into_iter().map(row_major).collect();
    let maps = maps.into_iter().map(|(w, b)| (row_major(w), row_major(b)));
    let maps: Vec<Affine> = maps.collect();
    let results = forward(&parts, &maps, None).into_iter();
    results.map(tensor).collect()
}

/// [`Kernels::pointwise_gelu`](super::Kernels::pointwise_gelu) without gradients; `after` is `[1]` or `[H, W]`.
pub fn pointwise_gelu(
    parts: Vec<Tensor<Flex, 4>>,
    weight: Tensor<Flex, 2>,
    bias: Tensor<Flex, 1>,
    after: FlexTensor,
) -> Tensor<Flex, 4> {
    let parts: Vec<FlexTensor> = parts.into_iter().map(row_major).collect();
    let map = (row_major(weight), row_major(bias));
    tensor(only(forward(&parts, &[map], Some(&contiguous(after)))))
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
    let map = (weight, bias);
    let output = only(forward(&inputs, std::slice::from_ref(&map), None));
    let (weight, _) = map;
    let parents: Vec<_> = parents.iter().collect();
    tensor(record::<C, _>(&parents, output, move |grad, wanted| {
        backward(&contiguous(grad), &inputs, &weight, wanted)
    }))
}
