//! 1x1 convolutions on tensors: forward, and the gradients of inputs, weight and bias.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::gemm::Left;
use super::pointwise::{Maps, Output, add_to, channel_sums, project, weight_gradients};
use super::pool::{self, Buffer};
use super::tensor::{dims4, values};

fn maps(tensor: &FlexTensor) -> Maps<'_> {
    Maps {
        data: values(tensor),
        channels: dims4(tensor)[1],
    }
}

/// The columns of a weight that belong to each part: where they begin, how many copies there are, how long one is.
fn columns<'a>(
    parts: &'a [FlexTensor],
    times: &'a [usize],
) -> impl Iterator<Item = (usize, usize, usize)> + Clone + 'a {
    let runs = parts.iter().zip(times);
    runs.scan(0, |next, (part, times)| {
        let (first, channels) = (*next, dims4(part)[1]);
        *next += channels * times;
        Some((first, *times, channels))
    })
}

/// Whether a part stands more than once in a row.
fn has_copies(times: &[usize]) -> bool {
    times.iter().any(|times| *times > 1)
}

/// A weight for each part once: what it has for copies of a channel is added up. Nothing if there are no copies.
fn folded(weight: &FlexTensor, parts: &[FlexTensor], times: &[usize]) -> Option<Buffer> {
    if !has_copies(times) {
        return None;
    }
    let [outputs, inputs] = [weight.shape()[0], weight.shape()[1]];
    let columns = columns(parts, times);
    let short: usize = columns.clone().map(|(_, _, channels)| channels).sum();
    let mut sums = pool::take(outputs * short);
    let rows = values(weight).chunks_exact(inputs);
    for (mut to, row) in sums.chunks_exact_mut(short).zip(rows) {
        for (first, times, channels) in columns.clone() {
            let (sum, rest) = to.split_at_mut(channels);
            let mut copies = row[first..][..times * channels].chunks_exact(channels);
            if let Some(first) = copies.next() {
                sum.copy_from_slice(first);
            }
            copies.for_each(|copy| add_to(sum, copy));
            to = rest;
        }
    }
    Some(sums)
}

/// The gradient of a weight from that of the folded one: every copy has that of the sum.
fn unfolded(sums: Buffer, parts: &[FlexTensor], times: &[usize], outputs: usize) -> Buffer {
    if !has_copies(times) {
        return sums;
    }
    let columns = columns(parts, times);
    let inputs: usize = columns
        .clone()
        .map(|(_, times, channels)| times * channels)
        .sum();
    let mut gradient = pool::take(outputs * inputs);
    let rows = sums.chunks_exact(sums.len() / outputs);
    for (row, mut from) in gradient.chunks_exact_mut(inputs).zip(rows) {
        for (first, times, channels) in columns.clone() {
            let (sum, rest) = from.split_at(channels);
            let copies = row[first..][..times * channels].chunks_exact_mut(channels);
            copies.for_each(|copy| copy.copy_from_slice(sum));
            from = rest;
        }
    }
    gradient
}

/// Each linear map of the same parts, which stand so many times in a row; `maps` are weight and bias of each, `gelu` is what is
/// added to the GELU of the result, if there is one.
pub fn forward(
    parts: &[FlexTensor],
    times: &[usize],
    maps: &[FlexTensor],
    gelu: Option<&FlexTensor>,
) -> Vec<FlexTensor> {
    let [n, _, height, width] = parts.first().map_or([0; 4], dims4);
    let inputs = parts.iter().map(|part| dims4(part)[1]).sum();
    let maps = maps.chunks_exact(2).map(|map| (&map[0], &map[1]));
    let outputs = maps.clone().map(|(weight, bias)| {
        let sums = folded(weight, parts, times);
        let weights = sums.as_deref().unwrap_or(values(weight));
        Output {
            weight: Left::rows(weights, inputs, weight.shape()[0], inputs),
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
    times: &[usize],
    weight: &FlexTensor,
    needs: &[bool],
) -> Vec<FlexTensor> {
    let [n, outputs, height, width] = dims4(grad);
    let positions = height * width;
    let (of_parts, of_map) = needs.split_at(parts.len());
    let sums = folded(weight, parts, times);
    let weights = sums.as_deref().unwrap_or(values(weight));
    let inputs = parts.iter().map(|part| dims4(part)[1]).sum();
    let mut projections = Vec::new();
    let mut first = 0;
    for (part, needed) in parts.iter().zip(of_parts) {
        let channels = dims4(part)[1];
        if *needed {
            projections.push(Output {
                weight: Left::columns(&weights[first..], inputs, channels, outputs),
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
        let gradients = gradients.into_iter();
        results.extend(gradients.map(|dw| {
            let dw = unfolded(dw, parts, times, outputs);
            dw.into_tensor(weight.shape())
        }));
    }
    if of_map[1] {
        results.push(channel_sums(maps(grad), n, positions).into_tensor([outputs]));
    }
    results
}
