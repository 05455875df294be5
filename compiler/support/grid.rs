//! Coordinates of regular grids and sines of linear maps of them, exact where 32 bits are not enough.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::affine::AffineTensors;

/// The coordinates of all positions, `[1, axes, H, W]`, each axis from -1 to 1 with both ends: row and column of a plane
/// `[height, width]`, the position on a line `[length]`, whose `W` is 1.
pub fn coordinates(sizes: &[usize], device: &Device) -> Tensor<4> {
    let (grid, [height, width]) = match *sizes {
        [height, width] => (plane(height, width).to_vec(), [height, width]),
        _ => {
            let length = sizes.iter().product();
            (vec![axis(length)], [length, 1])
        }
    };
    let shape = [1, grid.len(), height, width];
    let values = grid.into_iter().flatten().map(|g| g as f32);
    Tensor::from_data(TensorData::new(values.collect::<Vec<f32>>(), shape), device)
}

/// `sin(weight . grid + bias)` of [`coordinates`], `[1, axes, H, W]` to `[1, out, H, W]`.
///
/// Reads the sizes of the grid alone and makes its coordinates anew: the argument may be far larger than 32 bits are good for.
pub fn fourier(grid: Tensor<4>, affine: AffineTensors) -> Tensor<4> {
    let [_, axes, height, width] = grid.dims();
    let y = match axes {
        2 => sine(affine, &plane(height, width)),
        _ => sine(affine, &[axis(height * width)]),
    };
    y.reshape([1, -1, height as i32, width as i32])
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
pub fn cut_turns(turns: f64) -> [f64; 3] {
    let high = (turns * 16_384.0).round() / 16_384.0;
    let middle = ((turns - high) * 67_108_864.0).round() / 67_108_864.0;
    [high, middle, turns - high - middle]
}

/// The row and the column coordinate of all positions of a plane, row-major.
pub fn plane(height: usize, width: usize) -> [Vec<f64>; 2] {
    let rows = axis(height).into_iter();
    let rows = rows.flat_map(|row| std::iter::repeat_n(row, width));
    [rows.collect(), axis(width).repeat(height)]
}

/// `length` equal steps over `[-1, 1]`, both ends included; a single position is at -1.
pub fn axis(length: usize) -> Vec<f64> {
    let steps = length.saturating_sub(1).max(1) as f64;
    (0..length).map(|i| 2.0 * i as f64 / steps - 1.0).collect()
}
