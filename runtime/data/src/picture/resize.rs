//! Antialiased bilinear resizing of 8-bit pixels, with the arithmetic of Pillow's `resize` and so of torchvision's on
//! Pillow images: first along rows, then along columns, rounded to 8 bits after each.

use std::ops::Range;

use super::fit::centred;

/// Bits after the binary point of the weights.
const PRECISION: u32 = 22;

/// What one output position is made of: the first input position and the weights from there on.
struct Window {
    first: usize,
    weights: Vec<i64>,
}

/// Resizes rows of pixels with `CHANNELS` interleaved values each and makes only the columns and rows around the centre that
/// are kept: a thin picture that covers a target is long. Sizes are width and height; none is 0, and `kept` is not larger than
/// the new one.
pub(super) fn resize<const CHANNELS: usize>(
    values: &[u8],
    (width, height): (usize, usize),
    (new_width, new_height): (usize, usize),
    kept: (usize, usize),
) -> Vec<u8> {
    let around = |kept: usize, length: usize| {
        let first = centred(kept, length);
        first..first + kept
    };
    let (columns, lines) = (around(kept.0, new_width), around(kept.1, new_height));
    let stride = kept.0 * CHANNELS;
    let mut rows = Vec::with_capacity(stride * height);
    if new_width == width {
        for row in values.chunks_exact(width * CHANNELS) {
            rows.extend(row.iter().skip(columns.start * CHANNELS).take(stride));
        }
    } else {
        let windows = windows(width, new_width, columns);
        for row in values.chunks_exact(width * CHANNELS) {
            for window in &windows {
                let pixels = row.chunks_exact(CHANNELS).skip(window.first);
                let sums = pixels.zip(&window.weights).fold(
                    [1i64 << (PRECISION - 1); CHANNELS],
                    |mut sums, (pixel, weight)| {
                        for (sum, &value) in sums.iter_mut().zip(pixel) {
                            *sum += weight * i64::from(value);
                        }
                        sums
                    },
                );
                rows.extend(sums.map(rounded));
            }
        }
    }
    if new_height == height {
        let rows = rows.chunks_exact(stride).skip(lines.start).take(kept.1);
        return rows.flatten().copied().collect();
    }
    let mut result = Vec::with_capacity(stride * kept.1);
    for window in windows(height, new_height, lines) {
        let mut sums = vec![1i64 << (PRECISION - 1); stride];
        let lines = rows.chunks_exact(stride).skip(window.first);
        for (line, weight) in lines.zip(&window.weights) {
            for (sum, &value) in sums.iter_mut().zip(line) {
                *sum += weight * i64::from(value);
            }
        }
        result.extend(sums.into_iter().map(rounded));
    }
    result
}

fn rounded(sum: i64) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// The windows of some positions, of a triangle filter that is as wide as the reduction, but at least as two input positions.
fn windows(size: usize, new_size: usize, positions: Range<usize>) -> Vec<Window> {
    let scale = size as f64 / new_size as f64;
    let support = scale.max(1.0);
    let window = |position: usize| {
        let centre = (position as f64 + 0.5) * scale;
        let first = (centre - support + 0.5).max(0.0) as usize;
        let end = ((centre + support + 0.5) as usize).min(size);
        let weight = |at: usize| {
            let distance = (at as f64 - centre + 0.5) / support;
            (1.0 - distance.abs()).max(0.0)
        };
        let weights: Vec<f64> = (first..end).map(weight).collect();
        let total: f64 = weights.iter().sum();
        let fixed = |weight: f64| (weight / total * f64::from(1 << PRECISION) + 0.5) as i64;
        Window {
            first,
            weights: weights.into_iter().map(fixed).collect(),
        }
    };
    positions.map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_picture_stays_flat() {
        for value in [0, 1, 100, 255] {
            let resized = resize::<3>(&[value; 7 * 5 * 3], (7, 5), (3, 11), (3, 11));
            assert_eq!(resized, [value; 3 * 11 * 3]);
        }
    }

    #[test]
    fn halving_weighs_the_neighbours() {
        // Pillow: Image.fromarray([[0, 100, 200, 40]]).resize((2, 1), BILINEAR)
        assert_eq!(
            resize::<1>(&[0, 100, 200, 40], (4, 1), (2, 1), (2, 1)),
            [71, 117]
        );
    }

    #[test]
    fn what_is_kept_is_what_the_whole_has_there() {
        let values: Vec<u8> = (0..9 * 7).map(|i| (i * 37 % 251) as u8).collect();
        for new in [(9, 7), (20, 7), (9, 15), (20, 15), (5, 4)] {
            let whole = resize::<1>(&values, (9, 7), new, new);
            let kept = (new.0.min(4), new.1.min(3));
            let (left, top) = (centred(kept.0, new.0), centred(kept.1, new.1));
            let rows = whole.chunks(new.0).skip(top).take(kept.1);
            let expected: Vec<u8> = rows
                .flat_map(|row| row[left..left + kept.0].to_vec())
                .collect();
            assert_eq!(resize::<1>(&values, (9, 7), new, kept), expected);
        }
        // A line of pixels that covers a square would have 900 million.
        assert_eq!(
            resize::<1>(&[7; 30_000], (30_000, 1), (900_000_000, 30_000), (2, 2)),
            [7; 4]
        );
    }
}
