//! Depthwise convolution of stride 1 with odd kernels and zero padding, and both gradients. Each plane is copied once
//! into a padded scratch plane, so that the loops have no edges.

use super::math::total;
use super::parallel::{Rows, each};
use super::pointwise::add_parts;
use super::pool::{self, Buffer};
use super::scratch;
use super::simd::{MAX_LANES, Vector, vectorised};

/// Sizes of a convolution.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Images.
    pub n: usize,
    /// Channels.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Kernel rows and columns, odd.
    pub k: usize,
}

impl Sizes {
    fn plane(&self) -> usize {
        self.height * self.width
    }

    fn pad(&self) -> usize {
        (self.k - 1) / 2
    }

    /// Distance between rows of a padded plane: whole pairs of vectors can be read from any tap.
    fn stride(&self) -> usize {
        self.width.next_multiple_of(2 * MAX_LANES) + self.k.next_multiple_of(MAX_LANES)
    }

    /// Values of a padded plane.
    fn padded(&self) -> usize {
        (self.height + self.k) * self.stride()
    }

    /// Copies a plane into the middle of a padded one.
    fn fill(&self, scratch: &mut [f32], plane: &[f32]) {
        let start = self.pad() * self.stride() + self.pad();
        for (y, row) in plane.chunks(self.width).enumerate() {
            scratch[start + y * self.stride()..][..self.width].copy_from_slice(row);
        }
    }
}

/// `y[n, c] = x[n, c] * kernel[c]` (cross-correlation).
pub fn forward(x: &[f32], kernel: &[f32], sizes: Sizes) -> Buffer {
    let (plane, taps) = (sizes.plane(), sizes.k * sizes.k);
    let mut out = pool::take(sizes.n * sizes.channels * plane);
    let planes = Rows::new(&mut out, plane);
    each(sizes.n * sizes.channels, |task| {
        let channel = task % sizes.channels;
        let mut padded = scratch::take(sizes.padded());
        padded.fill(0.0);
        sizes.fill(&mut padded, &x[task * plane..][..plane]);
        convolve(
            &padded,
            &kernel[channel * taps..][..taps],
            &mut planes.row(task),
            sizes,
        );
    });
    out
}

/// Gradients of input and kernel, each if it is needed.
pub fn backward(
    grad: &[f32],
    x: &[f32],
    kernel: &[f32],
    sizes: Sizes,
    needs_grad: [bool; 2],
) -> [Option<Buffer>; 2] {
    let (plane, taps) = (sizes.plane(), sizes.k * sizes.k);
    let mut dx = needs_grad[0].then(|| pool::take(sizes.n * sizes.channels * plane));
    // Of few channels the images are cut into chunks, for more tasks.
    let chunks = (16 / sizes.channels).clamp(1, sizes.n.max(1));
    let size = sizes.channels * taps;
    let mut dk = needs_grad[1].then(|| pool::take(chunks * size));
    let to_dx = dx.as_deref_mut().map(|dx| Rows::new(dx, plane));
    let to_dk = dk.as_deref_mut().map(|dk| Rows::new(dk, taps));
    each(chunks * sizes.channels, |task| {
        let (chunk, channel) = (task / sizes.channels, task % sizes.channels);
        let mut room = scratch::take(2 * sizes.padded() + taps * MAX_LANES);
        room.fill(0.0);
        let (grad_padded, rest) = room.split_at_mut(sizes.padded());
        let (x_padded, sums) = rest.split_at_mut(sizes.padded());
        let mut flipped = kernel[channel * taps..][..taps].to_vec();
        flipped.reverse();
        for image in chunk * sizes.n / chunks..(chunk + 1) * sizes.n / chunks {
            let row = image * sizes.channels + channel;
            let at = row * plane;
            sizes.fill(grad_padded, &grad[at..at + plane]);
            if let Some(dx) = &to_dx {
                convolve(grad_padded, &flipped, &mut dx.row(row), sizes);
            }
            if to_dk.is_some() {
                sizes.fill(x_padded, &x[at..at + plane]);
                accumulate(grad_padded, x_padded, sums, sizes);
            }
        }
        if let Some(dk) = &to_dk {
            let mut to = dk.row(task);
            for (to, lanes) in to.iter_mut().zip(sums.chunks(MAX_LANES)) {
                *to = total(lanes) as f32;
            }
        }
    });
    [dx, dk.map(|parts| add_parts(parts, size))]
}

vectorised! {
    fn convolve = convolve_with(padded: &[f32], kernel: &[f32], to: &mut [f32], sizes: Sizes)
}

#[inline(always)]
fn convolve_with<V: Vector>(padded: &[f32], kernel: &[f32], to: &mut [f32], sizes: Sizes) {
    // As many rows at once as registers hold, and code: the loops over taps are unrolled.
    match (sizes.k, V::LANES) {
        (3, 16) => planes::<V, 3, 8>(padded, kernel, to, sizes),
        (5, 16) => planes::<V, 5, 8>(padded, kernel, to, sizes),
        (3, _) => planes::<V, 3, 4>(padded, kernel, to, sizes),
        (5, _) => planes::<V, 5, 4>(padded, kernel, to, sizes),
        (7, _) => planes::<V, 7, 4>(padded, kernel, to, sizes),
        (9, _) => planes::<V, 9, 4>(padded, kernel, to, sizes),
        _ => planes::<V, 0, 0>(padded, kernel, to, sizes),
    }
}

/// All rows, `R` at a time for kernels of size `K` as far as that goes, the rest by fours and ones.
#[inline(always)]
fn planes<V: Vector, const K: usize, const R: usize>(
    padded: &[f32],
    kernel: &[f32],
    to: &mut [f32],
    sizes: Sizes,
) {
    for x0 in (0..sizes.width).step_by(2 * V::LANES) {
        let columns = sizes.width - x0;
        let mut y = 0;
        while y < sizes.height {
            let (left, two) = (sizes.height - y, columns > V::LANES);
            // SAFETY: padded planes hold `height + k` rows in which two vectors can be read from any tap.
            unsafe {
                y += match (R > 0 && left >= R, left >= 4, two) {
                    (true, _, true) => unrolled::<V, R, 2, K>(padded, kernel, to, sizes, y, x0),
                    (true, _, false) => unrolled::<V, R, 1, K>(padded, kernel, to, sizes, y, x0),
                    (false, true, true) => rows::<V, 4, 2>(padded, kernel, to, sizes, y, x0),
                    (false, true, false) => rows::<V, 4, 1>(padded, kernel, to, sizes, y, x0),
                    (false, false, true) => rows::<V, 1, 2>(padded, kernel, to, sizes, y, x0),
                    (false, false, false) => rows::<V, 1, 1>(padded, kernel, to, sizes, y, x0),
                };
            }
        }
    }
}

/// As [`rows`] for kernels of size `K`: each input row is read once for all output rows it goes into.
#[inline(always)]
unsafe fn unrolled<V: Vector, const R: usize, const NV: usize, const K: usize>(
    padded: &[f32],
    kernel: &[f32],
    to: &mut [f32],
    sizes: Sizes,
    y: usize,
    x0: usize,
) -> usize {
    let stride = sizes.stride();
    assert!(
        kernel.len() >= K * K
            && (y + R + K - 2) * stride + x0 + K - 1 + NV * V::LANES <= padded.len()
    );
    let mut acc = [[V::splat(0.0); NV]; R];
    macro_rules! input_rows {
        ($($i:literal)*) => {$(
            if $i < R + K - 1 {
                for kx in 0..K {
                    let mut line = [V::splat(0.0); NV];
                    for (v, lanes) in line.iter_mut().enumerate() {
                        // SAFETY: inside the padded plane (asserted).
                        *lanes = unsafe { V::load(padded.as_ptr().add((y + $i) * stride + x0 + kx + v * V::LANES)) };
                    }
                    for (r, row) in acc.iter_mut().enumerate() {
                        if r <= $i && $i < r + K {
                            // SAFETY: inside the kernel (asserted).
                            let tap = V::splat(unsafe { *kernel.get_unchecked(($i - r) * K + kx) });
                            for (lanes, x) in row.iter_mut().zip(line) {
                                *lanes = lanes.add_product(tap, x);
                            }
                        }
                    }
                }
            }
        )*};
    }
    input_rows!(0 1 2 3 4 5 6 7 8 9 10 11);
    store::<V, R, NV>(&acc, to, sizes, y, x0);
    R
}

/// Writes rows `y..` from column `x0` on.
#[inline(always)]
fn store<V: Vector, const R: usize, const NV: usize>(
    acc: &[[V; NV]; R],
    to: &mut [f32],
    sizes: Sizes,
    y: usize,
    x0: usize,
) {
    let columns = (sizes.width - x0).min(NV * V::LANES);
    for (r, row) in acc.iter().enumerate() {
        let line = &mut to[(y + r) * sizes.width + x0..][..columns];
        for (line, lanes) in line.chunks_mut(V::LANES).zip(row) {
            // SAFETY: inside the line.
            unsafe { lanes.store_first(line.as_mut_ptr(), line.len()) };
        }
    }
}

/// `R` rows of `NV` vectors from `(y, x0)` on; gives `R`.
#[inline(always)]
unsafe fn rows<V: Vector, const R: usize, const NV: usize>(
    padded: &[f32],
    kernel: &[f32],
    to: &mut [f32],
    sizes: Sizes,
    y: usize,
    x0: usize,
) -> usize {
    let (k, stride) = (sizes.k, sizes.stride());
    let mut acc = [[V::splat(0.0); NV]; R];
    for ky in 0..k {
        for kx in 0..k {
            let tap = V::splat(kernel[ky * k + kx]);
            for (r, row) in acc.iter_mut().enumerate() {
                let from = &padded[(y + ky + r) * stride + x0 + kx..][..NV * V::LANES];
                for (v, lanes) in row.iter_mut().enumerate() {
                    // SAFETY: inside the slice just taken.
                    *lanes =
                        lanes.add_product(tap, unsafe { V::load(from.as_ptr().add(v * V::LANES)) });
                }
            }
        }
    }
    store::<V, R, NV>(&acc, to, sizes, y, x0);
    R
}

vectorised! {
    /// Adds the products of a gradient plane with the shifted input planes to `sums`, `MAX_LANES` partial sums a tap.
    fn accumulate = accumulate_with(grad: &[f32], x: &[f32], sums: &mut [f32], sizes: Sizes)
}

#[inline(always)]
fn accumulate_with<V: Vector>(grad: &[f32], x: &[f32], sums: &mut [f32], sizes: Sizes) {
    for ky in 0..sizes.k {
        let mut kx = 0;
        while kx < sizes.k {
            // SAFETY: as in `convolve_with`; `sums` has MAX_LANES values per tap.
            unsafe {
                kx += match sizes.k - kx {
                    1 => taps::<V, 1>(grad, x, sums, sizes, ky, kx),
                    2 => taps::<V, 2>(grad, x, sums, sizes, ky, kx),
                    3 => taps::<V, 3>(grad, x, sums, sizes, ky, kx),
                    4 => taps::<V, 4>(grad, x, sums, sizes, ky, kx),
                    5 => taps::<V, 5>(grad, x, sums, sizes, ky, kx),
                    6 => taps::<V, 6>(grad, x, sums, sizes, ky, kx),
                    7 => taps::<V, 7>(grad, x, sums, sizes, ky, kx),
                    8 => taps::<V, 8>(grad, x, sums, sizes, ky, kx),
                    _ => taps::<V, 9>(grad, x, sums, sizes, ky, kx),
                };
            }
        }
    }
}

/// `T` neighbouring taps of kernel row `ky`; gives `T`.
#[inline(always)]
unsafe fn taps<V: Vector, const T: usize>(
    grad: &[f32],
    x: &[f32],
    sums: &mut [f32],
    sizes: Sizes,
    ky: usize,
    kx: usize,
) -> usize {
    let (stride, pad) = (sizes.stride(), sizes.pad());
    let start = (ky * sizes.k + kx) * MAX_LANES;
    let sums = &mut sums[start..start + T * MAX_LANES];
    // SAFETY: the slices taken are long enough for the vectors read.
    unsafe {
        let mut acc = [V::splat(0.0); T];
        for (t, lanes) in acc.iter_mut().enumerate() {
            *lanes = V::load(sums.as_ptr().add(t * MAX_LANES));
        }
        for y in 0..sizes.height {
            // Values of the padded gradient after the last column are zero.
            let line = &grad[(y + pad) * stride + pad..(y + pad + 1) * stride];
            let from = &x[(y + ky) * stride + kx..(y + ky + 1) * stride];
            for x0 in (0..sizes.width).step_by(V::LANES) {
                let g = V::load(line[x0..][..V::LANES].as_ptr());
                let from = &from[x0..][..T - 1 + V::LANES];
                for (t, lanes) in acc.iter_mut().enumerate() {
                    *lanes = lanes.add_product(g, V::load(from.as_ptr().add(t)));
                }
            }
        }
        for (t, lanes) in acc.iter().enumerate() {
            lanes.store(sums.as_mut_ptr().add(t * MAX_LANES));
        }
    }
    T
}
