//! Slow nets: multiplicative filters that turn coordinates, and for some an activation, into kernels.

use burn::tensor::module::adaptive_avg_pool2d;
use burn::tensor::{DType, Tensor, TensorData};

use super::affine::{AffineTensors, affine_columns};
use super::elementwise::gelu;

/// Smallest value a hidden channel's norm is divided by.
pub const NORM_FLOOR: f64 = 1e-12;

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
pub fn slow_plane(net: SlowTensors, bias: Tensor<2>) -> Tensor<4> {
    let [height, width] = bias.dims();
    let grid = plane(height, width);
    slow_net(net, &grid, bias, |h| h).reshape([1, -1, height as i32, width as i32])
}

/// A kernel over a line, `[1, length, 1, 1]`, on the grid of its spatial bias `[length]`.
pub fn slow_line(net: SlowTensors, bias: Tensor<1>) -> Tensor<4> {
    let [length] = bias.dims();
    let grid = [axis(length)];
    slow_net(net, &grid, bias.unsqueeze(), |h| h).reshape([1, length, 1, 1])
}

/// A kernel over a plane, `[1, outputs, k, k]`, that also reads an activation `source`, `[N, C, H, W]`.
///
/// The mean over the batch is taken before the linear map `reduce`, which gives the same for less.
pub fn slow_context(
    net: SlowTensors,
    bias: Tensor<2>,
    context: ContextTensors,
    source: Tensor<4>,
) -> Tensor<4> {
    let [height, width] = bias.dims();
    let channels = source.dims()[1];
    let pooled = adaptive_avg_pool2d(source, [height, width]).mean_dim(0);
    let pooled = pooled.reshape([channels, height * width]);
    let reduced = affine_columns(pooled, context.reduce);
    let ctx = gelu(affine_columns(reduced, context.fc1));
    let alpha = context.alpha.unsqueeze::<2>();
    let beta = context.beta.unsqueeze::<2>();
    let mut layers = context.layers.into_iter();
    let grid = plane(height, width);
    let kernel = slow_net(net, &grid, bias, |h| {
        let norm = h.clone().square().sum_dim(1).sqrt().clamp_min(NORM_FLOOR);
        let h = alpha.clone() * h.clone().detach() + beta.clone() * (h / norm);
        match layers.next() {
            Some(layer) => h * affine_columns(ctx.clone(), layer),
            None => h,
        }
    });
    kernel.reshape([1, -1, height as i32, width as i32])
}

/// `h0 = sin(filter0(g))`, `h' = after(sin(filter(g)) * linear(h) + bias)`, `kernel = output(h)`; every `h` is
/// `[hidden, positions]`, the result `[outputs, positions]`.
fn slow_net(
    net: SlowTensors,
    grid: &[Vec<f64>],
    bias: Tensor<2>,
    mut after: impl FnMut(Tensor<2>) -> Tensor<2>,
) -> Tensor<2> {
    let bias = bias.reshape([1, -1]);
    let mut linears = net.linears.into_iter();
    let sines = net.filters.into_iter().map(|filter| sine(filter, grid));
    let hidden = sines.reduce(|h, gabor| match linears.next() {
        Some(linear) => after(gabor * affine_columns(h, linear) + bias.clone()),
        None => h,
    });
    #[allow(clippy::expect_used, reason = "a slow net has `layers + 1` filters")]
    let hidden = hidden.expect("a slow net has at least one filter");
    affine_columns(hidden, net.output)
}

/// `sin(weight . grid + bias)`, `[hidden, positions]`. The argument may reach 1e5, where 32 bits leave two digits after
/// the point: it is made of 64-bit floats or, on a device without them, of parts whose products 32 bits hold exactly.
fn sine(filter: AffineTensors, grid: &[Vec<f64>]) -> Tensor<2> {
    let device = filter.0.device();
    // CubeCL's devices may have 64-bit floats, but not their sine; only its description tells that a device is one of them.
    let has_sine = !format!("{device:?}").contains("Cube");
    match has_sine && device.supports_dtype(DType::F64) {
        true => sine_of_doubles(filter, grid),
        false => sine_of_parts(filter, grid),
    }
}

/// The sine in 64-bit floats.
pub fn sine_of_doubles(filter: AffineTensors, grid: &[Vec<f64>]) -> Tensor<2> {
    let (weight, bias) = filter;
    let (device, dtype) = (weight.device(), weight.dtype());
    let weight = weight.cast(DType::F64);
    let bias = bias.cast(DType::F64).unsqueeze_dim::<2>(1);
    let terms = grid.iter().enumerate().map(|(index, coordinate)| {
        let data = TensorData::new(coordinate.clone(), [1, coordinate.len()]);
        let coordinate = Tensor::<2>::from_data(data, (&device, DType::F64));
        weight.clone().narrow(1, index, 1) * coordinate
    });
    let argument = terms.fold(bias, |sum, term| sum + term);
    argument.sin().cast(dtype)
}

/// The sine in 32-bit floats, for weights below 2^20 to about 3e-7.
///
/// Angles are counted in turns. Weights and coordinates are cut at fixed powers of two into parts of 12 bits, so that the
/// products of the leading parts and the sums of their fractions are exact, in whatever order and with or without fused
/// multiplication they are computed; what is left over is below 2^-5 and needs no care.
pub fn sine_of_parts(filter: AffineTensors, grid: &[Vec<f64>]) -> Tensor<2> {
    let (weight, bias) = filter;
    let device = weight.device();
    let cut = |x: Tensor<2>, unit: f64| x.div_scalar(unit).round().mul_scalar(unit);
    let fraction = |x: Tensor<2>| x.clone() - x.detach().round();
    // The gradient goes through the smallest part alone: the others move in steps.
    let fixed = weight.clone().detach();
    let high = cut(fixed.clone(), 256.0);
    let middle = cut(fixed - high.clone(), 0.0625);
    let low = weight - high.clone() - middle.clone();
    let terms = grid.iter().enumerate().map(|(index, coordinate)| {
        let row = |part: fn(f64) -> f64| {
            let turns = coordinate
                .iter()
                .map(|g| part(g / std::f64::consts::TAU) as f32);
            let data = TensorData::new(turns.collect::<Vec<f32>>(), [1, coordinate.len()]);
            Tensor::<2>::from_data(data, (&device, DType::F32))
        };
        let column = |part: &Tensor<2>| part.clone().narrow(1, index, 1);
        let (high, middle, low) = (column(&high), column(&middle), column(&low));
        let leading = row(|turns| cut_turns(turns)[0]);
        let exact = fraction(high.clone() * leading.clone())
            + high.clone() * row(|turns| cut_turns(turns)[1])
            + middle.clone() * leading;
        let rest = high * row(|turns| cut_turns(turns)[2])
            + middle * row(|turns| turns - cut_turns(turns)[0])
            + low * row(|turns| turns);
        (fraction(exact), rest)
    });
    let sums = terms.reduce(|(a, b), (c, d)| (a + c, b + d));
    #[allow(clippy::expect_used, reason = "a grid has one or two dimensions")]
    let (exact, rest) = sums.expect("a grid has at least one dimension");
    let turns = fraction(exact) + rest;
    (turns.mul_scalar(std::f64::consts::TAU) + bias.unsqueeze_dim(1)).sin()
}

/// A coordinate in turns as multiples of 2^-14 and 2^-26 and the rest.
fn cut_turns(turns: f64) -> [f64; 3] {
    let high = (turns * 16_384.0).round() / 16_384.0;
    let middle = ((turns - high) * 67_108_864.0).round() / 67_108_864.0;
    [high, middle, turns - high - middle]
}

/// The row and the column coordinate of all positions of a plane, row-major.
fn plane(height: usize, width: usize) -> [Vec<f64>; 2] {
    let rows = axis(height).into_iter();
    let rows = rows.flat_map(|row| std::iter::repeat_n(row, width));
    [rows.collect(), axis(width).repeat(height)]
}

/// `length` equal steps over `[-1, 1]`, both ends included; a single position is at -1.
fn axis(length: usize) -> Vec<f64> {
    let steps = length.saturating_sub(1).max(1) as f64;
    (0..length).map(|i| 2.0 * i as f64 / steps - 1.0).collect()
}
