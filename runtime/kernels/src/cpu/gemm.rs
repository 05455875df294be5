//! The matrix product under every linear operation: a register-blocked kernel per instruction set, a packed left
//! operand, and a right operand that each user packs in its own way. Single-threaded; callers split the columns.
//!
//! Every element is one chain of multiply-adds in order of the inner index, so results depend neither on how columns
//! are split nor on the number of threads.

use super::parallel::{Rows, each_of};
use super::pool::{self, Buffer};
use super::scratch;
use super::simd::{self, Level, Vector};
use super::transpose::transpose;

/// Most inner indices packed at a time.
pub const DEPTH: usize = 384;
/// Most columns a caller should give one task.
pub const COLUMNS: usize = 256;
/// Most rows of a register tile.
const MOST_ROWS: usize = Level::V4.tile_rows();
/// Largest register tile of all levels.
const TILE: usize = MOST_ROWS * Level::V4.tile_columns();

/// How many of `depth` inner indices are packed at a time: parts of about equal length, as each loads and stores the whole output.
fn part(depth: usize) -> usize {
    depth.div_ceil(depth.div_ceil(DEPTH).max(1)).max(1)
}

/// Rows of a register tile.
fn tile_rows() -> usize {
    simd::level().tile_rows()
}

/// Columns of a register tile, and of a packed right panel.
fn tile_columns() -> usize {
    simd::level().tile_columns()
}

/// A left operand `[rows, depth]`, padded with zeros to whole tiles. One part of the depth after the other, in it one tile, and in
/// that the rows' values at one inner index after those at the one before: as the product reads them.
pub struct Left {
    data: Buffer,
    rows: usize,
    depth: usize,
}

impl Left {
    fn empty(rows: usize, depth: usize) -> Self {
        Self {
            data: pool::take(rows.next_multiple_of(tile_rows()) * depth),
            rows,
            depth,
        }
    }

    /// Fills all tiles: `fill` gets a tile, its first inner index and how many it has, its first row and how many it has.
    fn fill(&mut self, fill: impl Fn(&mut [f32], (usize, usize), (usize, usize)) + Send + Sync) {
        let (rows, tile) = (self.rows, tile_rows());
        let (padded, part) = (rows.next_multiple_of(tile), part(self.depth));
        let blocks = self.data.chunks_mut((padded * part).max(1));
        for (k0, block) in (0..self.depth).step_by(part).zip(blocks) {
            let kc = part.min(self.depth - k0);
            let tiles = Rows::new(block, tile * kc);
            each_of(tiles.count(), tile * kc, |index| {
                let (first, mut to) = (index * tile, tiles.row(index));
                let height = tile.min(rows - first);
                if height < tile {
                    to.fill(0.0);
                }
                fill(&mut to, (k0, kc), (first, height));
            });
        }
    }

    /// The tiles of a part of the depth.
    fn block(&self, k0: usize, kc: usize) -> &[f32] {
        let padded = self.rows.next_multiple_of(tile_rows());
        &self.data[k0 * padded..][..kc * padded]
    }

    /// From rows at distance `stride`.
    pub fn rows(matrix: &[f32], stride: usize, rows: usize, depth: usize) -> Self {
        let mut left = Self::empty(rows, depth);
        left.refill(matrix, stride);
        left
    }

    /// As [`rows`](Self::rows), in the memory of an earlier one if that has the same size.
    pub fn again<'a>(
        earlier: &'a mut Option<Self>,
        matrix: &[f32],
        stride: usize,
        rows: usize,
        depth: usize,
    ) -> &'a Self {
        let fitting = (earlier.take()).filter(|left| (left.rows, left.depth) == (rows, depth));
        let mut left = fitting.unwrap_or_else(|| Self::empty(rows, depth));
        left.refill(matrix, stride);
        earlier.insert(left)
    }

    /// Overwrites the values, of the same size, from rows at distance `stride`.
    pub fn refill(&mut self, matrix: &[f32], stride: usize) {
        let tile = tile_rows();
        self.fill(|to, (k0, kc), (first, height)| {
            transpose(&matrix[first * stride + k0..], stride, to, tile, height, kc);
        });
    }

    /// The transpose of `matrix`, whose `depth` rows lie at distance `stride`.
    pub fn columns(matrix: &[f32], stride: usize, rows: usize, depth: usize) -> Self {
        let mut left = Self::empty(rows, depth);
        left.fill(|to, (k0, kc), (first, height)| {
            for (k, to) in (k0..k0 + kc).zip(to.chunks_exact_mut(tile_rows())) {
                to[..height].copy_from_slice(&matrix[k * stride + first..][..height]);
            }
        });
        left
    }

    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.rows
    }

    /// `bias` padded to whole tiles, as [`Start::Bias`] wants it.
    pub fn pad(&self, bias: &[f32]) -> Vec<f32> {
        let mut padded = bias.to_vec();
        padded.resize(self.rows.next_multiple_of(tile_rows()), 0.0);
        padded
    }
}

/// A right operand `[depth, columns]` that packs itself.
pub trait Right: Sync {
    /// Writes rows `k0 .. k0 + kc` of `columns` to panels of `stride` columns, one panel after the other; zeros after the
    /// last column.
    fn pack(&self, k: (usize, usize), columns: (usize, usize), panels: &mut [f32], stride: usize);
}

/// What a product is added to.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    /// Zero.
    Zero,
    /// One value per row, padded by [`Left::pad`].
    Bias(&'a [f32]),
    /// The output's present values.
    Output,
}

/// One product of a task: `out = start + left * right`.
pub struct Product<'a> {
    /// The left operand.
    pub left: &'a Left,
    /// What the product is added to.
    pub start: Start<'a>,
    /// First element of the output matrix.
    pub out: *mut f32,
    /// Distance between its rows.
    pub stride: usize,
}

/// Computes columns `from..to` of several products with the same right operand, which is packed once.
///
/// # Safety
/// Every output matrix has at least `to` columns and the rows of its left operand, and nobody else uses these columns.
pub unsafe fn multiply<R: Right>(
    products: &[Product],
    right: &R,
    depth: usize,
    from: usize,
    to: usize,
) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
        unsafe fn v4<R: Right>(p: &[Product], r: &R, depth: usize, from: usize, to: usize) {
            // SAFETY: as the caller's.
            unsafe { run::<simd::V4, R, { Level::V4.tile_rows() }>(p, r, depth, from, to) }
        }
        #[target_feature(enable = "avx2,fma")]
        unsafe fn v3<R: Right>(p: &[Product], r: &R, depth: usize, from: usize, to: usize) {
            // SAFETY: as the caller's.
            unsafe { run::<simd::V3, R, { Level::V3.tile_rows() }>(p, r, depth, from, to) }
        }
        match simd::level() {
            // SAFETY: as the caller's; the level is only reported where the processor has the features.
            Level::V4 => return unsafe { v4(products, right, depth, from, to) },
            // SAFETY: as above.
            Level::V3 => return unsafe { v3(products, right, depth, from, to) },
            Level::Base => {}
        }
    }
    // SAFETY: as the caller's.
    unsafe { run::<simd::Base, R, { Level::Base.tile_rows() }>(products, right, depth, from, to) }
}

#[inline(always)]
unsafe fn run<V: Vector, R: Right, const MR: usize>(
    products: &[Product],
    right: &R,
    depth: usize,
    from: usize,
    to: usize,
) {
    let nr = tile_columns();
    let panels = (to - from).div_ceil(nr);
    let part = part(depth);
    let mut packed = scratch::take(panels * part * nr);
    for k0 in (0..depth).step_by(part) {
        let kc = part.min(depth - k0);
        right.pack((k0, kc), (from, to), &mut packed[..panels * kc * nr], nr);
        for product in products {
            let rows = product.left.rows;
            let block = product.left.block(k0, kc);
            for (j, panel) in packed.chunks(kc * nr).take(panels).enumerate() {
                let j0 = from + j * nr;
                let width = nr.min(to - j0);
                for i0 in (0..rows).step_by(MR) {
                    let bias = match product.start {
                        Start::Zero if k0 == 0 => Some(&[0.0; MOST_ROWS][..]),
                        Start::Bias(bias) if k0 == 0 => Some(&bias[i0..i0 + MR]),
                        _ => None,
                    };
                    let height = MR.min(rows - i0);
                    let a = &block[i0 * kc..(i0 + MR) * kc];
                    // SAFETY: rows `i0 .. i0 + height` and columns `j0 .. j0 + width` are ours by contract.
                    unsafe {
                        let c = product.out.add(i0 * product.stride + j0);
                        tile::<V, MR>(kc, a, panel, bias, c, product.stride, height, width);
                    }
                }
            }
        }
    }
}

/// One tile of the output, through a temporary one where it is not whole.
#[inline(always)]
#[allow(clippy::too_many_arguments, reason = "the coordinates of a tile")]
unsafe fn tile<V: Vector, const MR: usize>(
    kc: usize,
    a: &[f32],
    panel: &[f32],
    bias: Option<&[f32]>,
    c: *mut f32,
    stride: usize,
    height: usize,
    width: usize,
) {
    debug_assert!(a.len() >= MR * kc && panel.len() >= kc * 2 * V::LANES);
    // SAFETY: whole tiles are written to the output directly, others to a local tile of full size.
    unsafe {
        if height == MR && width == 2 * V::LANES {
            return micro::<V, MR, 2>(kc, a.as_ptr(), panel.as_ptr(), bias, c, stride);
        }
        if height == MR && width == V::LANES {
            return micro::<V, MR, 1>(kc, a.as_ptr(), panel.as_ptr(), bias, c, stride);
        }
        let mut local = [0.0f32; TILE];
        let line = 2 * V::LANES;
        if bias.is_none() {
            for i in 0..height {
                let from = std::slice::from_raw_parts(c.add(i * stride), width);
                local[i * line..i * line + width].copy_from_slice(from);
            }
        }
        match width <= V::LANES {
            true => micro::<V, MR, 1>(
                kc,
                a.as_ptr(),
                panel.as_ptr(),
                bias,
                local.as_mut_ptr(),
                line,
            ),
            false => micro::<V, MR, 2>(
                kc,
                a.as_ptr(),
                panel.as_ptr(),
                bias,
                local.as_mut_ptr(),
                line,
            ),
        }
        for i in 0..height {
            let to = std::slice::from_raw_parts_mut(c.add(i * stride), width);
            to.copy_from_slice(&local[i * line..i * line + width]);
        }
    }
}

/// `c = start + a * b` for one register tile of `MR` rows and `NV` vectors; panels are always two vectors wide.
#[inline(always)]
unsafe fn micro<V: Vector, const MR: usize, const NV: usize>(
    kc: usize,
    a: *const f32,
    b: *const f32,
    bias: Option<&[f32]>,
    c: *mut f32,
    stride: usize,
) {
    // SAFETY: `a` holds kc times MR values, `b` kc rows of two vectors, `c` MR rows of NV vectors.
    unsafe {
        let mut acc = [[V::splat(0.0); NV]; MR];
        for (i, row) in acc.iter_mut().enumerate() {
            for (v, lanes) in row.iter_mut().enumerate() {
                *lanes = match bias {
                    Some(bias) => V::splat(*bias.get_unchecked(i)),
                    None => V::load(c.add(i * stride + v * V::LANES)),
                };
            }
        }
        for k in 0..kc {
            let b = b.add(k * 2 * V::LANES);
            let mut right = [V::splat(0.0); NV];
            for (v, lanes) in right.iter_mut().enumerate() {
                *lanes = V::load(b.add(v * V::LANES));
            }
            for (i, row) in acc.iter_mut().enumerate() {
                let left = V::splat(*a.add(k * MR + i));
                for (lanes, right) in row.iter_mut().zip(right) {
                    *lanes = lanes.add_product(left, right);
                }
            }
        }
        for (i, row) in acc.iter().enumerate() {
            for (v, lanes) in row.iter().enumerate() {
                lanes.store(c.add(i * stride + v * V::LANES));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Plain<'a>(&'a [f32], usize);

    impl Right for Plain<'_> {
        fn pack(
            &self,
            (k0, kc): (usize, usize),
            (from, to): (usize, usize),
            panels: &mut [f32],
            stride: usize,
        ) {
            panels.fill(0.0);
            for column in from..to {
                let (panel, place) = ((column - from) / stride, (column - from) % stride);
                for row in 0..kc {
                    let at = (panel * kc + row) * stride + place;
                    panels[at] = self.0[(k0 + row) * self.1 + column];
                }
            }
        }
    }

    fn values(seed: usize, n: usize) -> Vec<f32> {
        (0..n)
            .map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0)
            .collect()
    }

    proptest! {
        #[test]
        fn product_equals_its_definition(m in 1usize..40, k in 1usize..600, n in 1usize..80, split in 0usize..80) {
            let (a, b, bias) = (values(1, m * k), values(2, k * n), values(3, m));
            let split = split.min(n);
            for flipped in [false, true] {
                let left = if flipped {
                    let mut t = vec![0.0; m * k];
                    for i in 0..m { for j in 0..k { t[j * m + i] = a[i * k + j]; } }
                    Left::columns(&t, m, m, k)
                } else {
                    Left::rows(&a, k, m, k)
                };
                let padded = left.pad(&bias);
                let mut out = vec![f32::NAN; m * n];
                for (from, to) in [(0, split), (split, n)] {
                    let product = Product { left: &left, start: Start::Bias(&padded), out: out.as_mut_ptr(), stride: n };
                    // SAFETY: the matrix has m rows and n columns and is ours.
                    unsafe { multiply(&[product], &Plain(&b, n), k, from, to) };
                }
                for i in 0..m {
                    for j in 0..n {
                        let terms = (0..k).map(|p| f64::from(a[i * k + p]) * f64::from(b[p * n + j]));
                        let terms: Vec<f64> = terms.chain([f64::from(bias[i])]).collect();
                        let exact: f64 = terms.iter().sum();
                        let magnitude: f64 = terms.iter().map(|t| t.abs()).sum();
                        prop_assert!((f64::from(out[i * n + j]) - exact).abs() < 3e-6 * magnitude);
                    }
                }
            }
        }
    }
}
