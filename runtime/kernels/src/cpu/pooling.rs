//! The batch mean of feature maps pooled to a small grid (adaptive average pooling), and its gradient.

use super::parallel::{Rows, each};
use super::pointwise::{add_to, sum};
use super::pool::{self, Buffer};

/// Sizes of maps and of the grid they are pooled to.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Images.
    pub n: usize,
    /// Channels.
    pub channels: usize,
    /// Rows and columns of a map.
    pub plane: [usize; 2],
    /// Rows and columns of the grid.
    pub grid: [usize; 2],
}

/// The span that cell `i` of `cells` averages: from `floor(i size / cells)` to `ceil((i + 1) size / cells)`.
fn span(i: usize, cells: usize, size: usize) -> std::ops::Range<usize> {
    i * size / cells..((i + 1) * size).div_ceil(cells)
}

/// `[channels, cells]`
pub fn forward(x: &[f32], sizes: Sizes) -> Buffer {
    let Sizes {
        n,
        channels,
        plane: [height, width],
        grid: [rows, columns],
    } = sizes;
    let mut out = pool::take(channels * rows * columns);
    let grids = Rows::new(&mut out, rows * columns);
    each(channels, |channel| {
        let mut total = pool::zeros(height * width);
        for image in 0..n {
            let at = (image * channels + channel) * height * width;
            add_to(&mut total, &x[at..at + height * width]);
        }
        let to = &mut *grids.row(channel);
        for (cell, to) in to.iter_mut().enumerate() {
            let (ys, xs) = (
                span(cell / columns, rows, height),
                span(cell % columns, columns, width),
            );
            let count = ys.len() * xs.len() * n;
            let lines = ys.map(|y| sum(&total[y * width..][xs.clone()]));
            *to = lines.sum::<f32>() / count as f32;
        }
    });
    out
}

/// The gradient of the maps.
pub fn backward(grad: &[f32], sizes: Sizes) -> Buffer {
    let Sizes {
        n,
        channels,
        plane: [height, width],
        grid: [rows, columns],
    } = sizes;
    let mut out = pool::take(n * channels * height * width);
    let planes = Rows::new(&mut out, height * width);
    each(channels, |channel| {
        let mut plane = pool::zeros(height * width);
        for (cell, grad) in grad[channel * rows * columns..][..rows * columns]
            .iter()
            .enumerate()
        {
            let (ys, xs) = (
                span(cell / columns, rows, height),
                span(cell % columns, columns, width),
            );
            let share = grad / (ys.len() * xs.len() * n) as f32;
            for y in ys {
                plane[y * width..][xs.clone()]
                    .iter_mut()
                    .for_each(|p| *p += share);
            }
        }
        for image in 0..n {
            planes
                .row(image * channels + channel)
                .copy_from_slice(&plane);
        }
    });
    out
}
