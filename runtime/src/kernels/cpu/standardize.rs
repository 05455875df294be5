//! Standardization over images or batch, fused with a product before it and with GELU and a bias after it. Keeps two
//! numbers per image and channel for the gradient, which recomputes everything else.

use termc_compiler::model::Over;

use super::math::{gelu, normal};
use super::parallel::{Shared, each};
use super::pool::{self, Buffer};
use super::simd::multiversion;

/// Added to a variance.
const EPSILON: f64 = 1e-5;

/// `[n, channels, positions]` and which channels share statistics over the batch.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Images.
    pub n: usize,
    /// Channels.
    pub channels: usize,
    /// Positions.
    pub positions: usize,
    /// Axes of the means.
    pub over: Over,
}

impl Plan {
    fn batch(&self, channel: usize) -> bool {
        match self.over {
            Over::Batch => true,
            Over::Instance => false,
            Over::Groups(groups) => (channel / (self.channels / groups)).is_multiple_of(2),
        }
    }

    fn row(&self, image: usize, channel: usize) -> usize {
        image * self.channels + channel
    }

    /// Tasks `(channel, first image, last image)` that share no statistics.
    fn tasks(&self) -> Vec<(usize, usize, usize)> {
        let channels = 0..self.channels;
        let tasks = channels.flat_map(|c| match self.batch(c) {
            true => vec![(c, 0, self.n)],
            false => (0..self.n).map(|i| (c, i, i + 1)).collect(),
        });
        tasks.collect()
    }
}

/// What follows a standardization.
#[derive(Clone, Copy)]
pub enum Finish<'a> {
    /// Nothing.
    Plain,
    /// GELU, then one value added everywhere (`[1]`) or one per position.
    Gelu(&'a [f32]),
}

/// What is standardized.
#[derive(Clone, Copy)]
pub enum Input<'a> {
    /// Maps.
    Maps(&'a [f32]),
    /// The product of two maps of equal size.
    Product(&'a [f32], &'a [f32]),
}

impl<'a> Input<'a> {
    /// One row, computed into `scratch` if it is not there yet.
    #[inline(always)]
    fn row<'b>(&self, start: usize, scratch: &'b mut [f32]) -> &'b [f32]
    where
        'a: 'b,
    {
        let len = scratch.len();
        match self {
            Self::Maps(x) => &x[start..start + len],
            Self::Product(a, b) => {
                multiply(scratch, &a[start..start + len], &b[start..start + len]);
                scratch
            }
        }
    }
}

/// The sum of partial sums. Statistics are finished in float64: the gradient of a map before a standardization is what
/// is left of cancelling sums.
#[inline(always)]
fn total(lanes: &[f32]) -> f64 {
    lanes.iter().map(|lane| f64::from(*lane)).sum()
}

multiversion! {
    fn multiply(to: &mut [f32], a: &[f32], b: &[f32]) {
        for (t, (a, b)) in to.iter_mut().zip(a.iter().zip(b)) { *t = a * b; }
    }

    /// `sum of (x - shift)` and of its square, in 32 interleaved partial sums.
    fn moments(x: &[f32], shift: f32) -> (f64, f64) {
        let (mut s, mut q) = ([0.0f32; 32], [0.0f32; 32]);
        let chunks = x.chunks_exact(32);
        let (mut sum, mut square) = (0.0, 0.0);
        for x in chunks.remainder() {
            let d = x - shift;
            sum += d;
            square += d * d;
        }
        for chunk in chunks {
            for ((s, q), x) in s.iter_mut().zip(q.iter_mut()).zip(chunk) {
                let d = x - shift;
                *s += d;
                *q = d.mul_add(d, *q);
            }
        }
        (total(&s) + f64::from(sum), total(&q) + f64::from(square))
    }

    fn finish_plain(to: &mut [f32], x: &[f32], mean: f32, scale: f32) {
        for (t, x) in to.iter_mut().zip(x) { *t = (x - mean) * scale; }
    }

    fn finish_gelu(to: &mut [f32], x: &[f32], mean: f32, scale: f32, bias: &[f32]) {
        match bias {
            [b] => for (t, x) in to.iter_mut().zip(x) { *t = gelu((x - mean) * scale) + b; },
            _ => for (t, (x, b)) in to.iter_mut().zip(x.iter().zip(bias)) { *t = gelu((x - mean) * scale) + b; },
        }
    }

    /// `sum of g` and of `g * y` where `y = (x - mean) * scale`.
    fn grad_moments(g: &[f32], x: &[f32], mean: f32, scale: f32) -> (f64, f64) {
        let (mut s, mut q) = ([0.0f32; 32], [0.0f32; 32]);
        let (chunks, others) = (g.chunks_exact(32), x.chunks_exact(32));
        let (mut sum, mut product) = (0.0, 0.0);
        for (g, x) in chunks.remainder().iter().zip(others.remainder()) {
            sum += g;
            product += g * ((x - mean) * scale);
        }
        for (g, x) in chunks.zip(others) {
            for ((s, q), (g, x)) in s.iter_mut().zip(q.iter_mut()).zip(g.iter().zip(x)) {
                *s += g;
                *q = g.mul_add((x - mean) * scale, *q);
            }
        }
        (total(&s) + f64::from(sum), total(&q) + f64::from(product))
    }

    /// `to = grad * gelu'(y)`, and the moments as [`grad_moments`].
    fn through_gelu(to: &mut [f32], grad: &[f32], x: &[f32], mean: f32, scale: f32) {
        for (t, (g, x)) in to.iter_mut().zip(grad.iter().zip(x)) {
            let y = (x - mean) * scale;
            let (distribution, density) = normal(y);
            *t = g * y.mul_add(density, distribution);
        }
    }

    /// `to = scale * (g - g_mean - y * gy_mean)`, where `g` may be what `to` holds.
    fn input_grad(to: &mut [f32], g: &[f32], x: &[f32], mean: f32, scale: f32, g_mean: f32, gy_mean: f32) {
        for (t, (g, x)) in to.iter_mut().zip(g.iter().zip(x)) {
            *t = scale * (g - g_mean - (x - mean) * scale * gy_mean);
        }
    }

    fn input_grad_in_place(to: &mut [f32], x: &[f32], mean: f32, scale: f32, g_mean: f32, gy_mean: f32) {
        for (t, x) in to.iter_mut().zip(x) {
            *t = scale * (*t - g_mean - (x - mean) * scale * gy_mean);
        }
    }
}

/// Mean and inverse standard deviation per image and channel, interleaved: `[n, channels, 2]`.
pub type Statistics = Buffer;

/// Standardizes; gives the result and the statistics.
pub fn forward(input: Input, plan: Plan, finish: Finish) -> (Buffer, Statistics) {
    let positions = plan.positions;
    let mut out = pool::take(plan.n * plan.channels * positions);
    let mut statistics = pool::take(plan.n * plan.channels * 2);
    let tasks = plan.tasks();
    let (to, kept) = (Shared::new(&mut out), Shared::new(&mut statistics));
    each(tasks.len(), |task| {
        let (channel, first, last) = tasks[task];
        let mut scratch = pool::take(positions);
        let count = ((last - first) * positions) as f64;
        let (mut shift, mut sum, mut square) = (0.0f32, 0.0f64, 0.0f64);
        // One pass around the first value for the mean, one around the mean for the variance.
        for pass in 0..2 {
            (sum, square) = (0.0, 0.0);
            for image in first..last {
                let x = input.row(plan.row(image, channel) * positions, &mut scratch);
                let (s, q) = moments(x, shift);
                sum += s;
                square += q;
            }
            if pass == 0 {
                shift = (sum / count) as f32;
            }
        }
        let rest = sum / count;
        let mean = (f64::from(shift) + rest) as f32;
        let variance = (square / count - rest * rest).max(0.0);
        let scale = (1.0 / (variance + EPSILON).sqrt()) as f32;
        for image in first..last {
            let row = plan.row(image, channel);
            let x = input.row(row * positions, &mut scratch);
            // SAFETY: each image's channel belongs to one task.
            let (to, kept) =
                unsafe { (to.part(row * positions, positions), kept.part(row * 2, 2)) };
            kept.copy_from_slice(&[mean, scale]);
            match finish {
                Finish::Plain => finish_plain(to, x, mean, scale),
                Finish::Gelu(bias) => finish_gelu(to, x, mean, scale, bias),
            }
        }
    });
    (out, statistics)
}

/// The gradient of the standardized maps; with a product before, of both factors.
pub fn backward(
    grad: &[f32],
    input: Input,
    statistics: &[f32],
    plan: Plan,
    gelu: bool,
) -> (Buffer, Option<Buffer>) {
    let positions = plan.positions;
    let size = plan.n * plan.channels * positions;
    let mut out = pool::take(size);
    let mut other = matches!(input, Input::Product(..)).then(|| pool::take(size));
    let tasks = plan.tasks();
    let to = Shared::new(&mut out);
    let to_other = other.as_deref_mut().map(Shared::new);
    each(tasks.len(), |task| {
        let (channel, first, last) = tasks[task];
        let mut scratch = pool::take(positions);
        let count = ((last - first) * positions) as f64;
        let (mut sum, mut product) = (0.0, 0.0);
        for image in first..last {
            let row = plan.row(image, channel);
            let x = input.row(row * positions, &mut scratch);
            let (mean, scale) = (statistics[row * 2], statistics[row * 2 + 1]);
            let g = &grad[row * positions..(row + 1) * positions];
            let (s, p) = match gelu {
                true => {
                    // SAFETY: each image's channel belongs to one task.
                    let g_inner = unsafe { to.part(row * positions, positions) };
                    through_gelu(g_inner, g, x, mean, scale);
                    grad_moments(g_inner, x, mean, scale)
                }
                false => grad_moments(g, x, mean, scale),
            };
            sum += s;
            product += p;
        }
        let (g_mean, gy_mean) = ((sum / count) as f32, (product / count) as f32);
        for image in first..last {
            let row = plan.row(image, channel);
            let span = row * positions..(row + 1) * positions;
            let x = input.row(span.start, &mut scratch);
            let (mean, scale) = (statistics[row * 2], statistics[row * 2 + 1]);
            // SAFETY: as above.
            let to = unsafe { to.part(span.start, positions) };
            match gelu {
                true => input_grad_in_place(to, x, mean, scale, g_mean, gy_mean),
                false => input_grad(to, &grad[span.clone()], x, mean, scale, g_mean, gy_mean),
            }
            if let (Input::Product(a, b), Some(to_other)) = (input, &to_other) {
                // SAFETY: as above.
                let to_other = unsafe { to_other.part(span.start, positions) };
                multiply(to_other, to, &a[span.clone()]);
                scale_by(to, &b[span]);
            }
        }
    });
    (out, other)
}

multiversion! {
    fn scale_by(to: &mut [f32], factor: &[f32]) {
        for (t, f) in to.iter_mut().zip(factor) { *t *= f; }
    }
}
