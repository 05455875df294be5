//! Random affine maps about the image's centre. The size stays the same.

use crate::random::Key;

/// The largest change of an image, in either direction.
pub(super) struct AffineLimits {
    /// Radians.
    pub rotation: f64,
    /// Radians, horizontally.
    pub shear: f64,
    /// Fraction of the size.
    pub scale: f64,
    /// Fraction of the side, along each axis.
    pub translation: f64,
}

/// Shears, rotates, scales and translates the image, each by an amount uniform between its limits. Values between pixels are
/// bilinear; outside the image is `black`, one value per channel.
pub(super) fn random_affine(
    image: &mut [f32],
    [_, height, width]: [usize; 3],
    limits: &AffineLimits,
    black: &[f32],
    key: Key,
) {
    let amount = |index, limit: f64| limit * (2.0 * key.uniform(index) - 1.0);
    let (sine, cosine) = amount(0, limits.rotation).sin_cos();
    let shear = amount(1, limits.shear).tan();
    // At least a hundredth of the size, where a change of all of it is allowed.
    let size = (1.0 + amount(2, limits.scale)).max(0.01);
    let down = amount(3, limits.translation) * height as f64;
    let right = amount(4, limits.translation) * width as f64;
    let [middle_row, middle_column] = [height, width].map(|side| (side as f64 - 1.0) / 2.0);
    // Where a pixel comes from: the inverse of translating after scaling after rotating after shearing.
    let source = |row: usize, column: usize| {
        let y = (row as f64 - middle_row - down) / size;
        let x = (column as f64 - middle_column - right) / size;
        let (y, x) = (cosine * y - sine * x, sine * y + cosine * x);
        (y + middle_row, x - shear * y + middle_column)
    };
    let original = image.to_vec();
    let planes = image
        .chunks_exact_mut(height * width)
        .zip(original.chunks_exact(height * width))
        .zip(black);
    for ((plane, original), &black) in planes {
        for (row, out) in plane.chunks_exact_mut(width).enumerate() {
            for (column, value) in out.iter_mut().enumerate() {
                *value = bilinear(original, width, black, source(row, column));
            }
        }
    }
}

/// The value at a place between pixels.
fn bilinear(plane: &[f32], width: usize, black: f32, (y, x): (f64, f64)) -> f32 {
    let height = plane.len() / width;
    let pixel = |row: f64, column: f64| {
        let inside = row >= 0.0 && column >= 0.0 && row < height as f64 && column < width as f64;
        let at = inside.then(|| row as usize * width + column as usize);
        at.and_then(|at| plane.get(at)).copied().unwrap_or(black)
    };
    let (top, left) = (y.floor(), x.floor());
    let (low, side) = ((y - top) as f32, (x - left) as f32);
    let row = |row: f64| pixel(row, left) * (1.0 - side) + pixel(row, left + 1.0) * side;
    row(top) * (1.0 - low) + row(top + 1.0) * low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rotation: f64, shear: f64, scale: f64, translation: f64) -> AffineLimits {
        AffineLimits {
            rotation,
            shear,
            scale,
            translation,
        }
    }

    #[test]
    fn nothing_allowed_changes_nothing() {
        let original: Vec<f32> = (0..2 * 3 * 5).map(|i| i as f32).collect();
        let mut image = original.clone();
        let none = limits(0.0, 0.0, 0.0, 0.0);
        random_affine(&mut image, [2, 3, 5], &none, &[-1.0, -1.0], Key::new(0));
        assert_eq!(image, original);
    }

    #[test]
    fn bilinear_values_lie_between_their_pixels() {
        let plane = [0.0, 1.0, 10.0, 11.0];
        assert_eq!(bilinear(&plane, 2, -1.0, (0.0, 1.0)), 1.0);
        assert_eq!(bilinear(&plane, 2, -1.0, (0.5, 0.5)), 5.5);
        assert_eq!(bilinear(&plane, 2, -1.0, (1.0, 1.5)), 5.0);
        assert_eq!(bilinear(&plane, 2, -1.0, (-5.0, 0.0)), -1.0);
    }

    #[test]
    fn the_centre_stays_where_nothing_moves() {
        for index in 0..100 {
            let mut image = vec![0.0; 25];
            image[12] = 1.0;
            let bounds = limits(3.0, 0.8, 0.3, 0.0);
            random_affine(
                &mut image,
                [1, 5, 5],
                &bounds,
                &[0.0],
                Key::new(3).at(index),
            );
            assert_eq!(image[12], 1.0);
        }
    }

    #[test]
    fn every_amount_stays_within_its_limit() {
        let mean = |image: &[f32]| {
            let total: f32 = image.iter().sum();
            let at = |i: usize, v: &f32| [(i / 21) as f32 * v, (i % 21) as f32 * v];
            let sums = image.iter().enumerate().fold([0.0, 0.0], |[y, x], (i, v)| {
                let [dy, dx] = at(i, v);
                [y + dy, x + dx]
            });
            sums.map(|s| s / total)
        };
        let mut farthest = 0.0f32;
        for index in 0..500 {
            let mut image = vec![0.0; 21 * 21];
            image[10 * 21 + 10] = 1.0;
            let bounds = limits(0.0, 0.0, 0.0, 0.2);
            random_affine(
                &mut image,
                [1, 21, 21],
                &bounds,
                &[0.0],
                Key::new(4).at(index),
            );
            for at in mean(&image) {
                assert!((at - 10.0).abs() <= 4.21, "{at}");
                farthest = farthest.max((at - 10.0).abs());
            }
        }
        assert!(farthest > 3.8, "{farthest}");
        // A rotation by 45 degrees at most moves a point on the right to the upper right or the lower right quarter.
        for index in 0..200 {
            let mut image = vec![0.0; 21 * 21];
            image[10 * 21 + 18] = 1.0;
            let bounds = limits(std::f64::consts::FRAC_PI_4, 0.0, 0.0, 0.0);
            random_affine(
                &mut image,
                [1, 21, 21],
                &bounds,
                &[0.0],
                Key::new(5).at(index),
            );
            let [y, x] = mean(&image);
            assert!((y - 10.0).abs() < 6.5 && x > 15.0, "{y} {x}");
            assert!(((y - 10.0).hypot(x - 10.0) - 8.0).abs() < 0.7, "{y} {x}");
        }
    }
}
