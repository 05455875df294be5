//! Sums and products of feature maps whose axes of size 1 are expanded, and the matching reductions of gradients.
//! Maps are `[n, channels, positions]`, each axis whole or of size 1.

use super::activation;
use super::math::{sigmoid, total};
use super::parallel::{Rows, each_of};
use super::pointwise::{add_parts, add_to, sum};
use super::pool::{self, Buffer};
use super::simd::multiversion;

/// Sizes `[n, channels, positions]`.
pub type Sizes = [usize; 3];

/// A map and its sizes.
#[derive(Clone, Copy)]
pub struct Map<'a> {
    /// The values, row-major.
    pub data: &'a [f32],
    /// Its sizes.
    pub sizes: Sizes,
}

impl<'a> Map<'a> {
    /// The positions of one image's channel, expanded where of size 1.
    #[inline(always)]
    pub fn row(&self, image: usize, channel: usize) -> &'a [f32] {
        let [n, channels, positions] = self.sizes;
        let image = if n == 1 { 0 } else { image };
        let channel = if channels == 1 { 0 } else { channel };
        let at = (image * channels + channel) * positions;
        &self.data[at..at + positions]
    }
}

multiversion! {
    /// `to = a * b` (or `a + b`); a factor of one value is expanded.
    fn combine_rows(to: &mut [f32], a: &[f32], b: &[f32], product: bool) {
        match (a, b, product) {
            ([a], b, true) | (b, [a], true) => {
                for (t, b) in to.iter_mut().zip(b) { *t = a * b; }
            }
            ([a], b, false) | (b, [a], false) => {
                for (t, b) in to.iter_mut().zip(b) { *t = a + b; }
            }
            (a, b, true) => {
                for (t, (a, b)) in to.iter_mut().zip(a.iter().zip(b)) { *t = a * b; }
            }
            (a, b, false) => {
                for (t, (a, b)) in to.iter_mut().zip(a.iter().zip(b)) { *t = a + b; }
            }
        }
    }

    /// `to += grad * other`, where `other` may be one value.
    fn add_products(to: &mut [f32], grad: &[f32], other: &[f32]) {
        match other {
            [o] => for (t, g) in to.iter_mut().zip(grad) { *t = g.mul_add(*o, *t); },
            _ => for (t, (g, o)) in to.iter_mut().zip(grad.iter().zip(other)) { *t = g.mul_add(*o, *t); },
        }
    }

    /// `to *= factor`
    fn scale(to: &mut [f32], factor: f32) {
        for t in to { *t *= factor; }
    }

    /// `sum of a * b`, in 64 interleaved partial sums.
    pub fn dot(a: &[f32], b: &[f32]) -> f32 {
        let mut lanes = [0.0f32; 64];
        let (whole_a, whole_b) = (a.chunks_exact(64), b.chunks_exact(64));
        let rest: f32 = whole_a.remainder().iter().zip(whole_b.remainder()).map(|(a, b)| a * b).sum();
        for (a, b) in whole_a.zip(whole_b) {
            for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                *lane = a.mul_add(*b, *lane);
            }
        }
        (total(&lanes) + f64::from(rest)) as f32
    }
}

/// `a * b` (or `a + b`) with expansion; `sizes` are the joined ones.
pub fn combine(a: Map, b: Map, sizes: Sizes, product: bool) -> Buffer {
    let [n, channels, positions] = sizes;
    let mut out = pool::take(n * channels * positions);
    let rows = Rows::new(&mut out, positions);
    each_of(n * channels, positions, |row| {
        let (image, channel) = (row / channels, row % channels);
        let to = &mut *rows.row(row);
        combine_rows(to, a.row(image, channel), b.row(image, channel), product);
    });
    out
}

/// `x * scale + shift`, `maps`, per channel, or `x` alone; then, if wanted, GELU plus one value or one per position.
pub fn rescale(x: Map, maps: Option<[&[f32]; 2]>, gelu: Option<&[f32]>) -> Buffer {
    let [n, channels, positions] = x.sizes;
    let mut out = pool::take(n * channels * positions);
    let rows = Rows::new(&mut out, positions);
    each_of(n * channels, positions, |row| {
        let (image, channel) = (row / channels, row % channels);
        let to = &mut *rows.row(row);
        let x = x.row(image, channel);
        match maps {
            Some([scale, shift]) => activation::rescale(to, x, scale[channel], shift[channel]),
            None => to.copy_from_slice(x),
        }
        if let Some(bias) = gelu {
            activation::gelu_biased(to, bias);
        }
    });
    out
}

/// The gradient of a expanded operand: `grad` (times `other`, for a product) summed to `sizes`.
pub fn reduce(grad: Map, other: Option<Map>, sizes: Sizes) -> Buffer {
    let [n, channels, positions] = grad.sizes;
    let rows = |to: &mut [f32], image: usize, channel: usize| {
        let g = grad.row(image, channel);
        let o = other.map(|o| o.row(image, channel));
        match (positions != 1 && sizes[2] == 1, o) {
            (true, Some(&[o])) => to[0] = sum(g).mul_add(o, to[0]),
            (true, Some(o)) => to[0] += dot(g, o),
            (true, None) => to[0] += sum(g),
            (false, Some(o)) => add_products(to, g, o),
            (false, None) => add_to(to, g),
        }
    };
    // Sum over channels and images in order; where all channels are summed, per image first, for more tasks.
    let per_image = sizes[0] == n || sizes[1] == 1;
    let (tasks, remaining) = (if per_image { n } else { 1 }, sizes[1]);
    let size = sizes[2];
    let mut partial = pool::take(tasks * remaining * size);
    let parts = Rows::new(&mut partial, size);
    let values = n * channels * positions / (tasks * remaining).max(1);
    each_of(tasks * remaining, values, |task| {
        let to = &mut *parts.row(task);
        to.fill(0.0);
        let images = if per_image {
            task / remaining..task / remaining + 1
        } else {
            0..n
        };
        for image in images {
            match remaining == channels {
                true => rows(to, image, task % remaining),
                false => (0..channels).for_each(|channel| rows(to, image, channel)),
            }
        }
    });
    if tasks == sizes[0] {
        return partial;
    }
    add_parts(partial, remaining * size)
}

/// Mean over channels: `[n, 1, positions]`.
pub fn channel_mean(x: Map) -> Buffer {
    let [n, channels, positions] = x.sizes;
    let mut mean = reduce(x, None, [n, 1, positions]);
    scale(&mut mean, 1.0 / channels as f32);
    mean
}

/// Mean over positions: `[n, channels, 1]`.
pub fn position_mean(x: Map) -> Buffer {
    let [n, channels, positions] = x.sizes;
    let mut mean = reduce(x, None, [n, channels, 1]);
    scale(&mut mean, 1.0 / positions as f32);
    mean
}

/// `factor * x` expanded to `sizes`: the gradient of a mean.
pub fn expand(x: Map, sizes: Sizes, factor: f32) -> Buffer {
    let one = [factor];
    let factor = Map {
        data: &one,
        sizes: [1, 1, 1],
    };
    let small = combine(x, factor, x.sizes, true);
    let [n, channels, positions] = sizes;
    let scaled = Map {
        data: &small,
        sizes: x.sizes,
    };
    let mut out = pool::take(n * channels * positions);
    let rows = Rows::new(&mut out, positions);
    each_of(n * channels, positions, |row| {
        let to = &mut *rows.row(row);
        match scaled.row(row / channels, row % channels) {
            [value] => to.fill(*value),
            values => to.copy_from_slice(values),
        }
    });
    out
}

multiversion! {
    /// `to = x * sigmoid(a * b)`; factors of one value are expanded.
    fn gate_row(to: &mut [f32], x: &[f32], a: &[f32], b: &[f32]) {
        match (a, b) {
            ([a], [b]) => {
                let s = sigmoid(a * b);
                for (t, x) in to.iter_mut().zip(x) { *t = x * s; }
            }
            ([a], b) | (b, [a]) => {
                for (t, (x, b)) in to.iter_mut().zip(x.iter().zip(b)) { *t = x * sigmoid(a * b); }
            }
            (a, b) => {
                for (t, (x, (a, b))) in to.iter_mut().zip(x.iter().zip(a.iter().zip(b))) { *t = x * sigmoid(a * b); }
            }
        }
    }

    /// Turns `scores`, `sigmoid(a * b)`, into the gradient of `a * b`, and writes that of `x`.
    fn gate_grad(scores: &mut [f32], to: &mut [f32], grad: &[f32], x: &[f32]) {
        for ((s, t), (g, x)) in scores.iter_mut().zip(to).zip(grad.iter().zip(x)) {
            *t = g * *s;
            *s = g * x * *s * (1.0 - *s);
        }
    }
}

/// `x * sigmoid(a * b)`, `x` of the joined sizes.
pub fn gate(x: Map, a: Map, b: Map) -> Buffer {
    let [n, channels, positions] = x.sizes;
    let mut out = pool::take(n * channels * positions);
    let rows = Rows::new(&mut out, positions);
    each_of(n * channels, positions, |row| {
        let (image, channel) = (row / channels, row % channels);
        let to = &mut *rows.row(row);
        gate_row(
            to,
            x.row(image, channel),
            a.row(image, channel),
            b.row(image, channel),
        );
    });
    out
}

/// The gradients of `x` and of `a * b`, both of `x`'s sizes.
pub fn gate_back(grad: Map, x: Map, a: Map, b: Map) -> (Buffer, Buffer) {
    let [n, channels, positions] = x.sizes;
    let mut dx = pool::take(n * channels * positions);
    let mut scores = pool::take(n * channels * positions);
    let (to_dx, to_scores) = (
        Rows::new(&mut dx, positions),
        Rows::new(&mut scores, positions),
    );
    each_of(n * channels, positions, |row| {
        let (image, channel) = (row / channels, row % channels);
        let (dx, scores) = (&mut *to_dx.row(row), &mut *to_scores.row(row));
        // The score alone: gated ones.
        dx.fill(1.0);
        gate_row(scores, dx, a.row(image, channel), b.row(image, channel));
        gate_grad(scores, dx, grad.row(image, channel), x.row(image, channel));
    });
    (dx, scores)
}
