//! The operations without matrices on tensors: standardization, activations, stretched sums and products, means,
//! biases. Maps tensors to slices and gradients to parents.

use burn::tensor::TensorMetadata;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_flex::FlexTensor;
use termc_compiler::model::Over;

use super::activation::{self, Function};
use super::record::{Tracked, record};
use super::scaled;
use super::standardize::{self, Finish, Input, Plan};
use super::stretch::{self, Map, Sizes};
use super::tensor::{contiguous, dims4, values};

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

/// Standardization, and what its gradient needs.
pub fn standardize(x: &FlexTensor, over: Over) -> (FlexTensor, FlexTensor) {
    let (y, kept) = standardize::forward(Input::Maps(values(x)), plan(x, over), Finish::Plain);
    let size = kept.len();
    (y.into_tensor(x.shape()), kept.into_tensor([size]))
}

/// As [`standardize`], recorded.
pub fn standardize_tracked<C: CheckpointStrategy>(x: Tracked<C>, over: Over) -> Tracked<C> {
    let input = contiguous(x.primitive.clone());
    let (y, kept) = standardize(&input, over);
    record::<C, _>(&[&x], y, move |grad, _| {
        let grad = contiguous(grad);
        let source = Input::Maps(values(&input));
        let plan = plan(&input, over);
        let (dx, _) = standardize::backward(values(&grad), source, values(&kept), plan, false);
        vec![Some(dx.into_tensor(input.shape()))]
    })
}

/// Standardization of `x * scale` over positions, and what its gradient needs.
pub fn standardize_scaled(x: &FlexTensor, scale: &FlexTensor) -> (FlexTensor, FlexTensor) {
    let (y, kept) = scaled::forward(map(x), map(scale));
    let size = kept.len();
    (y.into_tensor(x.shape()), kept.into_tensor([size]))
}

/// As [`standardize_scaled`], recorded.
pub fn standardize_scaled_tracked<C: CheckpointStrategy>(
    x: Tracked<C>,
    scale: Tracked<C>,
) -> Tracked<C> {
    let [input, factors] = [&x, &scale].map(|t| contiguous(t.primitive.clone()));
    let (y, kept) = standardize_scaled(&input, &factors);
    record::<C, _>(&[&x, &scale], y, move |grad, _| {
        let grad = contiguous(grad);
        let (x, scale) = (map(&input), map(&factors));
        let (dx, each) = scaled::backward(map(&grad), x, scale, values(&kept));
        let [n, channels, _] = x.sizes;
        let each = Map {
            data: &each,
            sizes: [n, channels, 1],
        };
        let dscale = stretch::reduce(each, None, scale.sizes);
        vec![
            Some(dx.into_tensor(input.shape())),
            Some(dscale.into_tensor(factors.shape())),
        ]
    })
}

/// `gelu(standardize(product of inputs)) + bias` for one or two inputs and `bias` of `[1]` or `[H, W]`; and what its
/// gradient needs.
pub fn finish(inputs: &[FlexTensor], over: Over, bias: &FlexTensor) -> (FlexTensor, FlexTensor) {
    let (source, plan) = source(inputs, over);
    let (y, kept) = standardize::forward(source, plan, Finish::Gelu(values(bias)));
    let (size, shape) = (kept.len(), inputs.first().map_or([0; 4], dims4));
    (y.into_tensor(shape), kept.into_tensor([size]))
}

fn source(inputs: &[FlexTensor], over: Over) -> (Input<'_>, Plan) {
    match inputs {
        [x] => (Input::Maps(values(x)), plan(x, over)),
        [a, b, ..] => (Input::Product(values(a), values(b)), plan(a, over)),
        [] => unreachable!("a standardization has an input"),
    }
}

/// As [`finish`], recorded.
pub fn finish_tracked<C: CheckpointStrategy>(
    inputs: &[Tracked<C>],
    over: Over,
    bias: Tracked<C>,
) -> Tracked<C> {
    let tensors = inputs.iter().map(|x| contiguous(x.primitive.clone()));
    let tensors: Vec<FlexTensor> = tensors.collect();
    let shift = contiguous(bias.primitive.clone());
    let (y, kept) = finish(&tensors, over, &shift);
    let parents: Vec<&Tracked<C>> = inputs.iter().chain([&bias]).collect();
    record::<C, _>(&parents, y, move |grad, wanted| {
        let grad = contiguous(grad);
        let mut results = Vec::new();
        let (input_wanted, bias_wanted) = wanted.split_at(tensors.len());
        if input_wanted.contains(&true) {
            let (source, plan) = source(&tensors, over);
            let (first, second) =
                standardize::backward(values(&grad), source, values(&kept), plan, true);
            let grads = [Some(first), second].into_iter().flatten().zip(&tensors);
            results.extend(grads.map(|(dx, x)| Some(dx.into_tensor(x.shape()))));
        } else {
            results.resize(tensors.len(), None);
        }
        let sizes = [1, 1, shift.shape().num_elements()];
        let shift_grad = |_| stretch::reduce(map(&grad), None, sizes).into_tensor(shift.shape());
        results.push(
            bias_wanted
                .first()
                .filter(|wanted| **wanted)
                .map(shift_grad),
        );
        results
    })
}

/// `x * sigmoid(a * b)` for [`stretchable`] maps, `x` of the joined shape.
pub fn gate(x: &FlexTensor, a: &FlexTensor, b: &FlexTensor) -> FlexTensor {
    stretch::gate(map(x), map(a), map(b)).into_tensor(x.shape())
}

/// As [`gate`], recorded.
pub fn gate_tracked<C: CheckpointStrategy>(
    x: Tracked<C>,
    a: Tracked<C>,
    b: Tracked<C>,
) -> Tracked<C> {
    let [input, left, right] = [&x, &a, &b].map(|t| contiguous(t.primitive.clone()));
    let y = gate(&input, &left, &right);
    record::<C, _>(&[&x, &a, &b], y, move |grad, wanted| {
        let grad = contiguous(grad);
        let (dx, ds) = stretch::gate_back(map(&grad), map(&input), map(&left), map(&right));
        let ds = Map {
            data: &ds,
            sizes: sizes(&input),
        };
        let side = |t: &FlexTensor, other: &FlexTensor| {
            stretch::reduce(ds, Some(map(other)), sizes(t)).into_tensor(t.shape())
        };
        vec![
            Some(dx.into_tensor(input.shape())),
            wanted[1].then(|| side(&left, &right)),
            wanted[2].then(|| side(&right, &left)),
        ]
    })
}

/// `x * scale + shift` per channel; with `gelu`, that of the GELU of it and what is added to that, `[1]` or `[H, W]`.
pub fn rescale(
    x: &FlexTensor,
    maps: Option<[&FlexTensor; 2]>,
    gelu: Option<&FlexTensor>,
) -> FlexTensor {
    let maps = maps.map(|maps| maps.map(values));
    stretch::rescale(map(x), maps, gelu.map(values)).into_tensor(x.shape())
}

/// An activation.
pub fn activate(x: &FlexTensor, function: Function) -> FlexTensor {
    activation::forward(function, values(x)).into_tensor(x.shape())
}

/// As [`activate`], recorded.
pub fn activate_tracked<C: CheckpointStrategy>(x: Tracked<C>, function: Function) -> Tracked<C> {
    let input = contiguous(x.primitive.clone());
    let y = activate(&input, function);
    let kept = match function {
        Function::Gelu | Function::Silu => input,
        Function::Sigmoid => y.clone(),
    };
    record::<C, _>(&[&x], y, move |grad, _| {
        let grad = contiguous(grad);
        let dx = activation::backward(function, values(&kept), values(&grad));
        vec![Some(dx.into_tensor(kept.shape()))]
    })
}

/// Whether height and width of both are whole or both of size 1, and the other axes fit.
pub fn stretchable(a: [usize; 4], b: [usize; 4]) -> bool {
    let ([an, ac, ah, aw], [bn, bc, bh, bw]) = (a, b);
    let planes = (ah, aw) == (bh, bw) || (ah, aw) == (1, 1) || (bh, bw) == (1, 1);
    let axis = |a: usize, b: usize| a == b || a == 1 || b == 1;
    planes && axis(an, bn) && axis(ac, bc)
}

/// Whether `b` only has to be stretched to have the sizes `a`.
pub fn covers(a: [usize; 4], b: [usize; 4]) -> bool {
    let positions = (a[2], a[3]) == (b[2], b[3]) || (b[2], b[3]) == (1, 1);
    positions && (0..2).all(|i| b[i] == a[i] || b[i] == 1)
}

fn joined_shape(a: &FlexTensor, b: &FlexTensor) -> [usize; 4] {
    let (a, b) = (dims4(a), dims4(b));
    std::array::from_fn(|i| a[i].max(b[i]))
}

/// Sum or product of [`stretchable`] tensors.
pub fn combine(a: &FlexTensor, b: &FlexTensor, product: bool) -> FlexTensor {
    let [n, channels, height, width] = joined_shape(a, b);
    let y = stretch::combine(map(a), map(b), [n, channels, height * width], product);
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
    stretch::reduce(map(grad), other.map(map), sizes).into_tensor(own)
}

/// As [`combine`], recorded.
pub fn combine_tracked<C: CheckpointStrategy>(
    a: Tracked<C>,
    b: Tracked<C>,
    product: bool,
) -> Tracked<C> {
    let (left, right) = (
        contiguous(a.primitive.clone()),
        contiguous(b.primitive.clone()),
    );
    let y = combine(&left, &right, product);
    let shapes = [dims4(&left), dims4(&right)];
    // The gradient of a sum needs none of its operands.
    let factors = product.then_some((left, right));
    record::<C, _>(&[&a, &b], y, move |grad, wanted| {
        let grad = contiguous(grad);
        let (left, right) = factors.as_ref().map(|(l, r)| (l, r)).unzip();
        let da = wanted[0].then(|| operand_grad(&grad, shapes[0], right));
        let db = wanted[1].then(|| operand_grad(&grad, shapes[1], left));
        vec![da, db]
    })
}

/// Axes a mean is taken over.
#[derive(Clone, Copy, Debug)]
pub enum Mean {
    /// Channels.
    Channels,
    /// Height and width.
    Positions,
}

/// A mean; the axes keep size 1.
pub fn mean(x: &FlexTensor, mean: Mean) -> FlexTensor {
    let [n, channels, height, width] = dims4(x);
    match mean {
        Mean::Channels => stretch::channel_mean(map(x)).into_tensor([n, 1, height, width]),
        Mean::Positions => stretch::position_mean(map(x)).into_tensor([n, channels, 1, 1]),
    }
}

/// As [`mean`](fn@mean), recorded.
pub fn mean_tracked<C: CheckpointStrategy>(x: Tracked<C>, over: Mean) -> Tracked<C> {
    let input = contiguous(x.primitive.clone());
    let (shape, sizes) = (input.shape(), sizes(&input));
    record::<C, _>(&[&x], mean(&input, over), move |grad, _| {
        let grad = contiguous(grad);
        let count = match over {
            Mean::Channels => sizes[1],
            Mean::Positions => sizes[2],
        };
        let dx = stretch::spread(map(&grad), sizes, 1.0 / count as f32);
        vec![Some(dx.into_tensor(shape))]
    })
}
