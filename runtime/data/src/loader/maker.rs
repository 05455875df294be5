//! What is in each batch of each epoch, and how it is computed. Starts no threads of its own.

use rayon::prelude::*;

use super::Batch;
use crate::augment::{BatchMut, Pipeline};
use crate::dataset::Subset;
use crate::error::Error;
use crate::normalize::Normalizer;
use crate::random::Key;
use crate::stop::StopRequest;

/// The recipe of all batches.
pub(super) struct BatchMaker {
    pub subset: Subset,
    /// Images per batch, at least 1.
    pub batch: usize,
    pub normalizer: Normalizer,
    /// For training: the augmentation and the key of the epochs' orders.
    pub training: Option<(Pipeline, Key)>,
}

impl BatchMaker {
    /// Number of batches per epoch.
    pub fn batches(&self) -> usize {
        let (images, batch) = (self.subset.len(), self.batch);
        let single_left = batch > 1 && images > batch && images % batch == 1;
        images.div_ceil(batch) - usize::from(single_left)
    }

    /// Positions in the part, in the order of an epoch.
    pub fn order(&self, epoch: usize) -> Vec<usize> {
        let indices = self.subset.indices();
        match &self.training {
            None => indices.to_vec(),
            Some((_, key)) => {
                let order = key.at(epoch as u64).permutation(indices.len());
                order
                    .into_iter()
                    .filter_map(|position| indices.get(position).copied())
                    .collect()
            }
        }
    }

    /// Batch `number` of `epoch`, whose order is `order`. Runs on the current rayon pool; `cancel` is looked at before
    /// each image.
    pub fn make(
        &self,
        epoch: usize,
        number: usize,
        order: &[usize],
        cancel: &StopRequest,
    ) -> Result<Batch, Error> {
        let from = number * self.batch;
        let to = match number + 1 == self.batches() {
            true => order.len(),
            false => from + self.batch,
        };
        let indices = order.get(from..to).unwrap_or_default().to_vec();
        let part = self.subset.part();
        let [channels, height, width] = part.shape();
        let size = channels * height * width;
        let mut images = vec![0.0; indices.len() * size];
        images
            .par_chunks_exact_mut(size)
            .zip(&indices)
            .try_for_each(|(out, &index)| {
                cancel.check()?;
                self.normalizer.apply(&part.image(index)?, out);
                Ok::<_, Error>(())
            })?;
        let labels = indices
            .iter()
            .map(|&index| part.label(index))
            .collect::<Result<Vec<_>, _>>()?;
        let mut targets = vec![0.0; labels.len() * part.classes()];
        for (row, &label) in targets.chunks_exact_mut(part.classes()).zip(&labels) {
            row.iter_mut().skip(label).take(1).for_each(|t| *t = 1.0);
        }
        if let Some((pipeline, _)) = &self.training {
            let mut batch = BatchMut {
                pixels: &mut images,
                targets: &mut targets,
                indices: &indices,
            };
            pipeline.apply(epoch, number, &mut batch);
        }
        Ok(Batch {
            number,
            shape: [indices.len(), channels, height, width],
            images,
            targets,
            labels,
            indices,
        })
    }
}
