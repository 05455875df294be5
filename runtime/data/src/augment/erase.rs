//! Random erasing (Zhong et al. 2017) with a constant: zero, which after normalization is the mean colour.

use crate::random::Key;

/// Smallest and largest ratio of height to width of the erased rectangle.
const ASPECT: [f64; 2] = [0.3, 1.0 / 0.3];

/// With `probability`, zeroes a rectangle in all channels. Its area is uniform between the two fractions of the
/// image, its aspect ratio log-uniform on 0.3 to 1/0.3 (less extreme where that would not fit; the area stays the same), its
/// place uniform over all that lie inside the image.
pub(super) fn random_erasing(
    image: &mut [f32],
    [_, height, width]: [usize; 3],
    probability: f64,
    [smallest, largest]: [f64; 2],
    key: Key,
) {
    if key.uniform(0) >= probability {
        return;
    }
    let fraction = smallest + (largest - smallest) * key.uniform(1);
    let area = fraction * (height * width) as f64;
    let [low, high] = ASPECT.map(f64::ln);
    let aspect = (low + (high - low) * key.uniform(2)).exp();
    // At least so tall that the area fits into the width, at most as tall as the image.
    let tall = (area * aspect).sqrt().max(area / width as f64);
    let rows = (tall.round() as usize).clamp(1, height);
    let columns = ((area / rows as f64).round() as usize).clamp(1, width);
    let top = key.below(3, height - rows + 1);
    let left = key.below(4, width - columns + 1);
    for plane in image.chunks_exact_mut(height * width) {
        for row in plane.chunks_exact_mut(width).skip(top).take(rows) {
            row.iter_mut()
                .skip(left)
                .take(columns)
                .for_each(|v| *v = 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erased_areas_are_rectangles_of_the_asked_size_and_frequency() {
        let (mut erased, mut covered) = (0, 0.0);
        for index in 0..4_000 {
            let mut image = vec![1.0f32; 2 * 32 * 32];
            let key = Key::new(2).at(index);
            random_erasing(&mut image, [2, 32, 32], 0.25, [0.05, 0.4], key);
            let zeros: Vec<usize> = (0..1024).filter(|&i| image[i] == 0.0).collect();
            assert!((0..1024).all(|i| image[i] == image[1024 + i]));
            if zeros.is_empty() {
                continue;
            }
            erased += 1;
            let rows = zeros[zeros.len() - 1] / 32 - zeros[0] / 32 + 1;
            let columns = zeros[zeros.len() - 1] % 32 - zeros[0] % 32 + 1;
            assert_eq!(rows * columns, zeros.len());
            let fraction = zeros.len() as f64 / 1024.0;
            assert!((0.04..0.42).contains(&fraction), "{fraction}");
            covered += fraction;
        }
        assert!((900..1_100).contains(&erased), "{erased}");
        assert!((covered / f64::from(erased) - 0.225).abs() < 0.01);
    }

    #[test]
    fn the_whole_image_can_go() {
        let mut image = vec![1.0f32; 15];
        random_erasing(&mut image, [1, 3, 5], 1.0, [1.0, 1.0], Key::new(0));
        assert!(image.iter().all(|&v| v == 0.0));
    }
}
