//! Slow nets: kernels from coordinates, and from coordinates and an activation.

use burn::tensor::activation::gelu;
use burn::tensor::backend::Backend;
use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::{DType, Tensor, TensorData};
use termc_compiler::model::{Affine, Context, Grid, Scale, SlowNet};

use crate::params::Params;

/// A kernel that no image changes: `[1, outputs, H, W]` over a plane, `[1, positions, 1, 1]` over a line.
pub(super) fn kernel<B: Backend>(params: &Params<B>, net: &SlowNet) -> Tensor<B, 4> {
    slow_net(params, net, |_, h| h)
}

/// A kernel that also reads an activation `[N, C, H, W]`, averaged over the batch.
pub(super) fn context_kernel<B: Backend>(
    params: &Params<B>,
    net: &SlowNet,
    context: &Context,
    source: Tensor<B, 4>,
) -> Tensor<B, 4> {
    let (height, width) = sides(net.grid);
    let channels = source.dims()[1];
    // The batch mean, the pooling and the reducing map are linear: taking the mean first gives the same for less.
    let pooled = adaptive_avg_pool2d(source.mean_dim(0), [height, width]);
    let pooled = pooled.reshape([channels, height * width]);
    let reduced = affine(params, &context.reduce, pooled);
    let ctx = gelu(affine(params, &context.fc1, reduced));
    let (alpha, beta) = (scale(params, context.alpha), scale(params, context.beta));
    slow_net(params, net, |layer, h| {
        let norm = (h.clone() * h.clone()).sum_dim(1).sqrt().clamp_min(1e-12);
        let h = alpha.of(h.clone().detach()) + beta.of(h / norm);
        match context.layers.get(layer) {
            Some(map) => h * affine(params, map, ctx.clone()),
            None => h,
        }
    })
}

/// `h0 = sin(filter0(g))`, `h' = after(sin(filter(g)) * linear(h) + bias)`, `kernel = output(h)`; `h` is
/// `[hidden, positions]`.
fn slow_net<B: Backend>(
    params: &Params<B>,
    net: &SlowNet,
    mut after: impl FnMut(usize, Tensor<B, 2>) -> Tensor<B, 2>,
) -> Tensor<B, 4> {
    let (height, width) = sides(net.grid);
    let device = params.get(net.bias).device();
    let grid = coordinates(net.grid)
        .map(|axis| {
            Tensor::<B, 2>::from_data(
                TensorData::new(axis, [1, height * width]),
                (&device, DType::F64),
            )
        })
        .collect::<Vec<_>>();
    let bias = params.get(net.bias).reshape([1, height * width]);
    let mut filters = net.filters.iter().map(|filter| sine(params, filter, &grid));
    let first = filters
        .next()
        .unwrap_or_else(|| Tensor::zeros([net.hidden, height * width], &device));
    let hidden =
        filters
            .zip(&net.linears)
            .enumerate()
            .fold(first, |h, (layer, (gabor, linear))| {
                after(layer, gabor * affine(params, linear, h) + bias.clone())
            });
    let kernel = affine(params, &net.output, hidden);
    match net.grid {
        Grid::Plane { .. } => kernel.reshape([1, net.outputs, height, width]),
        Grid::Line { length } => kernel.reshape([1, length, 1, 1]),
    }
}

/// `sin(weight . grid + bias)`, the argument in 64-bit floats: it may reach 1e5, where 32 bits leave two digits.
fn sine<B: Backend>(params: &Params<B>, filter: &Affine, grid: &[Tensor<B, 2>]) -> Tensor<B, 2> {
    let weight = params.shaped::<2>(filter.weight).cast(DType::F64);
    let bias = params
        .get(filter.bias)
        .cast(DType::F64)
        .unsqueeze_dim::<2>(1);
    let argument = grid
        .iter()
        .enumerate()
        .fold(bias, |sum, (axis, coordinate)| {
            weight.clone().narrow(1, axis, 1) * coordinate.clone() + sum
        });
    argument.sin().cast(DType::F32)
}

/// A linear map over the rows of `[in, positions]`: `[out, positions]`.
fn affine<B: Backend>(params: &Params<B>, map: &Affine, x: Tensor<B, 2>) -> Tensor<B, 2> {
    let bias = params.get(map.bias).unsqueeze_dim::<2>(1);
    params.shaped::<2>(map.weight).matmul(x) + bias
}

fn sides(grid: Grid) -> (usize, usize) {
    match grid {
        Grid::Plane { height, width } => (height, width),
        Grid::Line { length } => (1, length),
    }
}

/// Each coordinate at all positions, row-major.
fn coordinates(grid: Grid) -> impl Iterator<Item = Vec<f64>> {
    let (height, width) = sides(grid);
    let at = |i: usize, n: usize| {
        if n > 1 {
            2.0 * i as f64 / (n - 1) as f64 - 1.0
        } else {
            -1.0
        }
    };
    let rows = (0..height)
        .flat_map(|i| std::iter::repeat_n(at(i, height), width))
        .collect();
    let columns = (0..height)
        .flat_map(|_| (0..width).map(|j| at(j, width)))
        .collect();
    match grid {
        Grid::Plane { .. } => vec![rows, columns],
        Grid::Line { .. } => vec![columns],
    }
    .into_iter()
}

/// A factor of the context path.
enum Factor<B: Backend> {
    Constant(f64),
    Trained(Tensor<B, 2>),
}

fn scale<B: Backend>(params: &Params<B>, scale: Scale) -> Factor<B> {
    match scale {
        Scale::Constant(value) => Factor::Constant(value),
        Scale::Trained(id) => Factor::Trained(params.get(id).reshape([1, 1])),
    }
}

impl<B: Backend> Factor<B> {
    fn of(&self, h: Tensor<B, 2>) -> Tensor<B, 2> {
        match self {
            Self::Constant(value) => h.mul_scalar(*value),
            Self::Trained(value) => h * value.clone(),
        }
    }
}
