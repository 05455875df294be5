//! Coordinates of regular grids and sines of linear maps of them, exact where 32 bits are not enough.

use std::f64::consts::TAU;

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::affine::AffineTensors;

/// The coordinates of all positions, `[1, axes, H, W]`; `W` is 1 on a line.
pub fn coordinates(sizes: &[usize], device: &Device) -> Tensor<4> {
    let [height, width] = [sizes.first(), sizes.get(1)].map(|size| size.copied().unwrap_or(1));
    let axes = axes(sizes);
    let shape = [1, axes.len(), height, width];
    let values: Vec<f32> = axes.concat().into_iter().map(|g| g as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The coordinates of all positions by axis: row and column of a plane `[height, width]`, row-major, or the position on a
/// line `[length]`. Each axis goes in equal steps from -1 to 1, both included; a single position is at -1.
pub fn axes(sizes: &[usize]) -> Vec<Vec<f64>> {
    let positions = sizes.iter().product();
    let mut stride = positions;
    let axes = sizes.iter().map(|size| {
        stride /= size;
        let (stride, steps) = (stride, size.saturating_sub(1).max(1) as f64);
        let coordinates = (0..positions).map(|i| 2.0 * (i / stride % size) as f64 / steps - 1.0);
        coordinates.collect()
    });
    axes.collect()
}

/// `sin(weight . grid + bias)` of [`coordinates`], `[1, axes, H, W]` to `[1, out, H, W]`.
///
/// Reads the sizes of the grid alone and makes its coordinates anew: the argument may be far larger than 32 bits are good for.
pub fn fourier(grid: Tensor<4>, affine: AffineTensors) -> Tensor<4> {
    let [_, dimensions, height, width] = grid.dims();
    let grid = axes([height, width].split_at(dimensions).0);
    sine(affine, &grid).reshape([1, -1, height as i32, width as i32])
}

/// `sin(weight . grid + bias)`, `[hidden, positions]`. The argument may reach 1e5, where 32 bits leave two digits after
/// the point: it is made of 64-bit floats or, on a device without them, of parts whose products 32 bits hold exactly.
pub fn sine(filter: AffineTensors, grid: &[Vec<f64>]) -> Tensor<2> {
    let device = filter.0.device();
    // CubeCL's devices may have 64-bit floats, but not their sine; only its description tells that a device is one of them.
    let has_sine = !format!("{device:?}").contains("Cube");
    match has_sine && device.supports_dtype(DType::F64) {
        true => sine_of_doubles(filter, grid),
        false => sine_of_parts(filter, grid),
    }
}

/// The sine in 64-bit floats.
pub fn sine_of_doubles((weight, bias): AffineTensors, grid: &[Vec<f64>]) -> Tensor<2> {
    let (device, dtype) = (weight.device(), weight.dtype());
    let mut argument = bias.cast(DType::F64).unsqueeze_dim::<2>(1);
    for (axis, coordinates) in grid.iter().enumerate() {
        let weight = weight.clone().narrow(1, axis, 1).cast(DType::F64);
        let row = Tensor::<1>::from_data(coordinates.as_slice(), (&device, DType::F64));
        argument = argument + weight * row.unsqueeze();
    }
    argument.sin().cast(dtype)
}

/// The sine in 32-bit floats, for weights below 2^20 to about 3e-7.
///
/// Angles are counted in turns. Weights and coordinates are cut at fixed powers of two into parts of 12 bits, so that the
/// products of the leading parts and the sums of their fractions are exact, in whatever order and with or without fused
/// multiplication they are computed; what is left over is below 2^-5 and needs no care.
pub fn sine_of_parts((weight, bias): AffineTensors, grid: &[Vec<f64>]) -> Tensor<2> {
    let (device, axes) = (weight.device(), weight.dims()[1] as i32);
    let cut = |x: Tensor<3>, unit: f64| x.div_scalar(unit).round().mul_scalar(unit);
    let fraction = |x: Tensor<3>| x.clone() - x.detach().round();
    // The gradient goes through the smallest part alone: the others move in steps.
    let weight = weight.unsqueeze_dim::<3>(2);
    let fixed = weight.clone().detach();
    let high = cut(fixed.clone(), 256.0);
    let middle = cut(fixed - high.clone(), 0.0625);
    let low = weight - high.clone() - middle.clone();
    let turns = |part: fn(f64) -> f64| {
        let turns = grid.iter().flatten().map(|g| part(g / TAU) as f32);
        let turns: Vec<f32> = turns.collect();
        Tensor::<1>::from_data(turns.as_slice(), (&device, DType::F32)).reshape([1, axes, -1])
    };
    let leading = turns(|turns| cut_turns(turns)[0]);
    let exact = fraction(high.clone() * leading.clone())
        + high.clone() * turns(|turns| cut_turns(turns)[1])
        + middle.clone() * leading;
    let rest = high * turns(|turns| cut_turns(turns)[2])
        + middle * turns(|turns| turns - cut_turns(turns)[0])
        + low * turns(|turns| turns);
    let turns = fraction(fraction(exact).sum_dim(1)) + rest.sum_dim(1);
    (turns.mul_scalar(TAU).squeeze_dim::<2>(1) + bias.unsqueeze_dim(1)).sin()
}

/// A coordinate in turns as multiples of 2^-14 and 2^-26 and the rest.
pub fn cut_turns(turns: f64) -> [f64; 3] {
    let high = (turns * 16_384.0).round() / 16_384.0;
    let middle = ((turns - high) * 67_108_864.0).round() / 67_108_864.0;
    [high, middle, turns - high - middle]
}
