//! 1x1 convolutions as matrix products: of several inputs seen as one concatenation, to several outputs at once, with
//! both gradients. Images are `[channels, positions]` matrices; no input is copied but into cache-sized panels.

use super::activation::gelu_biased;
use super::gemm::{COLUMNS, Left, Product, Right, Start, multiply};
use super::math::total;
use super::parallel::{Columns, Rows, each};
use super::pool::{self, Buffer};
use super::simd::multiversion;
use super::transpose::transpose;

/// Feature maps `[n, channels, positions]`.
#[derive(Clone, Copy)]
pub struct Maps<'a> {
    /// The values.
    pub data: &'a [f32],
    /// Channels per image.
    pub channels: usize,
}

impl<'a> Maps<'a> {
    fn image(&self, n: usize, positions: usize) -> Maps<'a> {
        let size = self.channels * positions;
        Maps {
            data: &self.data[n * size..(n + 1) * size],
            channels: self.channels,
        }
    }
}

/// The channels of several images' parts on top of each other.
struct Stack<'a> {
    parts: Vec<Maps<'a>>,
    positions: usize,
}

impl Right for Stack<'_> {
    #[inline(always)]
    fn pack(&self, k: (usize, usize), columns: (usize, usize), panels: &mut [f32], stride: usize) {
        let (mut first, (from, to)) = (0, (k.0, k.0 + k.1));
        for part in &self.parts {
            let (start, end) = (from.max(first), to.min(first + part.channels));
            for row in start..end {
                let at = (row - first) * self.positions;
                prefetch(
                    &part.data[(at + AHEAD * self.positions + columns.0).min(part.data.len())..],
                    columns.1 - columns.0,
                );
                let values = &part.data[at..][columns.0..columns.1];
                // A row's columns lie side by side: all panels get theirs before the next row is read.
                for (panel, values) in panels
                    .chunks_exact_mut(k.1 * stride)
                    .zip(values.chunks(stride))
                {
                    copy_row(&mut panel[(row - from) * stride..][..stride], values);
                }
            }
            first += part.channels;
        }
    }
}

/// Rows between the one that is copied and the one that is asked for.
const AHEAD: usize = 6;

/// Asks for the first `len` values, as far as there are any: rows lie a page or more apart, where no processor looks ahead.
#[inline(always)]
fn prefetch(values: &[f32], len: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in values[..len.min(values.len())].chunks(16) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a hint that reads nothing; every x86-64 processor has it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

/// Copies a row and fills the rest of the line with zeros; whole lines a vector at a time, without a call.
#[inline(always)]
fn copy_row(line: &mut [f32], row: &[f32]) {
    if row.len() == line.len() && row.len().is_multiple_of(8) {
        for (to, from) in line.chunks_exact_mut(8).zip(row.chunks_exact(8)) {
            let lanes: [f32; 8] = std::array::from_fn(|i| from[i]);
            to.copy_from_slice(&lanes);
        }
        return;
    }
    let (values, rest) = line.split_at_mut(row.len());
    values.copy_from_slice(row);
    rest.fill(0.0);
}

/// One image's channels as columns.
struct Flipped<'a> {
    image: Maps<'a>,
    positions: usize,
    first: usize,
}

impl Right for Flipped<'_> {
    #[inline(always)]
    fn pack(&self, k: (usize, usize), columns: (usize, usize), panels: &mut [f32], stride: usize) {
        let starts = (columns.0..columns.1).step_by(stride);
        for (panel, j0) in panels.chunks_exact_mut(k.1 * stride).zip(starts) {
            let width = stride.min(columns.1 - j0);
            if width < stride {
                panel.fill(0.0);
            }
            let from = &self.image.data[j0 * self.positions + self.first + k.0..];
            transpose(from, self.positions, panel, stride, width, k.1);
        }
    }
}

/// One output of [`project`]: `weight * stacked inputs + bias`.
pub struct Output<'a> {
    /// `[channels of the output, channels of all inputs]`.
    pub weight: Left,
    /// One value per output channel.
    pub bias: Option<&'a [f32]>,
    /// GELU afterwards, and what is added to it: one value, or one per position.
    pub gelu: Option<&'a [f32]>,
}

/// For each output `[n, channels, positions]`: its weight times the channels of all inputs.
pub fn project(inputs: &[Maps], n: usize, positions: usize, outputs: &[Output]) -> Vec<Buffer> {
    let rows = |o: &Output| o.weight.row_count();
    let mut results: Vec<Buffer> = (outputs.iter())
        .map(|o| pool::take(n * rows(o) * positions))
        .collect();
    let biases: Vec<Option<Vec<f32>>> = (outputs.iter())
        .map(|o| o.bias.map(|bias| o.weight.pad(bias)))
        .collect();
    let depth = inputs.iter().map(|i| i.channels).sum();
    // Of few images smaller blocks, so that no thread waits long for another one's last.
    let width = match n * positions >= 16 * COLUMNS {
        true => COLUMNS,
        false => COLUMNS / 2,
    };
    let blocks = positions.div_ceil(width);
    let targets: Vec<Columns> = (results.iter_mut().zip(outputs))
        .map(|(result, output)| Columns::new(result, rows(output), positions, width))
        .collect();
    each(n * blocks, |task| {
        let (image, block) = (task / blocks, task % blocks);
        let stack = Stack {
            parts: inputs.iter().map(|i| i.image(image, positions)).collect(),
            positions,
        };
        let mut targets: Vec<_> = targets.iter().map(|t| t.block(image, block)).collect();
        let products = outputs.iter().zip(&mut targets).zip(&biases);
        let products: Vec<Product> = products
            .map(|((output, target), bias)| Product {
                left: &output.weight,
                start: bias.as_deref().map_or(Start::Zero, Start::Bias),
                out: target.matrix(),
                stride: positions,
            })
            .collect();
        let (from, to) = (block * width, positions.min((block + 1) * width));
        // SAFETY: matrices have `positions` columns; this task holds these of each.
        unsafe { multiply(&products, &stack, depth, from, to) };
        for (output, target) in outputs.iter().zip(&mut targets) {
            let Some(bias) = output.gelu else { continue };
            let bias = bias.get(from..to).unwrap_or(bias);
            (0..rows(output)).for_each(|row| gelu_biased(target.row(row), bias));
        }
    });
    drop(targets);
    results
}

/// Images whose products are summed before the partial sums are; fixes the order of summation.
fn chunk(n: usize) -> usize {
    n.div_ceil(4).max(1)
}

/// Tasks for each thread, so that none waits long for another one's last.
const TASKS: usize = 4;

/// Up to this many elements of a result, [`weight_gradients`] sums in float64.
const FEW: usize = 16;

/// For each of `left`, `sum_n left[n] * stacked(right)[n]^T`: `[its channels, channels of all right]`.
pub fn weight_gradients(left: &[Maps], right: &[Maps], n: usize, positions: usize) -> Vec<Buffer> {
    let columns: usize = right.iter().map(|r| r.channels).sum();
    let rows: usize = left.iter().map(|l| l.channels).sum();
    if rows * columns <= FEW {
        return left
            .iter()
            .map(|l| small_weight_gradient(*l, right, n, positions))
            .collect();
    }
    let chunk = chunk(n);
    let chunks = n.div_ceil(chunk);
    // At most COLUMNS channels of one right part are multiplied at a time.
    let mut spans = Vec::new();
    let mut first = 0;
    for part in right {
        for from in (0..part.channels).step_by(COLUMNS) {
            spans.push((*part, first, from, part.channels.min(from + COLUMNS)));
        }
        first += part.channels;
    }
    let mut partial = pool::take(chunks * rows * columns);
    let bounds = spans.iter().map(|(_, first, from, _)| first + from);
    let targets = Columns::cut(&mut partial, rows, bounds.chain([columns]).collect());
    // Tasks: a chunk of images and some spans, for all of which the left operands are packed once.
    let groups = (TASKS * rayon::current_num_threads())
        .div_ceil(chunks)
        .min(spans.len());
    let length = spans.len().div_ceil(groups);
    let groups = spans.len().div_ceil(length);
    each(chunks * groups, |task| {
        let (chunk_index, group) = (task / groups, task % groups);
        let numbers = group * length..spans.len().min((group + 1) * length);
        let mut targets: Vec<_> = (numbers.clone())
            .map(|number| targets.block(chunk_index, number))
            .collect();
        let mut packed: Vec<Option<Left>> = left.iter().map(|_| None).collect();
        for image in chunk_index * chunk..n.min((chunk_index + 1) * chunk) {
            for p0 in (0..positions).step_by(super::gemm::DEPTH) {
                let depth = super::gemm::DEPTH.min(positions - p0);
                let start = match image == chunk_index * chunk && p0 == 0 {
                    true => Start::Zero,
                    false => Start::Output,
                };
                let packed = left.iter().zip(&mut packed).map(|(l, packed)| {
                    let values = &l.image(image, positions).data[p0..];
                    Left::again(packed, values, positions, l.channels, depth)
                });
                let packed: Vec<&Left> = packed.collect();
                for ((part, first, from, to), target) in
                    spans[numbers.clone()].iter().zip(&mut targets)
                {
                    let flipped = Flipped {
                        image: part.image(image, positions),
                        positions,
                        first: p0,
                    };
                    let mut row = 0;
                    let products = packed.iter().map(|left| {
                        // SAFETY: inside the chunk's partial sums, which have `rows` rows.
                        let out = unsafe { target.matrix().add(row * columns + first) };
                        row += left.row_count();
                        let stride = columns;
                        Product {
                            left,
                            start,
                            out,
                            stride,
                        }
                    });
                    let products: Vec<Product> = products.collect();
                    // SAFETY: this task holds these columns of its chunk.
                    unsafe { multiply(&products, &flipped, depth, *from, *to) };
                }
            }
        }
    });
    drop(targets);
    let mut results = Vec::new();
    let mut row = 0;
    for maps in left {
        let mut sum = pool::take(maps.channels * columns);
        let parts: Vec<&[f32]> = (0..chunks)
            .map(|c| &partial[(c * rows + row) * columns..][..maps.channels * columns])
            .collect();
        add_up(&parts, &mut sum);
        row += maps.channels;
        results.push(sum);
    }
    results
}

/// As [`weight_gradients`] for one left operand, in float64: with one channel the sums cancel wherever a standardization
/// follows, and long chains of float32 would not see what is left.
fn small_weight_gradient(left: Maps, right: &[Maps], n: usize, positions: usize) -> Buffer {
    let columns: usize = right.iter().map(|r| r.channels).sum();
    let mut sums = pool::take(left.channels * columns);
    let row = |maps: &Maps, image: usize, channel: usize| {
        let start = (image * maps.channels + channel) * positions;
        start..start + positions
    };
    let mut results = sums.iter_mut();
    for l in 0..left.channels {
        let pairs = right
            .iter()
            .flat_map(|r| (0..r.channels).map(move |c| (r, c)));
        for ((r, c), to) in pairs.zip(&mut results) {
            let images = (0..n).map(|i| dot(&left.data[row(&left, i, l)], &r.data[row(r, i, c)]));
            *to = images.sum::<f64>() as f32;
        }
    }
    drop(results);
    sums
}

/// `sum = parts[0] + parts[1] + ...`.
fn add_up(parts: &[&[f32]], sum: &mut [f32]) {
    const BLOCK: usize = 1 << 14;
    let count = sum.len().div_ceil(BLOCK);
    let len = sum.len();
    let blocks = Rows::new(sum, BLOCK);
    each(count, |block| {
        let range = block * BLOCK..len.min((block + 1) * BLOCK);
        let to = &mut *blocks.row(block);
        to.copy_from_slice(&parts[0][range.clone()]);
        for part in &parts[1..] {
            add_to(to, &part[range.clone()]);
        }
    });
}

/// The sum of parts of `size` values each, in order.
pub fn add_parts(parts: Buffer, size: usize) -> Buffer {
    if parts.len() == size {
        return parts;
    }
    let mut sum = pool::take(size);
    let (first, rest) = parts.split_at(size);
    sum.copy_from_slice(first);
    for part in rest.chunks(size) {
        add_to(&mut sum, part);
    }
    sum
}

multiversion! {
    /// `to += from`.
    pub fn add_to(to: &mut [f32], from: &[f32]) {
        for (t, f) in to.iter_mut().zip(from) {
            *t += f;
        }
    }

    /// `sum of a * b` in float64, in sixteen interleaved partial sums.
    fn dot(a: &[f32], b: &[f32]) -> f64 {
        let mut lanes = [0.0f64; 16];
        let (whole_a, whole_b) = (a.chunks_exact(16), b.chunks_exact(16));
        let rest = whole_a.remainder().iter().zip(whole_b.remainder());
        let rest: f64 = rest.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        for (a, b) in whole_a.zip(whole_b) {
            for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                *lane = f64::from(*a).mul_add(f64::from(*b), *lane);
            }
        }
        total(&lanes) + rest
    }

    /// Sum of a row, in sixteen interleaved partial sums.
    pub fn sum(row: &[f32]) -> f32 {
        let mut lanes = [0.0f32; 16];
        let chunks = row.chunks_exact(16);
        let rest: f32 = chunks.remainder().iter().sum();
        for chunk in chunks {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane += x;
            }
        }
        total(&lanes) as f32 + rest
    }
}

/// `sum over images and positions`, one value per channel: the gradient of a bias.
pub fn channel_sums(maps: Maps, n: usize, positions: usize) -> Buffer {
    let mut sums = pool::take(maps.channels);
    let to = Rows::new(&mut sums, 1);
    each(maps.channels, |channel| {
        let rows = (0..n).map(|image| {
            let at = (image * maps.channels + channel) * positions;
            sum(&maps.data[at..at + positions])
        });
        to.row(channel)[0] = rows.sum();
    });
    sums
}
