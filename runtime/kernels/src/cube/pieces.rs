//! One vector and its pieces: cut, joined, and the norms of the pieces. A network has a thousand parameters; one launch for
//! each would take far longer than what is done.

use burn::backend::TensorMetadata;
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::sums::{UNITS, over_cube};
use super::tensors::{beside, units, uploaded};
use crate::call::Kind;

/// Cut pieces begin at multiples of so many numbers, 256 bytes: every device can read from there.
const ALIGNMENT: usize = 64;

/// Cubes that share a piece.
const STRIPES: usize = 16;

/// Most pieces that one launch joins; fewer where a device has fewer bindings.
const MOST_JOINED: usize = 32;

/// Most pieces there are kernels for: the cubes of a launch along one axis.
pub const MOST: usize = u16::MAX as usize;

/// Numbers of the table per piece: where it is read, where it is written, how long it is.
const COLUMNS: usize = 3;

/// Numbers from one turn of a unit to its next.
const STRIDE: usize = STRIPES * UNITS;

#[cube]
fn first() -> usize {
    CUBE_POS_Y as usize * comptime!(UNITS) + UNIT_POS as usize
}

/// Copies every piece; cubes are pieces times stripes.
#[cube(launch_unchecked)]
fn scatter(vector: &Tensor<f32>, table: &Tensor<u32>, out: &mut Tensor<f32>) {
    let row = CUBE_POS_X as usize * comptime!(COLUMNS);
    let from = table[row] as usize;
    let to = table[row + 1] as usize;
    let count = table[row + 2] as usize;
    let mut at = first();
    while at < count {
        out[to + at] = vector[from + at];
        at += comptime!(STRIDE);
    }
}

/// Copies some pieces one after the other, beginning with row `start` of the table; cubes are stripes.
#[cube(launch_unchecked)]
fn gather(parts: &Sequence<Box<[f32]>>, table: &Tensor<u32>, out: &mut Tensor<f32>, start: u32) {
    #[unroll]
    for part in 0..parts.len() {
        let row = (start as usize + part) * comptime!(COLUMNS);
        let to = table[row + 1] as usize;
        let count = table[row + 2] as usize;
        let mut at = first();
        while at < count {
            out[to + at] = parts[part][at];
            at += comptime!(STRIDE);
        }
    }
}

/// A stripe's sum of squares of a piece.
#[cube(launch_unchecked)]
fn squares(vector: &Tensor<f32>, table: &Tensor<u32>, sums: &mut Tensor<f32>) {
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
    let piece = CUBE_POS_X as usize;
    let from = table[piece * comptime!(COLUMNS)] as usize;
    let count = table[piece * comptime!(COLUMNS) + 2] as usize;
    let mut sum = 0.0f32;
    let mut at = first();
    while at < count {
        sum += vector[from + at] * vector[from + at];
        at += comptime!(STRIDE);
    }
    let sum = over_cube(sum, &mut shared);
    if UNIT_POS == 0 {
        sums[piece * comptime!(STRIPES) + CUBE_POS_Y as usize] = sum;
    }
}

/// From the stripes' sums: each piece's norm times its coefficient, and the gradient of these.
#[cube(launch_unchecked)]
fn weigh(
    vector: &Tensor<f32>,
    table: &Tensor<u32>,
    sums: &Tensor<f32>,
    coefficients: &Tensor<f32>,
    norms: &mut Tensor<f32>,
    gradient: &mut Tensor<f32>,
) {
    let piece = CUBE_POS_X as usize;
    let from = table[piece * comptime!(COLUMNS)] as usize;
    let count = table[piece * comptime!(COLUMNS) + 2] as usize;
    let mut sum = 0.0f32;
    for stripe in 0..STRIPES {
        sum += sums[piece * comptime!(STRIPES) + stripe];
    }
    let norm = sum.sqrt();
    let coefficient = coefficients[piece];
    let mut factor = 0.0f32;
    if norm > 0.0 {
        factor = coefficient / norm;
    }
    if CUBE_POS_Y == 0 && UNIT_POS == 0 {
        norms[piece] = coefficient * norm;
    }
    let mut at = first();
    while at < count {
        gradient[from + at] = factor * vector[from + at];
        at += comptime!(STRIDE);
    }
}

/// Rows of where a piece is read, where it is written and how long it is; the written ones are aligned if so said.
fn table(vector: &CubeTensor, sizes: &[usize], aligned: bool) -> (CubeTensor, Vec<usize>) {
    let (mut from, mut to) = (0, 0);
    let (mut rows, mut starts) = (Vec::new(), Vec::new());
    for size in sizes {
        starts.push(to);
        rows.extend([from as u32, to as u32, *size as u32]);
        from += size;
        to += match aligned {
            true => size.next_multiple_of(ALIGNMENT),
            false => *size,
        };
    }
    starts.push(to);
    (uploaded(vector, &rows, DType::U32), starts)
}

fn cubes(pieces: usize) -> CubeCount {
    CubeCount::Static(pieces as u32, STRIPES as u32, 1)
}

/// See [`Work::Cut`](super::work::Work::Cut). The pieces lie in one new buffer.
pub fn cut(inputs: Vec<CubeTensor>, sizes: &[usize]) -> Vec<CubeTensor> {
    let Some(vector) = inputs.into_iter().next().map(into_contiguous) else {
        return vec![];
    };
    let (table, starts) = table(&vector, sizes, true);
    let whole = starts.last().copied().unwrap_or(0);
    let out = beside(&vector, Shape::new([whole]), DType::F32);
    let client = vector.client.clone();
    if whole > 0 {
        // SAFETY: the table's rows lie within both, by its making; a cube writes its own stripe of its own piece.
        unsafe {
            scatter::launch_unchecked(
                &client,
                cubes(sizes.len()),
                units(),
                vector.into_tensor_arg(),
                table.into_tensor_arg(),
                out.clone().into_tensor_arg(),
            );
        }
    }
    let bytes = |count: usize| (count * size_of::<f32>()) as u64;
    let pieces = sizes.iter().zip(&starts).map(|(size, start)| {
        let handle = out.handle.clone();
        let handle = handle.offset_start(bytes(*start));
        let handle = handle.offset_end(bytes(whole - start - size));
        let (client, device) = (out.client.clone(), out.device.clone());
        CubeTensor::new_contiguous(client, device, Shape::new([*size]), handle, DType::F32)
    });
    pieces.collect()
}

/// See [`Work::Join`](super::work::Work::Join).
pub fn join(inputs: Vec<CubeTensor>, results: &[Kind]) -> Vec<CubeTensor> {
    let parts: Vec<CubeTensor> = inputs.into_iter().map(into_contiguous).collect();
    let (Some(head), Some(Kind { shape, dtype })) = (parts.first(), results.first()) else {
        return vec![];
    };
    let client = head.client.clone();
    let sizes: Vec<usize> = parts
        .iter()
        .map(|part| part.shape().num_elements())
        .collect();
    let (table, _) = table(head, &sizes, false);
    let out = beside(head, shape.clone(), *dtype);
    // Beside the pieces, the kernel binds the table, the result and what it is told of shapes.
    let bindings = client.properties().hardware.max_bindings as usize;
    let together = bindings.saturating_sub(3).clamp(1, MOST_JOINED);
    for (group, parts) in parts.chunks(together).enumerate() {
        let parts = parts.iter().map(|part| part.clone().into_buffer_arg());
        // SAFETY: every piece has as many numbers as its row of the table says, and writes where it says.
        unsafe {
            gather::launch_unchecked(
                &client,
                CubeCount::Static(1, STRIPES as u32, 1),
                units(),
                parts.collect(),
                table.clone().into_tensor_arg(),
                out.clone().into_tensor_arg(),
                (group * together) as u32,
            );
        }
    }
    vec![out]
}

/// See [`Work::Norms`](super::work::Work::Norms).
pub fn norms(
    inputs: Vec<CubeTensor>,
    results: &[Kind],
    sizes: &[usize],
    coefficients: &[f64],
) -> Vec<CubeTensor> {
    let Some(vector) = inputs.into_iter().next().map(into_contiguous) else {
        return vec![];
    };
    let client = vector.client.clone();
    let (table, _) = table(&vector, sizes, false);
    let numbers: Vec<f32> = coefficients.iter().map(|c| *c as f32).collect();
    let coefficients = uploaded(&vector, &numbers, DType::F32);
    let sums = beside(&vector, Shape::new([sizes.len() * STRIPES]), DType::F32);
    let new = results
        .iter()
        .map(|kind| beside(&vector, kind.shape.clone(), kind.dtype));
    let results: Vec<CubeTensor> = new.collect();
    let [norms, gradient] = &results[..] else {
        return vec![];
    };
    // SAFETY: as in `cut`; sums have a number for each stripe of each piece, norms and coefficients one for each piece.
    unsafe {
        squares::launch_unchecked(
            &client,
            cubes(sizes.len()),
            units(),
            vector.clone().into_tensor_arg(),
            table.clone().into_tensor_arg(),
            sums.clone().into_tensor_arg(),
        );
        weigh::launch_unchecked(
            &client,
            cubes(sizes.len()),
            units(),
            vector.into_tensor_arg(),
            table.into_tensor_arg(),
            sums.into_tensor_arg(),
            coefficients.into_tensor_arg(),
            norms.clone().into_tensor_arg(),
            gradient.clone().into_tensor_arg(),
        );
    }
    results
}
