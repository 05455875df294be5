//! Mixup (Zhang et al. 2017) and CutMix (Yun et al. 2019): images and labels of a batch blended in pairs.

use crate::random::Key;

use super::BatchMut;

/// Every image becomes `w * image + (1 - w) * partner`, its target likewise; `w` is its own Beta(alpha, alpha)
/// variate, the partners are a random order of the batch (an image may be its own).
pub(super) fn mixup(
    batch: &mut BatchMut<'_>,
    shape: [usize; 3],
    alpha: f64,
    key: Key,
    number: usize,
) {
    mix_pairs(batch, shape, key, number, |image, partner, key| {
        let weight = key.beta(0, alpha, alpha);
        blend(image, partner, weight);
        weight
    });
}

/// Every image gets a rectangle of its partner's, at the same place, with the image's proportions and (but for
/// rounding) the area fraction `1 - w`, uniformly among the places inside the image; targets are blended by the
/// number of pixels each image has in the result.
pub(super) fn cutmix(
    batch: &mut BatchMut<'_>,
    shape: [usize; 3],
    alpha: f64,
    key: Key,
    number: usize,
) {
    let [_, height, width] = shape;
    mix_pairs(batch, shape, key, number, |image, partner, key| {
        let side = (1.0 - key.beta(0, alpha, alpha)).max(0.0).sqrt();
        let rows = ((side * height as f64).round() as usize).min(height);
        let columns = ((side * width as f64).round() as usize).min(width);
        let top = key.below(1, height - rows + 1);
        let left = key.below(2, width - columns + 1);
        let planes = image
            .chunks_exact_mut(height * width)
            .zip(partner.chunks_exact(height * width));
        for (plane, other) in planes {
            let pairs = plane.chunks_exact_mut(width).zip(other.chunks_exact(width));
            for (row, other) in pairs.skip(top).take(rows) {
                let values = row.iter_mut().zip(other).skip(left).take(columns);
                values.for_each(|(value, other)| *value = *other);
            }
        }
        1.0 - (rows * columns) as f64 / (height * width) as f64
    });
}

/// Calls `change(image, partner, key)`, which returns the weight of the image itself, for every image; partners are as they
/// were before any change. Blends targets by that weight.
fn mix_pairs(
    batch: &mut BatchMut<'_>,
    shape: [usize; 3],
    key: Key,
    number: usize,
    change: impl Fn(&mut [f32], &[f32], Key) -> f64,
) {
    let count = batch.indices.len();
    if count == 0 {
        return;
    }
    let size = shape.iter().product::<usize>();
    let classes = batch.targets.len() / count;
    let (pixels, targets) = (batch.pixels.clone(), batch.targets.clone());
    let partners = key.named("partner").at(number as u64).permutation(count);
    let images = batch.pixels.chunks_exact_mut(size);
    let rows = batch.targets.chunks_exact_mut(classes);
    let own = images.zip(rows).zip(batch.indices);
    for (((image, target), &index), partner) in own.zip(partners) {
        let other = pixels.chunks_exact(size).nth(partner);
        let other_target = targets.chunks_exact(classes).nth(partner);
        if let (Some(other), Some(other_target)) = (other, other_target) {
            let weight = change(image, other, key.at(index as u64));
            blend(target, other_target, weight);
        }
    }
}

/// `weight * values + (1 - weight) * others`.
fn blend(values: &mut [f32], others: &[f32], weight: f64) {
    let (weight, rest) = (weight as f32, (1.0 - weight) as f32);
    for (value, other) in values.iter_mut().zip(others) {
        *value = weight * *value + rest * other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 3] = [1, 4, 4];

    /// Eight images, image i all i, target one-hot i.
    fn batch() -> (Vec<f32>, Vec<f32>, Vec<usize>) {
        let pixels = (0..8).flat_map(|i| [i as f32; 16]).collect();
        let targets = (0..64).map(|i| f32::from(i / 8 == i % 8)).collect();
        (pixels, targets, (100..108).collect())
    }

    fn run(op: fn(&mut BatchMut<'_>, [usize; 3], f64, Key, usize)) -> (Vec<f32>, Vec<f32>) {
        let (mut pixels, mut targets, indices) = batch();
        let mut images = BatchMut {
            pixels: &mut pixels,
            targets: &mut targets,
            indices: &indices,
        };
        op(&mut images, SHAPE, 1.0, Key::new(3), 0);
        (pixels, targets)
    }

    #[test]
    fn labels_follow_the_pixels() {
        for op in [mixup, cutmix] {
            let (pixels, targets) = run(op);
            let mut mixed = 0;
            for (image, target) in pixels.chunks(16).zip(targets.chunks(8)) {
                assert!((target.iter().sum::<f32>() - 1.0).abs() < 1e-6);
                // The mean pixel of image i is i, so the target's mean class must be the image's mean pixel.
                let pixel = image.iter().sum::<f32>() / 16.0;
                let class: f32 = target.iter().enumerate().map(|(c, t)| c as f32 * t).sum();
                assert!((pixel - class).abs() < 1e-5, "{pixel} {class}");
                mixed += usize::from(target.iter().filter(|&&t| t > 0.0).count() == 2);
            }
            assert!(mixed >= 4, "only {mixed} of 8 were mixed");
        }
    }

    #[test]
    fn mixup_blends_and_cutmix_pastes() {
        let (pixels, _) = run(mixup);
        assert!(
            pixels
                .chunks(16)
                .all(|image| image.iter().all(|v| (v - image[0]).abs() < 1e-6))
        );
        let (pixels, _) = run(cutmix);
        assert!(pixels.iter().all(|v| v.fract() == 0.0));
    }

    #[test]
    fn results_are_a_function_of_the_key() {
        assert_eq!(run(mixup), run(mixup));
        assert_eq!(run(cutmix), run(cutmix));
    }
}
