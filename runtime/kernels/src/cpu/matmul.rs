//! Per-channel matrix products over the last two axes, and both gradients: many small products, one per task.

use super::parallel::{Rows, each};
use super::pool::{self, Buffer};
use super::scratch;
use super::simd::{Vector, vectorised};
use super::transpose::transpose;

/// `count` products of `[rows, inner]` with `[inner, columns]`.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Images times channels.
    pub count: usize,
    /// Rows of the left operand.
    pub rows: usize,
    /// Columns of the left operand, rows of the right one.
    pub inner: usize,
    /// Columns of the right operand.
    pub columns: usize,
}

/// All products.
pub fn forward(a: &[f32], b: &[f32], sizes: Sizes) -> Buffer {
    let Sizes {
        count,
        rows,
        inner,
        columns,
    } = sizes;
    let mut out = pool::take(count * rows * columns);
    let products = Rows::new(&mut out, rows * columns);
    each(count, |i| {
        let a = &a[i * rows * inner..][..rows * inner];
        let b = &b[i * inner * columns..][..inner * columns];
        product(a, b, &mut products.row(i), inner, columns);
    });
    out
}

/// Gradients of both operands: `grad * b^T` and `a^T * grad`.
pub fn backward(
    grad: &[f32],
    a: &[f32],
    b: &[f32],
    sizes: Sizes,
    needs_grad: [bool; 2],
) -> [Option<Buffer>; 2] {
    let Sizes {
        count,
        rows,
        inner,
        columns,
    } = sizes;
    let mut da = needs_grad[0].then(|| pool::take(count * rows * inner));
    let mut db = needs_grad[1].then(|| pool::take(count * inner * columns));
    let to_da = da.as_deref_mut().map(|da| Rows::new(da, rows * inner));
    let to_db = db.as_deref_mut().map(|db| Rows::new(db, inner * columns));
    each(count, |i| {
        let mut flipped = scratch::take(inner * rows.max(columns));
        let grad = &grad[i * rows * columns..][..rows * columns];
        if let Some(da) = &to_da {
            let b = &b[i * inner * columns..][..inner * columns];
            let flipped = &mut flipped[..inner * columns];
            transpose(b, columns, flipped, inner, inner, columns);
            product(grad, flipped, &mut da.row(i), columns, inner);
        }
        if let Some(db) = &to_db {
            let a = &a[i * rows * inner..][..rows * inner];
            let flipped = &mut flipped[..rows * inner];
            transpose(a, inner, flipped, rows, rows, inner);
            product(flipped, grad, &mut db.row(i), rows, columns);
        }
    });
    [da, db]
}

vectorised! {
    /// `to = a * b`, all contiguous.
    pub fn product = product_with(a: &[f32], b: &[f32], to: &mut [f32], inner: usize, columns: usize)
}

#[inline(always)]
fn product_with<V: Vector>(a: &[f32], b: &[f32], to: &mut [f32], inner: usize, columns: usize) {
    let rows = a.len() / inner;
    assert!(
        b.len() >= inner * columns && to.len() >= rows * columns,
        "operands must fit"
    );
    let mut x = 0;
    while x < columns {
        let left = columns - x;
        let mut y = 0;
        while y < rows {
            let four = rows - y >= 4;
            // SAFETY: rows `y..` and columns `x..` of matrices whose sizes were asserted.
            unsafe {
                let (a, b, c) = (
                    a.as_ptr().add(y * inner),
                    b.as_ptr().add(x),
                    to.as_mut_ptr().add(y * columns + x),
                );
                y += match (four, left >= 2 * V::LANES, left >= V::LANES) {
                    (true, true, _) => block::<V, 4, 2>(a, b, c, inner, columns),
                    (false, true, _) => block::<V, 1, 2>(a, b, c, inner, columns),
                    (true, false, true) => block::<V, 4, 1>(a, b, c, inner, columns),
                    (false, false, true) => block::<V, 1, 1>(a, b, c, inner, columns),
                    (true, false, false) => narrow::<V, 4>(a, b, c, inner, columns, left),
                    (false, false, false) => narrow::<V, 1>(a, b, c, inner, columns, left),
                };
            }
        }
        x += if left >= 2 * V::LANES {
            2 * V::LANES
        } else {
            V::LANES
        };
    }
}

/// `R` rows of `NV` vectors; gives `R`.
#[inline(always)]
unsafe fn block<V: Vector, const R: usize, const NV: usize>(
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    inner: usize,
    columns: usize,
) -> usize {
    let mut acc = [[V::splat(0.0); NV]; R];
    // SAFETY: the caller's matrices hold these rows and columns.
    unsafe {
        for k in 0..inner {
            let mut right = [V::splat(0.0); NV];
            for (v, lanes) in right.iter_mut().enumerate() {
                *lanes = V::load(b.add(k * columns + v * V::LANES));
            }
            for (r, row) in acc.iter_mut().enumerate() {
                let left = V::splat(*a.add(r * inner + k));
                for (lanes, right) in row.iter_mut().zip(right) {
                    *lanes = lanes.add_product(left, right);
                }
            }
        }
        for (r, row) in acc.iter().enumerate() {
            for (v, lanes) in row.iter().enumerate() {
                lanes.store(c.add(r * columns + v * V::LANES));
            }
        }
    }
    R
}

/// `R` rows of fewer columns than a vector has lanes; gives `R`.
#[inline(always)]
unsafe fn narrow<V: Vector, const R: usize>(
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    inner: usize,
    columns: usize,
    width: usize,
) -> usize {
    let mut acc = [V::splat(0.0); R];
    // SAFETY: the caller's matrices hold these rows and columns.
    unsafe {
        for k in 0..inner {
            let right = V::load_first(b.add(k * columns), width);
            for (r, lanes) in acc.iter_mut().enumerate() {
                *lanes = lanes.add_product(V::splat(*a.add(r * inner + k)), right);
            }
        }
        for (r, lanes) in acc.iter().enumerate() {
            lanes.store_first(c.add(r * columns), width);
        }
    }
    R
}
