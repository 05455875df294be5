//! Slow nets: multiplicative filters that turn coordinates, and for some an activation, into kernels. Their sines and
//! products are those of the kernels that are passed.

use burn::tensor::Tensor;
use burn::tensor::module::adaptive_avg_pool2d;

use super::affine::AffineTensors;
use super::elementwise::gelu;
use super::normalize::NORM_FLOOR;
use crate::KernelChoice;

/// The maps of a slow net; its spatial bias is passed apart, since its shape tells the grid.
pub struct SlowTensors {
    /// `layers + 1` maps from coordinates, weight `[hidden, dims]`.
    pub filters: Vec<AffineTensors>,
    /// `layers` maps, weight `[hidden, hidden]`.
    pub linears: Vec<AffineTensors>,
    /// Weight `[outputs, hidden]`.
    pub output: AffineTensors,
}

/// What a context-dependent slow net has besides: `ctx = gelu(fc1(reduce(mean_batch(avg_pool(source)))))`, and after
/// each layer `h = (alpha * stop_gradient(h) + beta * h / max(||h||, 1e-12)) * layer(ctx)`, the norm per channel.
pub struct ContextTensors {
    /// Weight `[hidden, C]`.
    pub reduce: AffineTensors,
    /// Weight `[hidden, hidden]`.
    pub fc1: AffineTensors,
    /// One map per layer, weight `[hidden, hidden]`.
    pub layers: Vec<AffineTensors>,
    /// `[1]`, the weight of the detached value.
    pub alpha: Tensor<1>,
    /// `[1]`, the weight of the normalised value.
    pub beta: Tensor<1>,
}

/// A kernel over a plane, `[1, outputs, H, W]`, on the grid of its spatial bias `[H, W]`.
pub fn slow_plane(kernels: KernelChoice, net: SlowTensors, bias: Tensor<2>) -> Tensor<4> {
    let [height, width] = bias.dims();
    slow_net(kernels, net, &[height, width], bias, |h| h).reshape([
        1,
        -1,
        height as i32,
        width as i32,
    ])
}

/// A kernel over a line, `[1, length, 1, 1]`, on the grid of its spatial bias `[length]`.
pub fn slow_line(kernels: KernelChoice, net: SlowTensors, bias: Tensor<1>) -> Tensor<4> {
    let [length] = bias.dims();
    slow_net(kernels, net, &[length], bias.unsqueeze(), |h| h).reshape([1, length, 1, 1])
}

/// A kernel over a plane, `[1, outputs, k, k]`, that also reads an activation `source`, `[N, C, H, W]`.
///
/// The mean over the batch is taken before the linear map `reduce`, which gives the same for less.
pub fn slow_context(
    kernels: KernelChoice,
    net: SlowTensors,
    bias: Tensor<2>,
    context: ContextTensors,
    source: Tensor<4>,
) -> Tensor<4> {
    let [height, width] = bias.dims();
    let channels = source.dims()[1];
    let pooled = adaptive_avg_pool2d(source, [height, width]).mean_dim(0);
    let pooled = pooled.reshape([channels, height * width]);
    let reduced = affine_columns(kernels, pooled, context.reduce);
    let ctx = gelu(affine_columns(kernels, reduced, context.fc1));
    let alpha = context.alpha.unsqueeze::<2>();
    let beta = context.beta.unsqueeze::<2>();
    let mut layers = context.layers.into_iter();
    let kernel = slow_net(kernels, net, &[height, width], bias, |h| {
        let squares = h.clone().square().sum_dim(1);
        let norm = squares.clamp_min(NORM_FLOOR * NORM_FLOOR).sqrt();
        let h = alpha.clone() * h.clone().detach() + beta.clone() * (h / norm);
        match layers.next() {
            Some(layer) => h * affine_columns(kernels, ctx.clone(), layer),
            None => h,
        }
    });
    kernel.reshape([1, -1, height as i32, width as i32])
}

/// `h0 = sin(filter0(g))`, `h' = after(sin(filter(g)) * linear(h) + bias)`, `kernel = output(h)`; every `h` is
/// `[hidden, positions]`, the result `[outputs, positions]`.
fn slow_net(
    kernels: KernelChoice,
    net: SlowTensors,
    sides: &[usize],
    bias: Tensor<2>,
    mut after: impl FnMut(Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    let bias = bias.reshape([1, -1]);
    let mut linears = net.linears.into_iter();
    let filters = net.filters.into_iter();
    let sines = filters.map(|filter| kernels.sines(filter, sides));
    let hidden = sines.reduce(|h, gabor| match linears.next() {
        Some(linear) => after(gabor * affine_columns(kernels, h, linear) + bias.clone()),
        None => h,
    });
    #[allow(clippy::expect_used, reason = "a slow net has `layers + 1` filters")]
    let hidden = hidden.expect("a slow net has at least one filter");
    affine_columns(kernels, hidden, net.output)
}

/// A linear map of every column: `[in, positions]` to `[out, positions]`.
fn affine_columns(kernels: KernelChoice, x: Tensor<2>, affine: AffineTensors) -> Tensor<2> {
    let (weight, bias) = affine;
    kernels.product(weight, x) + bias.unsqueeze_dim(1)
}
