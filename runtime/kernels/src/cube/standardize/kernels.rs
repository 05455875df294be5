//! What the units of a cube do. See the module above for the order in which kernels run.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use super::super::sums::{UNITS, gelu, gelu_slope, over_cube, value};
use crate::call::Finish;

/// Added to a variance.
const EPSILON: f32 = 1e-5;

/// Which bias a kernel adds: as [`Finish`], but a number, since kernels are told apart by it.
pub const fn code(finish: Finish) -> u32 {
    match finish {
        Finish::Plain => 0,
        Finish::Scalar => 1,
        Finish::Spatial => 2,
    }
}

/// Writes a row's results.
#[cube]
fn finish_row<E: Float, G: Float>(
    a: &Tensor<E>,
    b: &Tensor<E>,
    bias: &Tensor<G>,
    out: &mut Tensor<E>,
    start: usize,
    positions: usize,
    mean: f32,
    scale: f32,
    #[comptime] product: bool,
    #[comptime] finish: u32,
) {
    let units = comptime!(UNITS);
    let mut position = UNIT_POS as usize;
    while position < positions {
        let mut y = (value::<E>(a, b, start + position, product) - mean) * scale;
        if finish != 0 {
            y = gelu::<f32>(y);
            if finish == 1 {
                y += f32::cast_from(bias[0]);
            } else {
                y += f32::cast_from(bias[position]);
            }
        }
        out[start + position] = E::cast_from(y);
        position += units;
    }
}

/// Mean and biased variance of every row; or, of rows that have their own statistics, mean and inverse deviation, and the
/// results.
#[cube(launch_unchecked)]
pub fn rows<E: Float, G: Float>(
    a: &Tensor<E>,
    b: &Tensor<E>,
    bias: &Tensor<G>,
    out: &mut Tensor<E>,
    kept: &mut Tensor<f32>,
    #[comptime] positions: usize,
    #[comptime] product: bool,
    #[comptime] finish: u32,
    #[comptime] whole: bool,
    #[define(E, G)] _types: [ElemType; 2],
) {
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
    let units = comptime!(UNITS);
    let row = (CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) as usize;
    let start = row * positions;
    let count = comptime!(positions as f32);
    // Around the first value, so that little is lost where the mean is far from zero.
    let shift = value::<E>(a, b, start, product);
    let mut sum = 0.0f32;
    let mut position = UNIT_POS as usize;
    while position < positions {
        sum += value::<E>(a, b, start + position, product) - shift;
        position += units;
    }
    let mean = shift + over_cube(sum, &mut shared) / count;
    let mut sum = 0.0f32;
    let mut square = 0.0f32;
    let mut position = UNIT_POS as usize;
    while position < positions {
        let centred = value::<E>(a, b, start + position, product) - mean;
        sum += centred;
        square += centred * centred;
        position += units;
    }
    // What rounding left of the mean.
    let rest = over_cube(sum, &mut shared) / count;
    let variance = over_cube(square, &mut shared) / count - rest * rest;
    let mean = mean + rest;
    if whole {
        let scale = 1.0 / (variance + EPSILON).sqrt();
        if UNIT_POS == 0 {
            kept[row * 2] = mean;
            kept[row * 2 + 1] = scale;
        }
        finish_row::<E, G>(
            a, b, bias, out, start, positions, mean, scale, product, finish,
        );
    } else if UNIT_POS == 0 {
        kept[row * 2] = mean;
        kept[row * 2 + 1] = variance;
    }
}

/// From the moments of rows to their statistics; a cube per channel.
#[cube(launch_unchecked)]
pub fn join(
    kept: &mut Tensor<f32>,
    images: u32,
    #[comptime] group: usize,
    #[comptime] known: bool,
) {
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
    let units = comptime!(UNITS);
    let channel = CUBE_POS_X as usize;
    let channels = CUBE_COUNT_X as usize;
    let images = images as usize;
    let count = f32::cast_from(images as u32);
    let even = (channel / group) % 2 == 0;
    let mut sum = 0.0f32;
    let mut image = UNIT_POS as usize;
    while image < images {
        sum += kept[(image * channels + channel) * 2];
        image += units;
    }
    let mean = over_cube(sum, &mut shared) / count;
    let mut sum = 0.0f32;
    let mut image = UNIT_POS as usize;
    while image < images {
        let row = (image * channels + channel) * 2;
        let apart = kept[row] - mean;
        sum += kept[row + 1] + apart * apart;
        image += units;
    }
    let variance = over_cube(sum, &mut shared) / count;
    let mut image = UNIT_POS as usize;
    while image < images {
        let row = (image * channels + channel) * 2;
        if even {
            if known {
                kept[row] = 0.0f32;
                kept[row + 1] = 1.0f32;
            } else {
                kept[row] = mean;
                kept[row + 1] = 1.0 / (variance + EPSILON).sqrt();
            }
        } else {
            let own = kept[row + 1];
            kept[row + 1] = 1.0 / (own + EPSILON).sqrt();
        }
        image += units;
    }
}

/// Results from statistics; a cube per row.
#[cube(launch_unchecked)]
pub fn apply<E: Float, G: Float>(
    a: &Tensor<E>,
    b: &Tensor<E>,
    bias: &Tensor<G>,
    kept: &Tensor<f32>,
    out: &mut Tensor<E>,
    #[comptime] positions: usize,
    #[comptime] product: bool,
    #[comptime] finish: u32,
    #[define(E, G)] _types: [ElemType; 2],
) {
    let row = (CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) as usize;
    let (mean, scale) = (kept[row * 2], kept[row * 2 + 1]);
    let start = row * positions;
    finish_row::<E, G>(
        a, b, bias, out, start, positions, mean, scale, product, finish,
    );
}

/// The gradient of a standardized number, through the GELU if there was one.
#[cube]
fn inner<E: Float>(grad: &Tensor<E>, at: usize, y: f32, #[comptime] has_gelu: bool) -> f32 {
    let mut g = f32::cast_from(grad[at]);
    if has_gelu {
        g *= gelu_slope::<f32>(y);
    }
    g
}

/// Writes the gradients of a row: `scale (g - mean g - y mean(g y))`, times the other factor of a product.
#[cube]
fn finish_back<E: Float>(
    grad: &Tensor<E>,
    a: &Tensor<E>,
    b: &Tensor<E>,
    to_a: &mut Tensor<E>,
    to_b: &mut Tensor<E>,
    start: usize,
    positions: usize,
    mean: f32,
    scale: f32,
    mean_grad: f32,
    mean_product: f32,
    #[comptime] product: bool,
    #[comptime] has_gelu: bool,
) {
    let units = comptime!(UNITS);
    let mut position = UNIT_POS as usize;
    while position < positions {
        let at = start + position;
        let y = (value::<E>(a, b, at, product) - mean) * scale;
        let g = inner::<E>(grad, at, y, has_gelu);
        let d = scale * (g - mean_grad - y * mean_product);
        if product {
            to_a[at] = E::cast_from(d * f32::cast_from(b[at]));
            to_b[at] = E::cast_from(d * f32::cast_from(a[at]));
        } else {
            to_a[at] = E::cast_from(d);
        }
        position += units;
    }
}

/// The means of the gradient and of its product with the standardized values in every row; or, of rows that have their
/// own statistics, the gradients.
#[cube(launch_unchecked)]
pub fn rows_back<E: Float>(
    grad: &Tensor<E>,
    a: &Tensor<E>,
    b: &Tensor<E>,
    kept: &Tensor<f32>,
    to_a: &mut Tensor<E>,
    to_b: &mut Tensor<E>,
    means: &mut Tensor<f32>,
    #[comptime] positions: usize,
    #[comptime] product: bool,
    #[comptime] has_gelu: bool,
    #[comptime] whole: bool,
    #[define(E)] _types: ElemType,
) {
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
    let units = comptime!(UNITS);
    let row = (CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) as usize;
    let start = row * positions;
    let count = comptime!(positions as f32);
    let (mean, scale) = (kept[row * 2], kept[row * 2 + 1]);
    let mut sum = 0.0f32;
    let mut sum_product = 0.0f32;
    let mut position = UNIT_POS as usize;
    while position < positions {
        let at = start + position;
        let y = (value::<E>(a, b, at, product) - mean) * scale;
        let g = inner::<E>(grad, at, y, has_gelu);
        sum += g;
        sum_product += g * y;
        position += units;
    }
    let mean_grad = over_cube(sum, &mut shared) / count;
    let mean_product = over_cube(sum_product, &mut shared) / count;
    if whole {
        finish_back::<E>(
            grad,
            a,
            b,
            to_a,
            to_b,
            start,
            positions,
            mean,
            scale,
            mean_grad,
            mean_product,
            product,
            has_gelu,
        );
    } else if UNIT_POS == 0 {
        means[row * 2] = mean_grad;
        means[row * 2 + 1] = mean_product;
    }
}

/// From the means of rows to those of the batch; a cube per channel. Known statistics are constants, so nothing is taken
/// off their gradients.
#[cube(launch_unchecked)]
pub fn join_back(
    means: &mut Tensor<f32>,
    images: u32,
    #[comptime] group: usize,
    #[comptime] known: bool,
) {
    let mut shared = Shared::<[f32]>::new_slice(UNITS);
    let units = comptime!(UNITS);
    let channel = CUBE_POS_X as usize;
    let channels = CUBE_COUNT_X as usize;
    let images = images as usize;
    let count = f32::cast_from(images as u32);
    let even = (channel / group) % 2 == 0;
    let mut sum = 0.0f32;
    let mut sum_product = 0.0f32;
    let mut image = UNIT_POS as usize;
    while image < images {
        let row = (image * channels + channel) * 2;
        sum += means[row];
        sum_product += means[row + 1];
        image += units;
    }
    let mean_grad = over_cube(sum, &mut shared) / count;
    let mean_product = over_cube(sum_product, &mut shared) / count;
    if even {
        let mut image = UNIT_POS as usize;
        while image < images {
            let row = (image * channels + channel) * 2;
            if known {
                means[row] = 0.0f32;
                means[row + 1] = 0.0f32;
            } else {
                means[row] = mean_grad;
                means[row + 1] = mean_product;
            }
            image += units;
        }
    }
}

/// Gradients from means; a cube per row.
#[cube(launch_unchecked)]
pub fn apply_back<E: Float>(
    grad: &Tensor<E>,
    a: &Tensor<E>,
    b: &Tensor<E>,
    kept: &Tensor<f32>,
    means: &Tensor<f32>,
    to_a: &mut Tensor<E>,
    to_b: &mut Tensor<E>,
    #[comptime] positions: usize,
    #[comptime] product: bool,
    #[comptime] has_gelu: bool,
    #[define(E)] _types: ElemType,
) {
    let row = (CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) as usize;
    finish_back::<E>(
        grad,
        a,
        b,
        to_a,
        to_b,
        row * positions,
        positions,
        kept[row * 2],
        kept[row * 2 + 1],
        means[row * 2],
        means[row * 2 + 1],
        product,
        has_gelu,
    );
}
