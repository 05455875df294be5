//! Passes over whole parameter vectors: the update, and the norms. The same roundings as the composed operations.

use burn::backend::TensorMetadata;
use burn::backend::flex::FlexTensor;

use super::math::total;
use super::parallel::{Rows, each};
use super::pool::{self, Buffer};
use super::simd::multiversion;
use super::tensor::values;

/// Values of one task.
const BLOCK: usize = 1 << 13;

/// -1, 0 or 1; NaN stays.
#[inline(always)]
fn sign(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else if x.is_nan() {
        x
    } else {
        0.0
    }
}

multiversion! {
    /// `to = sign of x`
    fn signs(to: &mut [f32], x: &[f32]) {
        for (t, x) in to.iter_mut().zip(x) { *t = sign(*x); }
    }

    /// `to += sign of average`, then `moved = beta * average + rest * gradient`.
    fn follow(to: &mut [f32], moved: &mut [f32], average: &[f32], gradient: &[f32], beta: f32, rest: f32) {
        for ((t, m), (a, g)) in to.iter_mut().zip(moved).zip(average.iter().zip(gradient)) {
            *t += sign(*a);
            *m = a * beta + g * rest;
        }
    }

    /// `to = params - lr * to`
    fn descend(to: &mut [f32], params: &[f32], lr: f32) {
        for (t, p) in to.iter_mut().zip(params) { *t = p - *t * lr; }
    }

    fn squares(x: &[f32]) -> f64 {
        let mut lanes = [0.0f64; 16];
        let chunks = x.chunks_exact(16);
        let rest: f64 = chunks.remainder().iter().map(|x| f64::from(*x).powi(2)).sum();
        for x in chunks {
            for (lane, x) in lanes.iter_mut().zip(x) { *lane = f64::from(*x).mul_add(f64::from(*x), *lane); }
        }
        total(&lanes) + rest
    }

    /// `to = factor * x`
    fn scaled(to: &mut [f32], x: &[f32], factor: f32) {
        for (t, x) in to.iter_mut().zip(x) { *t = x * factor; }
    }
}

/// The parameters after a step of Kar's rule, and its averages, which have decay `betas`.
pub fn kar(
    params: &[f32],
    gradient: &[f32],
    averages: &[&[f32]],
    betas: &[f64],
    lr: f64,
) -> (Buffer, Vec<Buffer>) {
    let len = params.len();
    let mut stepped = pool::take(len);
    let mut moved: Vec<Buffer> = averages.iter().map(|_| pool::take(len)).collect();
    let blocks = Rows::new(&mut stepped, BLOCK);
    let to_moved: Vec<Rows> = moved.iter_mut().map(|m| Rows::new(m, BLOCK)).collect();
    each(len.div_ceil(BLOCK), |block| {
        let span = block * BLOCK..len.min((block + 1) * BLOCK);
        let to = &mut *blocks.row(block);
        let g = &gradient[span.clone()];
        signs(to, g);
        for ((average, moved), beta) in averages.iter().zip(&to_moved).zip(betas) {
            let moved = &mut *moved.row(block);
            let (beta, rest) = (*beta as f32, (1.0 - beta) as f32);
            follow(to, moved, &average[span.clone()], g, beta, rest);
        }
        descend(to, &params[span], lr as f32);
    });
    (stepped, moved)
}

/// The sum of the norms of a vector's pieces, each times its coefficient, and its gradient.
pub fn norms(vector: &[f32], sizes: &[usize], coefficients: &[f64]) -> (f64, Buffer) {
    let mut gradient = pool::take(vector.len());
    let mut sum = 0.0;
    let mut rest = (vector, &mut gradient[..]);
    for (size, coefficient) in sizes.iter().zip(coefficients) {
        let (vector, vectors) = rest.0.split_at(*size);
        let (to, tail) = std::mem::take(&mut rest.1).split_at_mut(*size);
        rest = (vectors, tail);
        let norm = match *coefficient {
            0.0 => 0.0,
            _ => squares(vector).sqrt(),
        };
        sum += coefficient * norm;
        match norm {
            0.0 => to.fill(0.0),
            _ => scaled(to, vector, (coefficient / norm) as f32),
        }
    }
    (sum, gradient)
}

/// [`kar`] on parameters, gradient and averages.
pub fn step(operands: &[FlexTensor], betas: &[f64], lr: f64) -> Vec<FlexTensor> {
    let shape = operands[0].shape();
    let slices: Vec<&[f32]> = operands.iter().map(values).collect();
    let (stepped, moved) = kar(slices[0], slices[1], &slices[2..], betas, lr);
    let all = std::iter::once(stepped).chain(moved);
    all.map(|vector| vector.into_tensor(shape.clone()))
        .collect()
}

/// [`norms`] of a tensor.
pub fn weigh(vector: &FlexTensor, sizes: &[usize], coefficients: &[f64]) -> Vec<FlexTensor> {
    let (sum, gradient) = norms(values(vector), sizes, coefficients);
    let mut total = pool::take(1);
    total[0] = sum as f32;
    let size = [gradient.len()];
    vec![total.into_tensor([1]), gradient.into_tensor(size)]
}
