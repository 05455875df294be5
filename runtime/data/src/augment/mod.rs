//! Random changes of training batches as functions of (seed, epoch, image): no state, so any batch can be made again
//! anywhere. The recipe's order is kept. Loads no images.

mod affine;
mod crop;
mod erase;
mod flip;
mod mix;

use rayon::prelude::*;
use termc_compiler::model::Augment;

use super::normalize::Normalizer;
use crate::random::Key;

/// The augmentation of a training recipe for images of one shape; it is applied to whole batches.
///
/// Everything works on normalized values. What happens to an image depends on the seed, the epoch, the image's index
/// in its part and the operation's place in the recipe, never on its batch; only which image [`Augment::Mixup`] and
/// [`Augment::Cutmix`] take as partner depends on the epoch, the batch's number and its images.
#[derive(Clone, Debug)]
pub struct Pipeline {
    ops: Vec<Augment>,
    shape: [usize; 3],
    /// Per channel, what a black pixel becomes by normalization.
    black: Vec<f32>,
    key: Key,
}

/// A batch to be changed in place.
pub struct BatchMut<'a> {
    /// `[N, C, H, W]`, normalized.
    pub pixels: &'a mut Vec<f32>,
    /// `[N, classes]`, each row sums to 1.
    pub targets: &'a mut Vec<f32>,
    /// The images' positions in their part.
    pub indices: &'a [usize],
}

impl Pipeline {
    /// A pipeline for images `[channels, height, width]`.
    pub fn new(ops: &[Augment], shape: [usize; 3], normalizer: &Normalizer, seed: u64) -> Self {
        Self {
            ops: ops.to_vec(),
            shape,
            black: normalizer.value(0),
            key: Key::new(seed).named("augment"),
        }
    }

    /// Changes a batch: batch `number` of `epoch`. Runs on the current rayon pool.
    pub fn apply(&self, epoch: usize, number: usize, batch: &mut BatchMut<'_>) {
        for (place, op) in self.ops.iter().enumerate() {
            let key = self.key.at(place as u64).at(epoch as u64);
            match op {
                Augment::RandomCrop { padding, mode } => self.each(key, batch, |image, key| {
                    crop::random_crop(image, self.shape, *padding, *mode, &self.black, key);
                }),
                Augment::HorizontalFlip => self.each(key, batch, |image, key| {
                    flip::horizontal_flip(image, self.shape, key);
                }),
                Augment::RandomAffine {
                    degrees,
                    shear,
                    scale,
                    translate,
                } => {
                    let limits = affine::AffineLimits {
                        rotation: degrees.to_radians(),
                        shear: shear.to_radians(),
                        scale: *scale,
                        translation: *translate,
                    };
                    self.each(key, batch, |image, key| {
                        affine::random_affine(image, self.shape, &limits, &self.black, key);
                    });
                }
                Augment::RandomErasing { probability, area } => {
                    self.each(key, batch, |image, key| {
                        erase::random_erasing(image, self.shape, *probability, *area, key);
                    });
                }
                Augment::Mixup { alpha } => mix::mixup(batch, self.shape, *alpha, key, number),
                Augment::Cutmix { alpha } => mix::cutmix(batch, self.shape, *alpha, key, number),
            }
        }
    }

    /// Applies `change` to each image with its own stream.
    fn each(&self, key: Key, batch: &mut BatchMut<'_>, change: impl Fn(&mut [f32], Key) + Sync) {
        let size = self.shape.iter().product::<usize>().max(1);
        batch
            .pixels
            .par_chunks_exact_mut(size)
            .zip(batch.indices)
            .for_each(|(image, &index)| change(image, key.at(index as u64)));
    }
}
