//! Standardization over images or batch, fused with a product before it and with GELU and a bias after it. Keeps mean
//! and scale per image and channel for the gradient, which recomputes everything else.
//!
//! The gradient of whatever scales a map before its standardization is what is left of sums that cancel to `eps / var`
//! of their size, about 1e-5: rounding the statistics to float32 alone would leave it two digits. So they are float64,
//! and so is the arithmetic of the gradient's last pass.

use super::math::{gelu, normal, total};
use super::parallel::{Rows, each, each_of};
use super::pool::{self, Buffer};
use super::scratch;
use super::simd::multiversion;
use crate::call::Over;

/// Added to a variance.
pub(super) const EPSILON: f64 = 1e-5;

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
    fn statistics(&self, channel: usize) -> Channel {
        let even = |groups: usize| (channel / (self.channels / groups)).is_multiple_of(2);
        match self.over {
            Over::Batch => Channel::Batch,
            Over::Instance => Channel::Image,
            Over::Groups(groups) if even(groups) => Channel::Batch,
            Over::OddGroups(groups) if even(groups) => Channel::Known,
            Over::Groups(_) | Over::OddGroups(_) => Channel::Image,
        }
    }

    fn row(&self, image: usize, channel: usize) -> usize {
        image * self.channels + channel
    }

    /// Tasks `(channel, first image, last image)` that share no statistics.
    fn tasks(&self) -> Vec<(usize, usize, usize)> {
        let (whole, single): (Vec<_>, Vec<_>) =
            (0..self.channels).partition(|c| self.statistics(*c) == Channel::Batch);
        let whole = whole.into_iter().map(|c| (c, 0, self.n));
        let single = (0..self.n).flat_map(|i| single.iter().map(move |c| (*c, i, i + 1)));
        whole.chain(single).collect()
    }
}

/// Where a channel's statistics come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    /// All images.
    Batch,
    /// Each image by itself.
    Image,
    /// Nowhere: its mean counts as 0, its deviation as 1.
    Known,
}

/// What follows a standardization.
#[derive(Clone, Copy)]
pub enum After<'a> {
    /// Nothing.
    Nothing,
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

multiversion! {
    fn multiply(to: &mut [f32], a: &[f32], b: &[f32]) {
        for (t, (a, b)) in to.iter_mut().zip(a.iter().zip(b)) { *t = a * b; }
    }

    /// `sum of (x - shift)` and of its square, in 32 interleaved partial sums.
    pub(super) fn moments(x: &[f32], shift: f32) -> (f64, f64) {
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

    pub(super) fn finish_plain(to: &mut [f32], x: &[f32], mean: f32, scale: f32) {
        for (t, x) in to.iter_mut().zip(x) { *t = (x - mean) * scale; }
    }

    fn finish_gelu(to: &mut [f32], x: &[f32], mean: f32, scale: f32, bias: &[f32]) {
        match bias {
            [b] => for (t, x) in to.iter_mut().zip(x) { *t = gelu((x - mean) * scale) + b; },
            _ => for (t, (x, b)) in to.iter_mut().zip(x.iter().zip(bias)) { *t = gelu((x - mean) * scale) + b; },
        }
    }

    /// `sum of g` and of `g * (x - mean)`.
    pub(super) fn grad_moments(g: &[f32], x: &[f32], mean: f64) -> (f64, f64) {
        let (mut s, mut q) = ([0.0f64; 16], [0.0f64; 16]);
        let (chunks, others) = (g.chunks_exact(16), x.chunks_exact(16));
        let (mut sum, mut product) = (0.0, 0.0);
        for (g, x) in chunks.remainder().iter().zip(others.remainder()) {
            sum += f64::from(*g);
            product += f64::from(*g) * (f64::from(*x) - mean);
        }
        for (g, x) in chunks.zip(others) {
            for ((s, q), (g, x)) in s.iter_mut().zip(q.iter_mut()).zip(g.iter().zip(x)) {
                let g = f64::from(*g);
                *s += g;
                *q = g.mul_add(f64::from(*x) - mean, *q);
            }
        }
        (total(&s) + sum, total(&q) + product)
    }

    /// `to = grad * gelu'(y)`, and the moments as [`grad_moments`].
    fn through_gelu(to: &mut [f32], grad: &[f32], x: &[f32], mean: f32, scale: f32) {
        for (t, (g, x)) in to.iter_mut().zip(grad.iter().zip(x)) {
            let y = (x - mean) * scale;
            let (distribution, density) = normal(y);
            *t = g * y.mul_add(density, distribution);
        }
    }

    /// `to = scale * g + slope * x + offset`, where `g` is what `to` holds.
    pub(super) fn input_grad(to: &mut [f32], x: &[f32], scale: f64, slope: f64, offset: f64) {
        for (t, x) in to.iter_mut().zip(x) {
            *t = f64::from(*x).mul_add(slope, f64::from(*t).mul_add(scale, offset)) as f32;
        }
    }
}

/// Mean and inverse standard deviation of one image's channel.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// The mean.
    pub mean: f64,
    /// One over the standard deviation.
    pub scale: f64,
}

impl Moments {
    /// Those of maps that are left as they are.
    const KNOWN: Self = Self {
        mean: 0.0,
        scale: 1.0,
    };

    /// As two pairs of float32 whose sums they are.
    pub fn split(self) -> [f32; MOMENTS] {
        let pair = |value: f64| {
            let high = value as f32;
            [high, (value - f64::from(high)) as f32]
        };
        let ([a, b], [c, d]) = (pair(self.mean), pair(self.scale));
        [a, b, c, d]
    }

    /// Those of a row of [`Statistics`].
    pub fn read(statistics: &[f32], row: usize) -> Self {
        let at = |i: usize| f64::from(statistics[row * MOMENTS + i]);
        Self {
            mean: at(0) + at(1),
            scale: at(2) + at(3),
        }
    }
}

/// Numbers of [`Moments`] as they are kept.
pub(super) const MOMENTS: usize = 4;

/// Bytes of the statistics that a standardization keeps per image and channel.
pub const STATISTICS_BYTES: usize = MOMENTS * size_of::<f32>();

/// [`Moments`] per image and channel: `[n, channels, MOMENTS]`.
pub type Statistics = Buffer;

/// Standardizes; gives the result and the statistics.
pub fn forward(input: Input, plan: Plan, after: After) -> (Buffer, Statistics) {
    let positions = plan.positions;
    let mut out = pool::take(plan.n * plan.channels * positions);
    let mut statistics = pool::take(plan.n * plan.channels * MOMENTS);
    let tasks = plan.tasks();
    let (maps, saved) = (
        Rows::new(&mut out, positions),
        Rows::new(&mut statistics, MOMENTS),
    );
    let values = plan.n * plan.channels * positions / tasks.len().max(1);
    each_of(tasks.len(), values, |task| {
        let mut scratch = scratch::take(positions);
        let (channel, first, last) = tasks[task];
        let count = ((last - first) * positions) as f64;
        let known = plan.statistics(channel) == Channel::Known;
        let (mut shift, mut sum, mut square) = (0.0f32, 0.0f64, 0.0f64);
        // One pass around the first value for the mean, one around the mean for the variance.
        for pass in 0..if known { 0 } else { 2 } {
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
        let variance = (square / count - rest * rest).max(0.0);
        let moments = match known {
            true => Moments::KNOWN,
            false => Moments {
                mean: f64::from(shift) + rest,
                scale: 1.0 / (variance + EPSILON).sqrt(),
            },
        };
        let (mean, scale) = (moments.mean as f32, moments.scale as f32);
        for image in first..last {
            let row = plan.row(image, channel);
            let x = input.row(row * positions, &mut scratch);
            let to = &mut *maps.row(row);
            saved.row(row).copy_from_slice(&moments.split());
            match after {
                After::Nothing => finish_plain(to, x, mean, scale),
                After::Gelu(bias) => finish_gelu(to, x, mean, scale, bias),
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
    let to_first = Rows::new(&mut out, positions);
    let to_other = other
        .as_deref_mut()
        .map(|other| Rows::new(other, positions));
    each(tasks.len(), |task| {
        let mut scratch = scratch::take(positions);
        let (channel, first, last) = tasks[task];
        // All rows of a task share their statistics.
        let Moments { mean, scale } = Moments::read(statistics, plan.row(first, channel));
        let count = ((last - first) * positions) as f64;
        let (mut sum, mut product) = (0.0, 0.0);
        for image in first..last {
            let row = plan.row(image, channel);
            let start = row * positions;
            let x = input.row(start, &mut scratch);
            let to = &mut *to_first.row(row);
            let g = &grad[start..start + positions];
            match gelu {
                true => through_gelu(to, g, x, mean as f32, scale as f32),
                false => to.copy_from_slice(g),
            }
            let (s, p) = grad_moments(to, x, mean);
            sum += s;
            product += p;
        }
        // scale * (g - mean(g) - y * mean(g * y)) with y = scale * (x - mean), of known moments scale * g.
        let (slope, offset) = match plan.statistics(channel) {
            Channel::Known => (0.0, 0.0),
            Channel::Batch | Channel::Image => {
                let slope = -scale * scale * scale * (product / count);
                (slope, -scale * (sum / count) - slope * mean)
            }
        };
        for image in first..last {
            let row = plan.row(image, channel);
            let span = row * positions..(row + 1) * positions;
            let x = input.row(span.start, &mut scratch);
            let to = &mut *to_first.row(row);
            input_grad(to, x, scale, slope, offset);
            if let (Input::Product(a, b), Some(to_other)) = (input, &to_other) {
                multiply(&mut to_other.row(row), to, &a[span.clone()]);
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
