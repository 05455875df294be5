//! Slow nets on tensors: gathers slices, and hands each tensor its part of the gradient.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorMetadata};
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_flex::FlexTensor;

use super::record::{Tracked, record};
use super::tensor::{contiguous, dims4, primitive, values};
use super::{pool, pooling, slow};
use crate::composed::affine::AffineTensors;
use crate::composed::slow_net::{ContextTensors, SlowTensors};

fn pooling_sizes(x: &FlexTensor, grid: [usize; 2]) -> pooling::Sizes {
    let [n, channels, height, width] = dims4(x);
    pooling::Sizes {
        n,
        channels,
        plane: [height, width],
        grid,
    }
}

/// The batch mean pooled to a grid: `[channels, rows * columns]`.
pub fn pool_context(x: &FlexTensor, grid: [usize; 2]) -> FlexTensor {
    let sizes = pooling_sizes(x, grid);
    pooling::forward(values(x), sizes).into_tensor([sizes.channels, grid[0] * grid[1]])
}

/// As [`pool_context`], recorded.
pub fn pool_context_tracked<C: CheckpointStrategy>(x: Tracked<C>, grid: [usize; 2]) -> Tracked<C> {
    let input = contiguous(x.primitive.clone());
    let (shape, sizes) = (input.shape(), pooling_sizes(&input, grid));
    record::<C, _>(&[&x], pool_context(&input, grid), move |grad, _| {
        let dx = pooling::backward(values(&contiguous(grad)), sizes);
        vec![Some(dx.into_tensor(shape))]
    })
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

/// A net's tensors in the order of [`slow::Net::sizes`], and its positions.
pub struct Gathered<T> {
    tensors: Vec<T>,
    grid: Vec<Vec<f64>>,
    layers: usize,
    context: bool,
}

/// Lines up the tensors of a net on a grid of these sides.
pub fn gather<B: Backend, const D: usize>(
    net: SlowTensors<B>,
    bias: Tensor<B, D>,
    context: Option<(ContextTensors<B>, B::FloatTensorPrimitive)>,
) -> Gathered<B::FloatTensorPrimitive> {
    let mut tensors = Vec::new();
    let layers = net.linears.len();
    let grid = grid(&bias.dims());
    let add = |tensors: &mut Vec<_>, (weight, bias): AffineTensors<B>| {
        tensors.push(primitive(weight));
        tensors.push(primitive(bias));
    };
    let maps = net
        .filters
        .into_iter()
        .chain(net.linears)
        .chain([net.output]);
    maps.for_each(|map| add(&mut tensors, map));
    tensors.push(primitive(bias));
    let has_context = context.is_some();
    if let Some((context, pooled)) = context {
        tensors.push(pooled);
        let maps = [context.reduce, context.fc1]
            .into_iter()
            .chain(context.layers);
        maps.for_each(|map| add(&mut tensors, map));
        tensors.push(primitive(context.alpha));
        tensors.push(primitive(context.beta));
    }
    Gathered {
        tensors,
        grid,
        layers,
        context: has_context,
    }
}

/// The next two slices as weight and bias.
fn linear<'a>(next: &mut dyn FnMut() -> &'a [f32]) -> slow::Linear<'a> {
    slow::Linear {
        weight: next(),
        bias: next(),
    }
}

impl Gathered<FlexTensor> {
    /// The net over these tensors' values.
    fn net(&self) -> slow::Net<'_> {
        let mut slices = self.tensors.iter().map(values);
        let mut next = || slices.next().unwrap_or_default();
        let filters = (0..=self.layers).map(|_| linear(&mut next)).collect();
        let linears = (0..self.layers).map(|_| linear(&mut next)).collect();
        let output = linear(&mut next);
        let bias = next();
        let context = self.context.then(|| slow::Context {
            pooled: next(),
            reduce: linear(&mut next),
            fc1: linear(&mut next),
            layers: (0..self.layers).map(|_| linear(&mut next)).collect(),
            alpha: next().iter().sum(),
            beta: next().iter().sum(),
        });
        slow::Net {
            grid: &self.grid,
            filters,
            linears,
            output,
            bias,
            context,
        }
    }

    /// The kernel `[outputs, positions]` in a shape of as many elements.
    pub fn forward(&self, shape: impl FnOnce(usize, usize) -> [usize; 4]) -> FlexTensor {
        let net = self.net();
        let shape = shape(net.output.bias.len(), net.bias.len());
        slow::forward(&net).into_tensor(shape)
    }

    /// One gradient per tensor.
    fn backward(&self, grad: &FlexTensor) -> Vec<Option<FlexTensor>> {
        let net = self.net();
        let all = slow::backward(&net, values(grad));
        let mut rest = &all[..];
        let grads = self.tensors.iter().zip(net.sizes()).map(|(tensor, size)| {
            let (piece, tail) = rest.split_at(size);
            rest = tail;
            let mut own = pool::take(size);
            own.copy_from_slice(piece);
            Some(own.into_tensor(tensor.shape()))
        });
        grads.collect()
    }

    /// The same with all tensors in row-major order.
    pub fn row_major(mut self) -> Self {
        self.tensors = self.tensors.into_iter().map(contiguous).collect();
        self
    }
}

/// The kernel, recorded.
pub fn slow_net_tracked<C: CheckpointStrategy>(
    gathered: Gathered<Tracked<C>>,
    shape: impl FnOnce(usize, usize) -> [usize; 4],
) -> Tracked<C> {
    let plain = Gathered {
        tensors: gathered
            .tensors
            .iter()
            .map(|t| t.primitive.clone())
            .collect(),
        grid: gathered.grid,
        layers: gathered.layers,
        context: gathered.context,
    };
    let plain = plain.row_major();
    let output = plain.forward(shape);
    let parents: Vec<_> = gathered.tensors.iter().collect();
    record::<C, _>(&parents, output, move |grad, _| {
        plain.backward(&contiguous(grad))
    })
}
