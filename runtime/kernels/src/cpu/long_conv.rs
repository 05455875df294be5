//! Convolutions of planes and lines with kernels of as many positions, by Fourier transforms, and both gradients: O(n log n) for
//! n positions.
//!
//! A plane is laid out as one line, zeros between its rows, so that one transform of a line serves both ranks. A line of 2m
//! real numbers `a, b` is transformed as the m complex numbers `(a + i b) w^j` with `w^m = i`: the transforms' products are
//! those of polynomials in z with `z^m = i`, so that nothing of the first half of a line goes round into itself, and half of a
//! line needs no zeros.

use std::cell::RefCell;
use std::collections::HashMap;
use std::f64::consts::FRAC_PI_2;
use std::rc::Rc;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::parallel::{Rows, each};
use super::pool::{self, Buffer};
use super::simd::multiversion;
use crate::call::Edges;

type Complex32 = Complex<f32>;

/// Sizes of a convolution.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Images of `x` and of the kernel: as many, or one for all.
    pub images: [usize; 2],
    /// Channels.
    pub channels: usize,
    /// Rows and columns of a plane.
    pub sides: [usize; 2],
    /// What lies beyond the edges.
    pub edges: Edges,
}

impl Sizes {
    fn plane(&self) -> usize {
        self.sides[0] * self.sides[1]
    }

    fn most_images(&self) -> usize {
        self.images[0].max(self.images[1])
    }

    /// The plane of an operand, 0 or 1, that takes part in a plane of the result.
    fn operand<'a>(
        &self,
        values: [&'a [f32]; 2],
        which: usize,
        image: usize,
        channel: usize,
    ) -> &'a [f32] {
        let image = if self.images[which] == 1 { 0 } else { image };
        &values[which][(image * self.channels + channel) * self.plane()..][..self.plane()]
    }
}

/// Where one axis of the result lies in the convolution at all `2 side - 1` positions where anything meets.
#[derive(Clone, Copy)]
struct Axis {
    side: usize,
    /// Where the result begins.
    first: usize,
    /// Whether what lies one side further is added.
    around: bool,
}

impl Axis {
    fn new(side: usize, edges: Edges) -> Self {
        let first = if edges == Edges::Zero {
            (side - 1) / 2
        } else {
            0
        };
        let around = edges == Edges::Circular;
        Self {
            side,
            first,
            around,
        }
    }

    /// Positions of a transform, beyond which others come in again: those of the result must stay free of them.
    fn room(&self) -> usize {
        (2 * self.side - 1 - self.first).max(self.first + self.side)
    }

    /// The ranges of all positions that make up those of the result from its beginning on, with how many there are.
    fn ranges(&self) -> impl Iterator<Item = (usize, usize)> {
        let around = self.around && self.side > 1;
        let again = around.then(|| (self.side, self.side - 1));
        [(self.first, self.side)].into_iter().chain(again)
    }
}

/// What transforms of one length need. Kept by each thread: making it takes longer than using it.
struct Plan {
    forward: Arc<dyn Fft<f32>>,
    backward: Arc<dyn Fft<f32>>,
    /// `w^j`.
    turns: Vec<Complex32>,
    /// The conjugates, divided by the length.
    back: Vec<Complex32>,
}

/// The plans of a thread, by length.
struct Plans {
    planner: FftPlanner<f32>,
    made: HashMap<usize, Rc<Plan>>,
}

impl Plan {
    fn get(length: usize) -> Rc<Self> {
        thread_local! {
            static PLANS: RefCell<Plans> = RefCell::new(Plans {
                planner: FftPlanner::new(),
                made: HashMap::new(),
            });
        }
        PLANS.with_borrow_mut(|Plans { planner, made }| {
            let plan = made.entry(length);
            plan.or_insert_with(|| Rc::new(Self::new(length, planner)))
                .clone()
        })
    }

    fn new(length: usize, planner: &mut FftPlanner<f32>) -> Self {
        let turn = |j: usize| FRAC_PI_2 * j as f64 / length as f64;
        let scale = 1.0 / length as f64;
        let complex = |radius: f64, angle: f64| {
            Complex32::new((radius * angle.cos()) as f32, (radius * angle.sin()) as f32)
        };
        Self {
            forward: planner.plan_fft_forward(length),
            backward: planner.plan_fft_inverse(length),
            turns: (0..length).map(|j| complex(1.0, turn(j))).collect(),
            back: (0..length).map(|j| complex(scale, -turn(j))).collect(),
        }
    }
}

multiversion! {
    /// `(a + i b) w`
    fn turned(halves: [&[f32]; 2], turns: &[Complex32], to: &mut [Complex32]) {
        for (((to, a), b), turn) in to.iter_mut().zip(halves[0]).zip(halves[1]).zip(turns) {
            *to = Complex32::new(a * turn.re - b * turn.im, a * turn.im + b * turn.re);
        }
    }

    /// The same of nothing but `a`.
    fn turned_half(half: &[f32], turns: &[Complex32], to: &mut [Complex32]) {
        for ((to, a), turn) in to.iter_mut().zip(half).zip(turns) {
            *to = Complex32::new(a * turn.re, a * turn.im);
        }
    }

    /// Back from `turned`: the first half of a line.
    fn first_half(from: &[Complex32], back: &[Complex32], half: &mut [f32]) {
        for ((to, x), turn) in half.iter_mut().zip(from).zip(back) {
            *to = x.re * turn.re - x.im * turn.im;
        }
    }

    /// The second half.
    fn second_half(from: &[Complex32], back: &[Complex32], half: &mut [f32]) {
        for ((to, x), turn) in half.iter_mut().zip(from).zip(back) {
            *to = x.re * turn.im + x.im * turn.re;
        }
    }

    fn multiply(a: &[Complex32], b: &[Complex32], to: &mut [Complex32]) {
        for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
            *to = Complex32::new(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
        }
    }

    /// By the conjugates of `b`.
    fn multiply_conjugate(a: &[Complex32], b: &[Complex32], to: &mut [Complex32]) {
        for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
            *to = Complex32::new(a.re * b.re + a.im * b.im, a.im * b.re - a.re * b.im);
        }
    }

    fn add_multiplied_conjugate(a: &[Complex32], b: &[Complex32], to: &mut [Complex32]) {
        for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
            to.re += a.re * b.re + a.im * b.im;
            to.im += a.im * b.re - a.re * b.im;
        }
    }
}

/// Lines of numbers for one size of planes, and their transforms.
struct Transform {
    rows: Axis,
    columns: Axis,
    plan: Rc<Plan>,
    /// Both halves.
    line: Vec<f32>,
    scratch: Vec<Complex32>,
}

impl Transform {
    fn new(sizes: &Sizes) -> Self {
        let [rows, columns] = sizes.sides.map(|side| Axis::new(side, sizes.edges));
        let length = smooth((rows.room() * columns.room()).div_ceil(2));
        let plan = Plan::get(length);
        let [forward, backward] = [&plan.forward, &plan.backward];
        let scratch = [forward, backward].map(|fft| fft.get_inplace_scratch_len());
        Self {
            rows,
            columns,
            line: vec![0.0; 2 * length],
            scratch: vec![Complex::default(); scratch[0].max(scratch[1])],
            plan,
        }
    }

    /// Memory for the frequencies of a line.
    fn spectrum(&self) -> Vec<Complex32> {
        vec![Complex::default(); self.plan.turns.len()]
    }

    /// Where a row of the plane, or of the positions where anything meets, begins in the line.
    fn at(&self, row: usize) -> usize {
        row * self.columns.room()
    }

    /// The frequencies of the line, of which only the numbers before `end` are not zero.
    fn transform(&mut self, end: usize, spectrum: &mut [Complex32]) {
        let (a, b) = self.line.split_at(spectrum.len());
        match end <= a.len() {
            true => turned_half(a, &self.plan.turns, spectrum),
            false => turned([a, b], &self.plan.turns, spectrum),
        }
        self.plan
            .forward
            .process_with_scratch(spectrum, &mut self.scratch);
    }

    /// The line of these frequencies before `end`.
    fn inverse(&mut self, end: usize, spectrum: &mut [Complex32]) {
        self.plan
            .backward
            .process_with_scratch(spectrum, &mut self.scratch);
        let (a, b) = self.line.split_at_mut(spectrum.len());
        first_half(spectrum, &self.plan.back, a);
        if end > a.len() {
            second_half(spectrum, &self.plan.back, b);
        }
    }

    /// The frequencies of an operand.
    fn of_operand(&mut self, plane: &[f32], spectrum: &mut [Complex32]) {
        self.line.fill(0.0);
        for (row, values) in plane.chunks(self.columns.side).enumerate() {
            let at = self.at(row);
            self.line[at..][..values.len()].copy_from_slice(values);
        }
        self.transform(self.at(self.rows.side - 1) + self.columns.side, spectrum);
    }

    /// The end of the last range of a result.
    fn end(&self) -> usize {
        let end = |axis: &Axis| axis.ranges().map(|(first, count)| first + count).max();
        let rows = end(&self.rows).unwrap_or(1);
        self.at(rows - 1) + end(&self.columns).unwrap_or(1)
    }

    /// The frequencies of the gradient of a result.
    fn of_gradient(&mut self, plane: &[f32], spectrum: &mut [Complex32]) {
        self.line.fill(0.0);
        for (first_row, rows) in self.rows.ranges() {
            for (row, values) in plane.chunks(self.columns.side).take(rows).enumerate() {
                for (first, count) in self.columns.ranges() {
                    let at = self.at(first_row + row) + first;
                    self.line[at..][..count].copy_from_slice(&values[..count]);
                }
            }
        }
        self.transform(self.end(), spectrum);
    }

    /// A result from its frequencies.
    fn result(&mut self, spectrum: &mut [Complex32], plane: &mut [f32]) {
        self.inverse(self.end(), spectrum);
        plane.fill(0.0);
        for (first_row, rows) in self.rows.ranges() {
            for (row, values) in plane.chunks_mut(self.columns.side).take(rows).enumerate() {
                for (first, count) in self.columns.ranges() {
                    let line = &self.line[self.at(first_row + row) + first..][..count];
                    values
                        .iter_mut()
                        .zip(line)
                        .for_each(|(to, from)| *to += from);
                }
            }
        }
    }

    /// The gradient of an operand from its frequencies.
    fn gradient(&mut self, spectrum: &mut [Complex32], plane: &mut [f32]) {
        self.inverse(self.at(self.rows.side - 1) + self.columns.side, spectrum);
        for (row, values) in plane.chunks_mut(self.columns.side).enumerate() {
            values.copy_from_slice(&self.line[self.at(row)..][..values.len()]);
        }
    }
}

/// The least number from `least` on that has no other prime factors than 2, 3 and 5, for which transforms are quick.
fn smooth(least: usize) -> usize {
    let is_smooth = |n: usize| {
        let mut rest = n;
        for factor in [2, 3, 5] {
            while rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        rest == 1
    };
    let mut length = least;
    while !is_smooth(length) {
        length += 1;
    }
    length
}

/// Tasks and the images that each goes through: if an operand holds for all images, a task takes those of a channel.
fn tasks(sizes: &Sizes) -> (usize, impl Fn(usize) -> (std::ops::Range<usize>, usize)) {
    let (images, channels) = (sizes.most_images(), sizes.channels);
    let shared = sizes.images.contains(&1);
    let count = if shared { channels } else { images * channels };
    (count, move |task: usize| match shared {
        true => (0..images, task),
        false => (task / channels..task / channels + 1, task % channels),
    })
}

/// The convolution of each plane.
pub fn forward(x: &[f32], kernel: &[f32], sizes: Sizes) -> Buffer {
    let mut out = pool::take(sizes.most_images() * sizes.channels * sizes.plane());
    let planes = Rows::new(&mut out, sizes.plane());
    let (count, of_task) = tasks(&sizes);
    each(count, |task| {
        let (images, channel) = of_task(task);
        let mut transform = Transform::new(&sizes);
        let mut known = [transform.spectrum(), transform.spectrum()];
        let mut product = transform.spectrum();
        for (number, image) in images.enumerate() {
            for (which, known) in known.iter_mut().enumerate() {
                if number == 0 || sizes.images[which] > 1 {
                    transform.of_operand(sizes.operand([x, kernel], which, image, channel), known);
                }
            }
            multiply(&known[0], &known[1], &mut product);
            transform.result(
                &mut product,
                &mut planes.row(image * sizes.channels + channel),
            );
        }
    });
    out
}

/// The gradients that are needed of the operands.
pub fn backward(
    grad: &[f32],
    x: &[f32],
    kernel: &[f32],
    sizes: Sizes,
    needs: [bool; 2],
) -> [Option<Buffer>; 2] {
    let plane = sizes.plane();
    let mut results: [_; 2] = std::array::from_fn(|which| {
        let length = sizes.images[which] * sizes.channels * plane;
        needs[which].then(|| pool::take(length))
    });
    let planes = results
        .each_mut()
        .map(|result| result.as_mut().map(|values| Rows::new(values, plane)));
    let (count, of_task) = tasks(&sizes);
    each(count, |task| {
        let (images, channel) = of_task(task);
        let mut transform = Transform::new(&sizes);
        let mut of_grad = transform.spectrum();
        let mut others = [transform.spectrum(), transform.spectrum()];
        let mut sums = [transform.spectrum(), transform.spectrum()];
        let last = images.end - 1;
        for (number, image) in images.enumerate() {
            let at = (image * sizes.channels + channel) * plane;
            transform.of_gradient(&grad[at..][..plane], &mut of_grad);
            for which in [0, 1] {
                let Some(planes) = &planes[which] else {
                    continue;
                };
                let other = 1 - which;
                if number == 0 || sizes.images[other] > 1 {
                    let values = sizes.operand([x, kernel], other, image, channel);
                    transform.of_operand(values, &mut others[other]);
                }
                let one = sizes.images[which] == 1;
                let sum = &mut sums[which];
                match one && number > 0 {
                    true => add_multiplied_conjugate(&of_grad, &others[other], sum),
                    false => multiply_conjugate(&of_grad, &others[other], sum),
                }
                if !one || image == last {
                    let row = if one { 0 } else { image } * sizes.channels + channel;
                    transform.gradient(sum, &mut planes.row(row));
                }
            }
        }
    });
    results
}
