//! Transposing a block of a matrix, in registers where the processor has 512-bit vectors.

#[cfg(target_arch = "x86_64")]
use super::simd::{self, Level};

/// `to[c][r] = from[r][c]` for `rows` rows and `columns` columns of `from`; rows lie at the given distances.
pub fn transpose(
    from: &[f32],
    from_stride: usize,
    to: &mut [f32],
    to_stride: usize,
    rows: usize,
    columns: usize,
) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(
        (rows - 1) * from_stride + columns <= from.len(),
        "rows must lie inside their matrix"
    );
    assert!(
        (columns - 1) * to_stride + rows <= to.len(),
        "columns must lie inside their matrix"
    );
    #[cfg(target_arch = "x86_64")]
    if simd::level() == Level::V4 {
        // SAFETY: the processor has AVX-512F, and both matrices hold the block (asserted).
        return unsafe { x86::transpose(from, from_stride, to, to_stride, rows, columns) };
    }
    for c in 0..columns {
        for r in 0..rows {
            to[c * to_stride + r] = from[r * from_stride + c];
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    /// See [`super::transpose`].
    ///
    /// # Safety
    /// Both matrices hold the block.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn transpose(
        from: &[f32],
        from_stride: usize,
        to: &mut [f32],
        to_stride: usize,
        rows: usize,
        columns: usize,
    ) {
        for r in (0..rows).step_by(16) {
            for c in (0..columns).step_by(16) {
                let (height, width) = (16.min(rows - r), 16.min(columns - c));
                // SAFETY: a block inside both matrices.
                unsafe {
                    let source = from.as_ptr().add(r * from_stride + c);
                    let target = to.as_mut_ptr().add(c * to_stride + r);
                    square(source, from_stride, target, to_stride, height, width);
                }
            }
        }
    }

    /// One block of at most 16 x 16: pairs, quadruples, then 128-bit lanes change places.
    ///
    /// # Safety
    /// `height` rows of `width` values can be read, and `width` rows of `height` values written, at the given distances.
    #[target_feature(enable = "avx512f")]
    unsafe fn square(
        from: *const f32,
        from_stride: usize,
        to: *mut f32,
        to_stride: usize,
        height: usize,
        width: usize,
    ) {
        let first = |count: usize| (((1u32 << count) - 1) & 0xffff) as __mmask16;
        let mut a = [_mm512_setzero_ps(); 16];
        for (i, row) in a.iter_mut().enumerate().take(height) {
            // SAFETY: the caller's promise.
            *row = unsafe { _mm512_maskz_loadu_ps(first(width), from.add(i * from_stride)) };
        }
        let mut b = a;
        for i in 0..8 {
            b[2 * i] = _mm512_unpacklo_ps(a[2 * i], a[2 * i + 1]);
            b[2 * i + 1] = _mm512_unpackhi_ps(a[2 * i], a[2 * i + 1]);
        }
        for i in 0..4 {
            let pair = |x: usize| _mm512_castps_pd(b[4 * i + x]);
            a[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(pair(0), pair(2)));
            a[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(pair(0), pair(2)));
            a[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(pair(1), pair(3)));
            a[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(pair(1), pair(3)));
        }
        // a[4 i + j] holds, in lane l, column 4 l + j of rows 4 i .. 4 i + 4.
        for j in 0..4 {
            let low = _mm512_shuffle_f32x4::<0b01_00_01_00>(a[j], a[4 + j]);
            let low_end = _mm512_shuffle_f32x4::<0b11_10_11_10>(a[j], a[4 + j]);
            let high = _mm512_shuffle_f32x4::<0b01_00_01_00>(a[8 + j], a[12 + j]);
            let high_end = _mm512_shuffle_f32x4::<0b11_10_11_10>(a[8 + j], a[12 + j]);
            b[j] = _mm512_shuffle_f32x4::<0b10_00_10_00>(low, high);
            b[4 + j] = _mm512_shuffle_f32x4::<0b11_01_11_01>(low, high);
            b[8 + j] = _mm512_shuffle_f32x4::<0b10_00_10_00>(low_end, high_end);
            b[12 + j] = _mm512_shuffle_f32x4::<0b11_01_11_01>(low_end, high_end);
        }
        for (i, row) in b.iter().enumerate().take(width) {
            // SAFETY: the caller's promise.
            unsafe { _mm512_mask_storeu_ps(to.add(i * to_stride), first(height), *row) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        for (rows, columns) in [
            (16, 16),
            (1, 1),
            (40, 17),
            (15, 64),
            (33, 50),
            (8, 8),
            (12, 3),
        ] {
            let from: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
            let mut to = vec![-1.0; rows * columns];
            transpose(&from, columns, &mut to, rows, rows, columns);
            for r in 0..rows {
                for c in 0..columns {
                    assert_eq!(to[c * rows + r], from[r * columns + c]);
                }
            }
        }
    }
}
