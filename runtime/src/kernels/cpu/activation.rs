//! GELU and the logistic function over whole buffers, with gradients.

use super::math;
use super::parallel::{Shared, each};
use super::pool::{self, Buffer};
use super::simd::multiversion;

/// Values per task.
const BLOCK: usize = 1 << 13;

/// The elementwise functions.
#[derive(Clone, Copy, Debug)]
pub enum Function {
    /// GELU, the exact form.
    Gelu,
    /// Logistic function.
    Sigmoid,
    /// `x * sigmoid(x)`
    Silu,
}

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

/// `function(x)`.
pub fn forward(function: Function, x: &[f32]) -> Buffer {
    map(x.len(), |to, range| match function {
        Function::Gelu => gelu(to, &x[range]),
        Function::Sigmoid => sigmoid(to, &x[range]),
        Function::Silu => silu(to, &x[range]),
    })
}

/// The gradient, from the output (logistic function) or the input (the others).
pub fn backward(function: Function, kept: &[f32], grad: &[f32]) -> Buffer {
    map(kept.len(), |to, range| match function {
        Function::Gelu => gelu_back(to, &kept[range.clone()], &grad[range]),
        Function::Sigmoid => sigmoid_back(to, &kept[range.clone()], &grad[range]),
        Function::Silu => silu_back(to, &kept[range.clone()], &grad[range]),
    })
}

fn map(len: usize, fill: impl Fn(&mut [f32], std::ops::Range<usize>) + Send + Sync) -> Buffer {
    let mut out = pool::take(len);
    let shared = Shared::new(&mut out);
    each(len.div_ceil(BLOCK), |block| {
        let range = block * BLOCK..len.min((block + 1) * BLOCK);
        // SAFETY: blocks do not overlap.
        fill(unsafe { shared.part(range.start, range.len()) }, range);
    });
    out
}
