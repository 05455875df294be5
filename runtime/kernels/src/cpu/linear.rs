//! 1x1 convolutions on tensors: forward, and the gradients of inputs, weight and bias.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::gemm::Left;
use super::pointwise::{Maps, Output, channel_sums, project, weight_gradients};
use super::tensor::{dims4, values};

fn maps(tensor: &FlexTensor) -> Maps<'_> {
    Maps {
        data: values(tensor),
        channels: dims4(tensor)[1],
    }
}

/// Each linear map of the same parts; `maps` are weight and bias of each, `gelu` is what is added to the GELU of the result,
/// if there is one.
pub fn forward(
    parts: &[FlexTensor],
    maps: &[FlexTensor],
    gelu: Option<&FlexTensor>,
) -> Vec<FlexTensor> {
    let [n, _, height, width] = parts.first().map_or([0; 4], dims4);
    let maps = maps.chunks_exact(2).map(|map| (&map[0], &map[1]));
    let outputs = maps.clone().map(|(weight, bias)| {
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

/// The gradients that are needed of parts, weight and bias, in this order.
pub fn backward(
    grad: &FlexTensor,
    parts: &[FlexTensor],
    weight: &FlexTensor,
    needs: &[bool],
) -> Vec<FlexTensor> {
    let [n, outputs, height, width] = dims4(grad);
    let (positions, inputs) = (height * width, weight.shape()[1]);
    let (of_parts, of_map) = needs.split_at(parts.len());
    let mut projections = Vec::new();
    let mut first = 0;
    for (part, needed) in parts.iter().zip(of_parts) {
        let channels = dims4(part)[1];
        if *needed {
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
    let needed = parts.iter().zip(of_parts).filter(|(_, needed)| **needed);
    let of_parts = projected.into_iter().zip(needed);
    let mut results: Vec<FlexTensor> = of_parts
        .map(|(dx, (part, _))| dx.into_tensor(dims4(part)))
        .collect();
    if of_map[0] {
        let inputs: Vec<Maps> = parts.iter().map(maps).collect();
        let gradients = weight_gradients(&[maps(grad)], &inputs, n, positions);
        results.extend(
            gradients
                .into_iter()
                .map(|dw| dw.into_tensor(weight.shape())),
        );
    }
    if of_map[1] {
        results.push(channel_sums(maps(grad), n, positions).into_tensor([outputs]));
    }
    results
}
