//! Random crops of padded images. The size stays the same.

use termc_compiler::model::PadMode;

use crate::random::Key;

/// Stands for a position outside the image: not a valid index of any row.
const OUTSIDE: usize = usize::MAX;

/// Pads by `padding` on each side and cuts the original size at an offset uniform on `0..=2 * padding` in each
/// direction. `black` has the padding's value per channel for [`PadMode::Zero`].
pub(super) fn random_crop(
    image: &mut [f32],
    [_, height, width]: [usize; 3],
    padding: usize,
    mode: PadMode,
    black: &[f32],
    key: Key,
) {
    let rows = source(height, padding, key.below(0, 2 * padding + 1), mode);
    let columns = source(width, padding, key.below(1, 2 * padding + 1), mode);
    let original = image.to_vec();
    let planes = image
        .chunks_exact_mut(height * width)
        .zip(original.chunks_exact(height * width))
        .zip(black);
    for ((plane, original), &black) in planes {
        for (out, &row) in plane.chunks_exact_mut(width).zip(&rows) {
            match original.chunks_exact(width).nth(row) {
                Some(row) => {
                    for (value, &column) in out.iter_mut().zip(&columns) {
                        *value = row.get(column).copied().unwrap_or(black);
                    }
                }
                None => out.fill(black),
            }
        }
    }
}

/// For each position of the crop the position of the image it shows, or [`OUTSIDE`].
fn source(len: usize, padding: usize, offset: usize, mode: PadMode) -> Vec<usize> {
    let position = |at: usize| {
        // at + offset - padding, reflected about the edges as often as needed: period 2 len, second half backwards.
        let inside = (at + offset).checked_sub(padding).filter(|&p| p < len);
        match (inside, mode) {
            (Some(position), _) => position,
            (None, PadMode::Zero) => OUTSIDE,
            (None, PadMode::Symmetric) => {
                let period = 2 * len;
                let phase = (at + offset + period * padding.div_ceil(period) - padding) % period;
                phase.min(period - 1 - phase)
            }
        }
    };
    (0..len).map(position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetric_padding_repeats_the_edge_pixel() {
        // Image 0 1 2 3 padded by 3: 2 1 0 0 1 2 3 3 2 1
        let padded = [2, 1, 0, 0, 1, 2, 3, 3, 2, 1];
        for offset in 0..=6 {
            assert_eq!(
                source(4, 3, offset, PadMode::Symmetric),
                padded[offset..offset + 4]
            );
        }
        // More padding than pixels: 0 1 padded by 5, reflected again and again.
        let padded = [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1];
        for offset in 0..=10 {
            assert_eq!(
                source(2, 5, offset, PadMode::Symmetric),
                padded[offset..offset + 2]
            );
        }
    }

    #[test]
    fn zero_padding_is_black() {
        assert_eq!(source(3, 2, 0, PadMode::Zero), [OUTSIDE, OUTSIDE, 0]);
        assert_eq!(source(3, 2, 4, PadMode::Zero), [2, OUTSIDE, OUTSIDE]);
        let mut image = vec![1.0; 2 * 9];
        random_crop(
            &mut image,
            [2, 3, 3],
            20,
            PadMode::Zero,
            &[-0.5, -0.25],
            Key::new(0),
        );
        let inside = image.iter().filter(|&&v| v == 1.0).count();
        assert_eq!(inside % 2, 0);
        assert!(image[..9].iter().all(|&v| v == 1.0 || v == -0.5));
        assert!(image[9..].iter().all(|&v| v == 1.0 || v == -0.25));
    }

    #[test]
    fn every_offset_occurs_about_equally_often() {
        let mut counts = [[0; 5]; 5];
        for index in 0..10_000 {
            let mut image = vec![0.0; 25];
            image[12] = 1.0;
            random_crop(
                &mut image,
                [1, 5, 5],
                2,
                PadMode::Zero,
                &[0.0],
                Key::new(1).at(index),
            );
            let at = image.iter().position(|&v| v == 1.0).unwrap();
            counts[at / 5][at % 5] += 1;
        }
        assert!(
            counts.iter().flatten().all(|&n| (300..500).contains(&n)),
            "{counts:?}"
        );
    }
}
