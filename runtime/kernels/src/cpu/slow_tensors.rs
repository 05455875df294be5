//! Slow nets on tensors: gathers slices, and hands each tensor its part of the gradient.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::tensor::{dims4, values};
use super::{needed, pool, pooling, slow};
use crate::call::{Kind, SlowNet};

fn pooling_sizes(x: [usize; 4], grid: [usize; 2]) -> pooling::Sizes {
    let [n, channels, height, width] = x;
    pooling::Sizes {
        n,
        channels,
        plane: [height, width],
        grid,
    }
}

/// The batch mean pooled to a grid: `[channels, rows * columns]`.
pub fn pool_context(x: &FlexTensor, grid: [usize; 2]) -> FlexTensor {
    let sizes = pooling_sizes(dims4(x), grid);
    pooling::forward(values(x), sizes).into_tensor([sizes.channels, grid[0] * grid[1]])
}

/// The gradient of `x` from that of the pooled mean.
pub fn pool_context_gradient(grad: &FlexTensor, x: &Kind, grid: [usize; 2]) -> FlexTensor {
    let sizes = pooling_sizes(x.dims4(), grid);
    pooling::backward(values(grad), sizes).into_tensor(x.shape.clone())
}

/// The positions of a net: equal steps over `[-1, 1]`, row index first.
fn grid(sides: &[usize]) -> Vec<Vec<f64>> {
    let axis = |length: usize| {
        let steps = length.saturating_sub(1).max(1) as f64;
        (0..length).map(move |i| 2.0 * i as f64 / steps - 1.0)
    };
    match sides {
        [height, width] => {
            let rows = axis(*height).flat_map(|row| std::iter::repeat_n(row, *width));
            let columns = (0..*height).flat_map(|_| axis(*width));
            vec![rows.collect(), columns.collect()]
        }
        sides => sides.iter().map(|length| axis(*length).collect()).collect(),
    }
}

/// The next two slices as weight and bias.
fn linear<'a>(next: &mut dyn FnMut() -> &'a [f32]) -> slow::Linear<'a> {
    slow::Linear {
        weight: next(),
        bias: next(),
    }
}

/// The net over these tensors' values, which come in the order of [`slow::Net::sizes`].
fn net<'a>(of: &SlowNet, grid: &'a [Vec<f64>], tensors: &'a [FlexTensor]) -> slow::Net<'a> {
    let mut slices = tensors.iter().map(values);
    let mut next = || slices.next().unwrap_or_default();
    let filters = (0..=of.layers).map(|_| linear(&mut next)).collect();
    let linears = (0..of.layers).map(|_| linear(&mut next)).collect();
    let output = linear(&mut next);
    let bias = next();
    let context = of.context.then(|| slow::Context {
        pooled: next(),
        reduce: linear(&mut next),
        fc1: linear(&mut next),
        layers: (0..of.layers).map(|_| linear(&mut next)).collect(),
        alpha: next().iter().sum(),
        beta: next().iter().sum(),
    });
    slow::Net {
        grid,
        filters,
        linears,
        output,
        bias,
        context,
    }
}

/// The kernel that a net makes.
pub fn forward(of: &SlowNet, tensors: &[FlexTensor]) -> FlexTensor {
    let grid = grid(&of.sides);
    slow::forward(&net(of, &grid, tensors)).into_tensor(of.shape)
}

/// The gradients that are needed of its tensors.
pub fn backward(
    of: &SlowNet,
    grad: &FlexTensor,
    tensors: &[FlexTensor],
    needs: &[bool],
) -> Vec<FlexTensor> {
    let grid = grid(&of.sides);
    let net = net(of, &grid, tensors);
    let all = slow::backward(&net, values(grad));
    let mut rest = &all[..];
    let grads = tensors.iter().zip(net.sizes()).map(|(tensor, size)| {
        let (piece, tail) = rest.split_at(size);
        rest = tail;
        let mut own = pool::take(size);
        own.copy_from_slice(piece);
        own.into_tensor(tensor.shape())
    });
    needed(grads, needs)
}
