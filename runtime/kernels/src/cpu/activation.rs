//! GELU and the logistic function over whole buffers, with gradients.

use super::math;
use super::parallel::{Rows, each};
use super::pool::{self, Buffer};
use super::simd::multiversion;
use crate::call::Activation;

/// Values per task.
const BLOCK: usize = 1 << 13;

multiversion! {
    fn gelu(to: &mut [f32], x: &[f32]) {
        for (t, x) in to.iter_mut().zip(x) { *t = math::gelu(*x); }
    }

    /// `to = gelu(to) + bias`, `bias` of one value or one per value.
    pub(super) fn gelu_biased(to: &mut [f32], bias: &[f32]) {
        match bias {
            [b] => for t in to { *t = math::gelu(*t) + b; },
            _ => for (t, b) in to.iter_mut().zip(bias) { *t = math::gelu(*t) + b; },
        }
    }

    /// `to = x * scale + shift`
    pub(super) fn rescale(to: &mut [f32], x: &[f32], scale: f32, shift: f32) {
        for (t, x) in to.iter_mut().zip(x) { *t = x * scale + shift; }
    }

    fn gelu_back(to: &mut [f32], x: &[f32], grad: &[f32]) {
        for (t, (x, g)) in to.iter_mut().zip(x.iter().zip(grad)) { *t = g * math::gelu_slope(*x); }
    }

    fn sigmoid(to: &mut [f32], x: &[f32]) {
        for (t, x) in to.iter_mut().zip(x) { *t = math::sigmoid(*x); }
    }

    fn sigmoid_back(to: &mut [f32], y: &[f32], grad: &[f32]) {
        for (t, (y, g)) in to.iter_mut().zip(y.iter().zip(grad)) { *t = g * y * (1.0 - y); }
    }

    fn silu(to: &mut [f32], x: &[f32]) {
        for (t, x) in to.iter_mut().zip(x) { *t = x * math::sigmoid(*x); }
    }

    fn silu_back(to: &mut [f32], x: &[f32], grad: &[f32]) {
        for (t, (x, g)) in to.iter_mut().zip(x.iter().zip(grad)) {
            let s = math::sigmoid(*x);
            *t = g * (s + x * s * (1.0 - s));
        }
    }
}

/// The activation of every value.
pub fn forward(activation: Activation, x: &[f32]) -> Buffer {
    map(x.len(), |to, range| match activation {
        Activation::Gelu => gelu(to, &x[range]),
        Activation::Sigmoid => sigmoid(to, &x[range]),
        Activation::Silu => silu(to, &x[range]),
    })
}

/// The gradient, from the output (logistic function) or the input (the others).
pub fn backward(activation: Activation, saved: &[f32], grad: &[f32]) -> Buffer {
    map(saved.len(), |to, range| match activation {
        Activation::Gelu => gelu_back(to, &saved[range.clone()], &grad[range]),
        Activation::Sigmoid => sigmoid_back(to, &saved[range.clone()], &grad[range]),
        Activation::Silu => silu_back(to, &saved[range.clone()], &grad[range]),
    })
}

fn map(len: usize, fill: impl Fn(&mut [f32], std::ops::Range<usize>) + Send + Sync) -> Buffer {
    let mut out = pool::take(len);
    let blocks = Rows::new(&mut out, BLOCK);
    each(blocks.count(), |block| {
        let range = block * BLOCK..len.min((block + 1) * BLOCK);
        fill(&mut blocks.row(block), range);
    });
    out
}
