//! Sines of linear maps of a grid's coordinates, and their gradients, in 32-bit floats: the same parts of 12 bits as the
//! composed form `sine_of_parts`, whose comment says why they are exact.

use burn::backend::TensorMetadata;
use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::sums::{UNITS, over_cube};
use super::tensors::{beside, units, uploaded};
use crate::call::Kind;
use crate::composed::grid::{axes, cut_turns};

const TAU: f32 = std::f32::consts::TAU;

/// Numbers of the table per coordinate: its parts, and sums of them, in turns.
const COLUMNS: usize = 5;

#[cube]
fn cut(x: f32, #[comptime] unit: f32) -> f32 {
    (x / unit).round() * unit
}

#[cube]
fn fraction(x: f32) -> f32 {
    x - x.round()
}

/// What one axis adds to the argument: the exact part's fraction, and the small rest.
#[cube]
fn term(weight: f32, table: &Tensor<f32>, coordinate: usize, #[comptime] rest: bool) -> f32 {
    let row = coordinate * comptime!(COLUMNS);
    let leading = table[row];
    let high = cut(weight, 256.0);
    let middle = cut(weight - high, 0.0625);
    if rest {
        let low = weight - high - middle;
        high * table[row + 2] + middle * table[row + 3] + low * table[row + 4]
    } else {
        fraction(fraction(high * leading) + high * table[row + 1] + middle * leading)
    }
}

/// The argument of the sine of one hidden channel at one position; rows of the table are first the axis' coordinates, then, of a
/// plane, those of the columns.
#[cube]
fn argument(
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    table: &Tensor<f32>,
    channel: usize,
    position: usize,
    #[comptime] rows: usize,
    #[comptime] columns: usize,
) -> f32 {
    if comptime!(columns == 0) {
        let w = weight[channel];
        let exact = term(w, table, position, false);
        let rest = term(w, table, position, true);
        (fraction(exact) + rest) * TAU + bias[channel]
    } else {
        let (w, v) = (weight[channel * 2], weight[channel * 2 + 1]);
        let (row, column) = (position / columns, rows + position % columns);
        let exact = term(w, table, row, false) + term(v, table, column, false);
        let rest = term(w, table, row, true) + term(v, table, column, true);
        (fraction(exact) + rest) * TAU + bias[channel]
    }
}

/// A cube per channel.
#[cube(launch_unchecked)]
fn sines(
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    table: &Tensor<f32>,
    out: &mut Tensor<f32>,
    #[comptime] rows: usize,
    #[comptime] columns: usize,
) {
    let positions = comptime!(positions(rows, columns));
    let channel = CUBE_POS_X as usize;
    let mut position = UNIT_POS as usize;
    while position < positions {
        let argument = argument(weight, bias, table, channel, position, rows, columns);
        out[channel * positions + position] = argument.sin();
        position += comptime!(UNITS);
    }
}

/// A cube per channel: the gradients of its weights and of its bias.
#[cube(launch_unchecked)]
fn sines_back(
    grad: &Tensor<f32>,
    weight: &Tensor<f32>,
    bias: &Tensor<f32>,
    table: &Tensor<f32>,
    of_weight: &mut Tensor<f32>,
    of_bias: &mut Tensor<f32>,
    #[comptime] rows: usize,
    #[comptime] columns: usize,
) {
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
    let positions = comptime!(positions(rows, columns));
    let channel = CUBE_POS_X as usize;
    let mut first = 0.0f32;
    let mut second = 0.0f32;
    let mut sum = 0.0f32;
    let mut position = UNIT_POS as usize;
    while position < positions {
        let argument = argument(weight, bias, table, channel, position, rows, columns);
        let slope = grad[channel * positions + position] * argument.cos();
        sum += slope;
        if comptime!(columns == 0) {
            first += slope * table[position * comptime!(COLUMNS) + 4];
        } else {
            first += slope * table[position / columns * comptime!(COLUMNS) + 4];
            second += slope * table[(rows + position % columns) * comptime!(COLUMNS) + 4];
        }
        position += comptime!(UNITS);
    }
    let sum = over_cube(sum, &mut shared);
    let first = over_cube(first, &mut shared) * TAU;
    let second = over_cube(second, &mut shared) * TAU;
    if UNIT_POS == 0 {
        of_bias[channel] = sum;
        if comptime!(columns == 0) {
            of_weight[channel] = first;
        } else {
            of_weight[channel * 2] = first;
            of_weight[channel * 2 + 1] = second;
        }
    }
}

/// How many positions a grid has; a line has no columns.
const fn positions(rows: usize, columns: usize) -> usize {
    if columns == 0 { rows } else { rows * columns }
}

/// The grid as the kernels take it.
struct Grid {
    rows: usize,
    /// 0 of a line.
    columns: usize,
    /// The coordinates of the axes one after the other.
    table: CubeTensor,
}

impl Grid {
    /// On the device of a tensor.
    fn new(x: &CubeTensor, sides: &[usize]) -> Self {
        let coordinates = sides.iter().flat_map(|side| axes(&[*side]).concat());
        let rows = coordinates.flat_map(|coordinate| {
            let turns = coordinate / std::f64::consts::TAU;
            let [leading, second, third] = cut_turns(turns);
            [leading, second, third, turns - leading, turns].map(|part| part as f32)
        });
        let numbers: Vec<f32> = rows.collect();
        let (rows, columns) = match *sides {
            [rows, columns] => (rows, columns),
            _ => (sides.iter().product(), 0),
        };
        Self {
            rows,
            columns,
            table: uploaded(x, &numbers, DType::F32),
        }
    }
}

/// A cube per hidden channel.
fn cubes(weight: &CubeTensor) -> CubeCount {
    CubeCount::Static(weight.shape()[0] as u32, 1, 1)
}

/// See [`Work::Sines`](super::work::Work::Sines).
pub fn forward(inputs: Vec<CubeTensor>, results: &[Kind], sides: &[usize]) -> Vec<CubeTensor> {
    let mut inputs = inputs.into_iter().map(into_contiguous);
    let (Some(weight), Some(bias), Some(Kind { shape, dtype })) =
        (inputs.next(), inputs.next(), results.first())
    else {
        return vec![];
    };
    let (client, grid) = (weight.client.clone(), Grid::new(&weight, sides));
    let out = beside(&weight, shape.clone(), *dtype);
    // SAFETY: the weight has a number for each axis of each channel, the table one row for each coordinate; a cube writes its
    // own channel's positions.
    unsafe {
        sines::launch_unchecked(
            &client,
            cubes(&weight),
            units(),
            weight.into_tensor_arg(),
            bias.into_tensor_arg(),
            grid.table.into_tensor_arg(),
            out.clone().into_tensor_arg(),
            grid.rows,
            grid.columns,
        );
    }
    vec![out]
}

/// See [`Work::SinesBackward`](super::work::Work::SinesBackward).
pub fn backward(inputs: Vec<CubeTensor>, results: &[Kind], sides: &[usize]) -> Vec<CubeTensor> {
    let inputs: Vec<CubeTensor> = inputs.into_iter().map(into_contiguous).collect();
    let Ok([grad, weight, bias]) = <[_; 3]>::try_from(inputs) else {
        return vec![];
    };
    let (client, grid) = (weight.client.clone(), Grid::new(&weight, sides));
    let new = |kind: &Kind| beside(&weight, kind.shape.clone(), kind.dtype);
    let results: Vec<CubeTensor> = results.iter().map(new).collect();
    let [of_weight, of_bias] = &results[..] else {
        return vec![];
    };
    // SAFETY: as in `forward`; the gradient has the shape of the result, a cube writes the numbers of its own channel.
    unsafe {
        sines_back::launch_unchecked(
            &client,
            cubes(&weight),
            units(),
            grad.into_tensor_arg(),
            weight.into_tensor_arg(),
            bias.into_tensor_arg(),
            grid.table.into_tensor_arg(),
            of_weight.clone().into_tensor_arg(),
            of_bias.clone().into_tensor_arg(),
            grid.rows,
            grid.columns,
        );
    }
    results
}
