//! Depthwise convolutions of stride 1 with odd kernels and zero padding, and their gradients. A cube takes a tile of 16 x 16
//! positions with its margin into shared memory; the gradient of a kernel is summed by tap.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_elem_type;
use burn_cubecl::cubecl;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::tensors::beside;
use crate::call::Kind;

/// Rows and columns of a tile.
const TILE: usize = 16;

/// Units of a cube.
const UNITS: usize = TILE * TILE;

/// Largest kernel: its taps need a unit each.
pub const LARGEST: usize = 15;

/// Takes a tile of a plane, with a margin of `pad` on all sides, zero outside the plane.
#[cube]
fn fill<E: Float>(
    plane: &Tensor<E>,
    start: usize,
    to: &mut Shared<[f32]>,
    first_row: usize,
    first_column: usize,
    height: usize,
    width: usize,
    #[comptime] pad: usize,
) {
    let side = comptime!(TILE + 2 * pad);
    let count = comptime!((TILE + 2 * pad) * (TILE + 2 * pad));
    let units = comptime!(UNITS);
    let mut at = UNIT_POS as usize;
    while at < count {
        // Counted from one margin before the plane.
        let row = first_row + at / side;
        let column = first_column + at % side;
        let mut value = 0.0f32;
        if row >= pad && row < height + pad && column >= pad && column < width + pad {
            value = f32::cast_from(plane[start + (row - pad) * width + column - pad]);
        }
        to[at] = value;
        at += units;
    }
}

/// `out[n, c] = x[n, c] * kernel[c]`; a cube per tile, channel and image.
#[cube(launch_unchecked)]
fn convolution<E: Float, G: Float>(
    x: &Tensor<E>,
    kernel: &Tensor<G>,
    out: &mut Tensor<E>,
    #[comptime] height: usize,
    #[comptime] width: usize,
    #[comptime] k: usize,
    #[comptime] flipped: bool,
    #[define(E, G)] _types: [ElemType; 2],
) {
    let pad = comptime!((k - 1) / 2);
    let side = comptime!(TILE + k - 1);
    let taps = comptime!(k * k);
    let mut tile = Shared::<[f32]>::new_slice(comptime!((TILE + k - 1) * (TILE + k - 1)));
    let mut weights = Shared::<[f32]>::new_slice(comptime!(k * k));
    let across = comptime!(width.div_ceil(TILE));
    let channel = CUBE_POS_Y as usize;
    let plane = (CUBE_POS_Z * CUBE_COUNT_Y + CUBE_POS_Y) as usize;
    let start = plane * comptime!(height * width);
    let first_row = CUBE_POS_X as usize / across * TILE;
    let first_column = CUBE_POS_X as usize % across * TILE;
    fill::<E>(
        x,
        start,
        &mut tile,
        first_row,
        first_column,
        height,
        width,
        pad,
    );
    let unit = UNIT_POS as usize;
    if unit < taps {
        let mut from = unit;
        if flipped {
            from = taps - 1 - unit;
        }
        weights[unit] = f32::cast_from(kernel[channel * taps + from]);
    }
    sync_cube();
    let row = unit / TILE;
    let column = unit % TILE;
    let mut sum = 0.0f32;
    for ky in 0..k {
        for kx in 0..k {
            sum += tile[(row + ky) * side + column + kx] * weights[ky * k + kx];
        }
    }
    if first_row + row < height && first_column + column < width {
        out[start + (first_row + row) * width + first_column + column] = E::cast_from(sum);
    }
}

/// The sums over some images of the products of the gradient with the shifted input; a cube per channel and part.
#[cube(launch_unchecked)]
fn kernel_gradient_parts<E: Float>(
    grad: &Tensor<E>,
    x: &Tensor<E>,
    out: &mut Tensor<f32>,
    images: u32,
    #[comptime] height: usize,
    #[comptime] width: usize,
    #[comptime] k: usize,
    #[define(E)] _types: ElemType,
) {
    let pad = comptime!((k - 1) / 2);
    let side = comptime!(TILE + k - 1);
    let taps = comptime!(k * k);
    // Units beyond whole sets of taps rest.
    let sets = comptime!(UNITS / (k * k));
    let units = comptime!(UNITS);
    let mut from = Shared::<[f32]>::new_slice(comptime!((TILE + k - 1) * (TILE + k - 1)));
    let mut tile = Shared::<[f32]>::new_slice(comptime!(UNITS));
    let across = comptime!(width.div_ceil(TILE));
    let tiles = comptime!(width.div_ceil(TILE) * height.div_ceil(TILE));
    let channel = CUBE_POS_X as usize;
    let channels = CUBE_COUNT_X as usize;
    let images = images as usize;
    let unit = UNIT_POS as usize;
    let tap = unit % taps;
    let set = unit / taps;
    let ky = tap / k;
    let kx = tap % k;
    let mut sum = 0.0f32;
    let mut image = CUBE_POS_Y as usize;
    let parts = CUBE_COUNT_Y as usize;
    while image < images {
        let start = (image * channels + channel) * comptime!(height * width);
        for number in 0..tiles {
            let first_row = number / across * TILE;
            let first_column = number % across * TILE;
            fill::<E>(
                x,
                start,
                &mut from,
                first_row,
                first_column,
                height,
                width,
                pad,
            );
            fill::<E>(
                grad,
                start,
                &mut tile,
                first_row,
                first_column,
                height,
                width,
                0usize,
            );
            sync_cube();
            if set < sets {
                let mut at = set;
                while at < units {
                    sum += tile[at] * from[(at / TILE + ky) * side + at % TILE + kx];
                    at += sets;
                }
            }
            sync_cube();
        }
        image += parts;
    }
    tile[unit] = sum;
    sync_cube();
    if unit < taps {
        let mut total = 0.0f32;
        for set in 0..sets {
            total += tile[set * taps + unit];
        }
        out[(CUBE_POS_Y as usize * channels + channel) * taps + unit] = total;
    }
}

fn size(x: &CubeTensor, axis: usize) -> usize {
    x.shape().iter().copied().nth(axis).unwrap_or(1)
}

/// How many partial sums of a kernel's gradient keep a GPU busy.
pub fn parts(images: usize, channels: usize) -> usize {
    1024usize.div_ceil(channels.max(1)).clamp(1, images.max(1))
}

/// See [`Work::Depthwise`](super::work::Work::Depthwise).
pub fn convolve(inputs: Vec<CubeTensor>, results: &[Kind], flipped: bool) -> Vec<CubeTensor> {
    let mut inputs = inputs.into_iter().map(into_contiguous);
    let (Some(x), Some(kernel), Some(Kind { shape, dtype })) =
        (inputs.next(), inputs.next(), results.first())
    else {
        return vec![];
    };
    let out = beside(&x, shape.clone(), *dtype);
    let [images, channels, height, width] = [0, 1, 2, 3].map(|axis| size(&x, axis));
    let tiles = height.div_ceil(TILE) * width.div_ceil(TILE);
    if images * channels * tiles == 0 {
        return vec![out];
    }
    let (client, k) = (x.client.clone(), size(&kernel, 3));
    let types = [
        dtype_to_elem_type(x.dtype),
        dtype_to_elem_type(kernel.dtype),
    ];
    // SAFETY: a cube per tile of contiguous tensors of these sizes; what is outside a plane is neither read nor written.
    unsafe {
        convolution::launch_unchecked(
            &client,
            CubeCount::Static(tiles as u32, channels as u32, images as u32),
            CubeDim::new_1d(UNITS as u32),
            x.into_tensor_arg(),
            kernel.into_tensor_arg(),
            out.clone().into_tensor_arg(),
            height,
            width,
            k,
            flipped,
            types,
        );
    }
    vec![out]
}

/// See [`Work::DepthwiseKernel`](super::work::Work::DepthwiseKernel).
pub fn kernel_gradient(
    inputs: Vec<CubeTensor>,
    results: &[Kind],
    k: usize,
    parts: usize,
) -> Vec<CubeTensor> {
    let mut inputs = inputs.into_iter().map(into_contiguous);
    let (Some(grad), Some(x), Some(Kind { shape, dtype })) =
        (inputs.next(), inputs.next(), results.first())
    else {
        return vec![];
    };
    let out = beside(&x, shape.clone(), *dtype);
    let [images, channels, height, width] = [0, 1, 2, 3].map(|axis| size(&x, axis));
    if channels * parts == 0 {
        return vec![out];
    }
    let client = x.client.clone();
    let types = dtype_to_elem_type(x.dtype);
    // SAFETY: as in `convolve`; every cube writes the taps of its own part and channel.
    unsafe {
        kernel_gradient_parts::launch_unchecked(
            &client,
            CubeCount::Static(channels as u32, parts as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            grad.into_tensor_arg(),
            x.into_tensor_arg(),
            out.clone().into_tensor_arg(),
            images as u32,
            height,
            width,
            k,
            types,
        );
    }
    vec![out]
}
