//! Transforms of planes and lines for convolutions along them: from numbers to frequencies and back.
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

use super::Sizes;
use crate::call::Edges;
use crate::cpu::simd::multiversion;

type Complex32 = Complex<f32>;

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
    fn ranges(self) -> impl Iterator<Item = (usize, usize)> {
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

    /// `to = a b`
    pub fn multiply(a: &[Complex32], b: &[Complex32], to: &mut [Complex32]) {
        for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
            *to = Complex32::new(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
        }
    }

    /// `to = a b'` with the conjugates of `b`.
    pub fn multiply_conjugate(a: &[Complex32], b: &[Complex32], to: &mut [Complex32]) {
        for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
            *to = Complex32::new(a.re * b.re + a.im * b.im, a.im * b.re - a.re * b.im);
        }
    }

    /// `to += a b'`
    pub fn add_multiplied_conjugate(a: &[Complex32], b: &[Complex32], to: &mut [Complex32]) {
        for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
            to.re += a.re * b.re + a.im * b.im;
            to.im += a.im * b.re - a.re * b.im;
        }
    }
}

/// Lines of numbers for one size of planes, and their transforms.
pub struct Transform {
    rows: Axis,
    columns: Axis,
    plan: Rc<Plan>,
    /// Both halves.
    line: Vec<f32>,
    scratch: Vec<Complex32>,
}

impl Transform {
    pub fn new(sizes: &Sizes) -> Self {
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
    pub fn spectrum(&self) -> Vec<Complex32> {
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
    pub fn of_operand(&mut self, plane: &[f32], spectrum: &mut [Complex32]) {
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
    pub fn of_gradient(&mut self, plane: &[f32], spectrum: &mut [Complex32]) {
        self.line.fill(0.0);
        for [from, to, count] in places(self.rows, self.columns) {
            self.line[to..][..count].copy_from_slice(&plane[from..][..count]);
        }
        self.transform(self.end(), spectrum);
    }

    /// A result from its frequencies.
    pub fn result(&mut self, spectrum: &mut [Complex32], plane: &mut [f32]) {
        self.inverse(self.end(), spectrum);
        plane.fill(0.0);
        for [to, from, count] in places(self.rows, self.columns) {
            let line = &self.line[from..][..count];
            let plane = &mut plane[to..][..count];
            plane
                .iter_mut()
                .zip(line)
                .for_each(|(to, from)| *to += from);
        }
    }

    /// The gradient of an operand from its frequencies.
    pub fn gradient(&mut self, spectrum: &mut [Complex32], plane: &mut [f32]) {
        self.inverse(self.at(self.rows.side - 1) + self.columns.side, spectrum);
        for (row, values) in plane.chunks_mut(self.columns.side).enumerate() {
            values.copy_from_slice(&self.line[self.at(row)..][..values.len()]);
        }
    }
}

/// Runs of positions of a result: where each begins in its plane, where in the line, and how long it is. Runs that meet in the
/// plane are added up.
fn places(rows: Axis, columns: Axis) -> impl Iterator<Item = [usize; 3]> {
    let row_pairs = rows
        .ranges()
        .flat_map(|(first, count)| (0..count).map(move |row| (row, first + row)));
    row_pairs.flat_map(move |(row, of_line)| {
        let runs = columns.ranges();
        runs.map(move |(first, count)| {
            [row * columns.side, of_line * columns.room() + first, count]
        })
    })
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
