//! The operations without matrices on tensors: standardization, activations, expanded sums and products, means,
//! biases. Maps tensors to slices and gradients to parents.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::broadcast::{self, Map, Sizes};
use super::standardize::{self, After, Input, Plan};
use super::tensor::{dims4, values};
use super::{activation, needed, scaled};
use crate::call::{Activation, Axis, Kind, Over};

/// `[n, channels, positions]` of a tensor of rank 4.
pub fn sizes(tensor: &FlexTensor) -> Sizes {
    let [n, channels, height, width] = dims4(tensor);
    [n, channels, height * width]
}

fn map(tensor: &FlexTensor) -> Map<'_> {
    Map {
        data: values(tensor),
        sizes: sizes(tensor),
    }
}

fn plan(tensor: &FlexTensor, over: Over) -> Plan {
    let [n, channels, positions] = sizes(tensor);
    Plan {
        n,
        channels,
        positions,
        over,
    }
}

/// Standardization of `x * scale` over positions, and what its gradient needs.
pub fn standardize_scaled(x: &FlexTensor, scale: &FlexTensor) -> (FlexTensor, FlexTensor) {
    let (y, statistics) = scaled::forward(map(x), map(scale));
    let size = statistics.len();
    (y.into_tensor(x.shape()), statistics.into_tensor([size]))
}

/// The gradients that are needed of the map and its factors, of the shape of `scale`.
pub fn standardize_scaled_gradients(
    grad: &FlexTensor,
    x: &FlexTensor,
    scale: &FlexTensor,
    statistics: &FlexTensor,
    needs: &[bool],
) -> Vec<FlexTensor> {
    let (dx, each) = scaled::backward(map(grad), map(x), map(scale), values(statistics));
    let [n, channels, _] = sizes(x);
    let each = Map {
        data: &each,
        sizes: [n, channels, 1],
    };
    let dscale = broadcast::reduce(each, None, sizes(scale));
    let both = [dx.into_tensor(x.shape()), dscale.into_tensor(scale.shape())];
    needed(both, needs)
}

/// The standardized product of one or two maps, with a bias of `[1]` or `[H, W]` also its GELU plus the bias; and the
/// statistics.
pub fn standardize(maps: &[FlexTensor], over: Over, bias: Option<&FlexTensor>) -> [FlexTensor; 2] {
    let (source, plan) = source(maps, over);
    let after = bias.map_or(After::Nothing, |bias| After::Gelu(values(bias)));
    let (y, statistics) = standardize::forward(source, plan, after);
    let (size, shape) = (statistics.len(), maps.first().map_or([0; 4], dims4));
    [y.into_tensor(shape), statistics.into_tensor([size])]
}

fn source(inputs: &[FlexTensor], over: Over) -> (Input<'_>, Plan) {
    match inputs {
        [x] => (Input::Maps(values(x)), plan(x, over)),
        [a, b, ..] => (Input::Product(values(a), values(b)), plan(a, over)),
        [] => unreachable!("a standardization has an input"),
    }
}

/// The gradients that are needed of the maps, and of the bias if there was one.
pub fn standardize_gradients(
    grad: &FlexTensor,
    maps: &[FlexTensor],
    statistics: &FlexTensor,
    over: Over,
    bias: Option<&Kind>,
    needs: &[bool],
) -> Vec<FlexTensor> {
    let (of_maps, of_bias) = needs.split_at(maps.len());
    let mut results = Vec::new();
    if of_maps.contains(&true) {
        let (source, plan) = source(maps, over);
        let statistics = values(statistics);
        let (first, second) =
            standardize::backward(values(grad), source, statistics, plan, bias.is_some());
        let grads = std::iter::once(first).chain(second).zip(maps);
        let grads = grads.map(|(dx, x)| dx.into_tensor(x.shape()));
        results = needed(grads, of_maps);
    }
    if let (Some(bias), Some(true)) = (bias, of_bias.first()) {
        let sizes = [1, 1, bias.shape.num_elements()];
        let sum = broadcast::reduce(map(grad), None, sizes);
        results.push(sum.into_tensor(bias.shape.clone()));
    }
    results
}

/// `x * sigmoid(a * b)` for maps that broadcast to `x`.
pub fn gate(x: &FlexTensor, a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    broadcast::gate(map(x), map(a), map(b)).into_tensor(x.shape())
}

/// The gradients that are needed of `x`, `a` and `b`.
pub fn gate_gradients(
    grad: &FlexTensor,
    operands: [&FlexTensor; 3],
    needs: &[bool],
) -> Vec<FlexTensor> {
    let [x, a, b] = operands;
    let (dx, ds) = broadcast::gate_back(map(grad), map(x), map(a), map(b));
    let ds = Map {
        data: &ds,
        sizes: sizes(x),
    };
    let factor = |of: &FlexTensor, other: &FlexTensor| {
        broadcast::reduce(ds, Some(map(other)), sizes(of)).into_tensor(of.shape())
    };
    let dx = needs[0].then(|| dx.into_tensor(x.shape()));
    let da = needs[1].then(|| factor(a, b));
    let db = needs[2].then(|| factor(b, a));
    [dx, da, db].into_iter().flatten().collect()
}

/// `x * scale + shift` per channel; with `gelu`, that of the GELU of it and what is added to that, `[1]` or `[H, W]`.
pub fn rescale(
    x: &FlexTensor,
    maps: Option<[&FlexTensor; 2]>,
    gelu: Option<&FlexTensor>,
) -> FlexTensor {
    let maps = maps.map(|maps| maps.map(values));
    broadcast::rescale(map(x), maps, gelu.map(values)).into_tensor(x.shape())
}

/// An activation.
pub fn activate(x: &FlexTensor, activation: Activation) -> FlexTensor {
    activation::forward(activation, values(x)).into_tensor(x.shape())
}

/// Its gradient, from what [`Call::saved`](crate::Call::saved) says is kept.
pub fn activate_gradient(
    grad: &FlexTensor,
    saved: &FlexTensor,
    activation: Activation,
) -> FlexTensor {
    activation::backward(activation, values(saved), values(grad)).into_tensor(saved.shape())
}

fn joined_shape(a: &FlexTensor, b: &FlexTensor) -> [usize; 4] {
    let (a, b) = (dims4(a), dims4(b));
    std::array::from_fn(|i| a[i].max(b[i]))
}

/// Sum or product of maps that broadcast.
pub fn combine(a: &FlexTensor, b: &FlexTensor, product: bool) -> FlexTensor {
    let [n, channels, height, width] = joined_shape(a, b);
    let y = broadcast::combine(map(a), map(b), [n, channels, height * width], product);
    y.into_tensor([n, channels, height, width])
}

/// The gradient of an operand of shape `own`; `other` is the other one of a product.
fn operand_grad(grad: &FlexTensor, own: [usize; 4], other: Option<&FlexTensor>) -> FlexTensor {
    if own == dims4(grad) {
        return match other {
            Some(other) => combine(grad, other, true),
            None => grad.clone(),
        };
    }
    let [n, channels, height, width] = own;
    let sizes = [n, channels, height * width];
    broadcast::reduce(map(grad), other.map(map), sizes).into_tensor(own)
}

/// The gradients that are needed of both operands of a sum, or of a product of these factors.
pub fn combine_gradients(
    grad: &FlexTensor,
    operands: &[Kind],
    factors: Option<[&FlexTensor; 2]>,
    needs: &[bool],
) -> Vec<FlexTensor> {
    let [a, b] = [&operands[0], &operands[1]].map(Kind::dims4);
    let [left, right] = factors.map_or([None; 2], |factors| factors.map(Some));
    let da = needs[0].then(|| operand_grad(grad, a, right));
    let db = needs[1].then(|| operand_grad(grad, b, left));
    da.into_iter().chain(db).collect()
}

/// A mean; the axes keep size 1.
pub fn mean(x: &FlexTensor, axis: Axis) -> FlexTensor {
    let [n, channels, height, width] = dims4(x);
    match axis {
        Axis::Channels => broadcast::channel_mean(map(x)).into_tensor([n, 1, height, width]),
        Axis::Positions => broadcast::position_mean(map(x)).into_tensor([n, channels, 1, 1]),
    }
}

/// The gradient of a mean of `x`.
pub fn mean_gradient(grad: &FlexTensor, x: &Kind, axis: Axis) -> FlexTensor {
    let [n, channels, height, width] = x.dims4();
    let count = match axis {
        Axis::Channels => channels,
        Axis::Positions => height * width,
    };
    let sizes = [n, channels, height * width];
    broadcast::expand(map(grad), sizes, 1.0 / count as f32).into_tensor(x.shape.clone())
}
