//! Classifies every image of a subset once, in batches that the ranks share. Changes nothing and trains nothing.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use termc_compiler::model::Normalize;
use termc_data::random::Key;
use termc_data::{Batch, Loader, Part, StopRequest, Subset};
use termc_kernels::KernelChoice;

use super::ranks::{Communicator, Single, gather_values};
use super::scores::{Scores, Sums};
use crate::Error;
use crate::network::{Network, Pass, Precision};
use crate::objective::{self, TermValues};
use crate::params::Params;

/// Images per batch of an evaluation, where nobody says otherwise: as many as in training, and at least 64, because
/// statistics over fewer images make results noisier than they need be.
pub fn default_batch(training: usize) -> usize {
    training.max(64)
}

/// How images are classified.
#[derive(Clone, Copy, Debug)]
pub struct EvaluationSettings<'a> {
    /// Images per batch; the results depend on it where the model has statistics over the batch.
    pub batch: usize,
    /// What pixels are normalized with.
    pub normalize: &'a Normalize,
    /// Which code computes.
    pub kernels: KernelChoice,
    /// Type of the activations.
    pub precision: Precision,
}

/// All images of a part, in an order that is always the same and has nothing to do with their classes: data sets sorted
/// by class would otherwise make batches of one class, whose statistics are none.
///
/// # Errors
/// None that a part of a data set can cause.
pub fn evaluation_order(part: &Arc<Part>) -> Result<Subset, Error> {
    let order = Key::new(0).named("evaluation").permutation(part.len());
    Ok(Subset::new(part.clone(), order)?)
}

/// An image that was classified.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Its index in its part of the data set.
    pub image: usize,
    /// Its class.
    pub label: usize,
    /// One for each class.
    pub logits: &'a [f32],
}

/// Classifies every image once. `watch` is told after each batch how many are done, and of how many; `each` is told of every
/// image.
///
/// # Errors
/// If images cannot be read.
pub fn evaluate(
    network: &Network,
    params: &Params,
    subset: &Subset,
    settings: EvaluationSettings<'_>,
    device: &Device,
    watch: impl FnMut(usize, usize),
    each: impl FnMut(Answered<'_>),
) -> Result<Scores, Error> {
    let evaluator = Evaluator {
        network,
        params,
        settings,
        device,
        stop: &StopRequest::new(),
    };
    match evaluator.run(subset, &Single, watch, each)? {
        ControlFlow::Continue(scores) => Ok(scores),
        ControlFlow::Break(_) => Err(termc_data::Error::Stopped.into()),
    }
}

/// A network with weights, and how it classifies.
pub(super) struct Evaluator<'a> {
    pub network: &'a Network,
    pub params: &'a Params,
    pub settings: EvaluationSettings<'a>,
    pub device: &'a Device,
    pub stop: &'a StopRequest,
}

/// The loss terms of a batch as bits, because JSON has no numbers that are not finite.
#[derive(Clone, Serialize, Deserialize)]
struct BatchTerms {
    images: usize,
    values: Vec<u64>,
}

impl Evaluator<'_> {
    /// Classifies every image once: of each group of as many batches as there are ranks every rank takes one. The result
    /// is the same on all ranks, and the same bits as on one. Breaks with the first rank that was asked to stop.
    /// Collective.
    pub fn run(
        &self,
        subset: &Subset,
        ranks: &dyn Communicator,
        mut watch: impl FnMut(usize, usize),
        mut each: impl FnMut(Answered<'_>),
    ) -> Result<ControlFlow<usize, Scores>, Error> {
        let (rank, total) = (ranks.rank(), subset.len());
        let ranges = batch_ranges(total, self.settings.batch);
        let mut batches = self.loader(subset, &ranges, ranks)?.epoch(0, 0)?;
        let mut scores = Scores::new(self.network.model().classes);
        let mut terms = Vec::new();
        let mut done = 0;
        for group in ranges.chunks(ranks.size()) {
            if group.len() > rank
                && let Some(batch) = batches.next()
            {
                match batch {
                    Err(termc_data::Error::Stopped) => return Ok(ControlFlow::Break(rank)),
                    batch => terms.push(self.classify(batch?, &mut scores, &mut each)),
                }
            }
            done += group.iter().map(Range::len).sum::<usize>();
            watch(done, total);
            let place = format!("image {done} of {total} in an evaluation");
            let asked = gather_values(ranks, &place, self.stop.is_requested())?;
            if let Some(rank) = asked.iter().position(|asked| *asked) {
                return Ok(ControlFlow::Break(rank));
            }
        }
        let all = gather_values(ranks, "the end of an evaluation", (scores, terms))?;
        Ok(ControlFlow::Continue(self.merged(&all)))
    }

    /// This rank's batches. Alone, a stop request ends the waiting for them.
    fn loader(
        &self,
        subset: &Subset,
        ranges: &[Range<usize>],
        ranks: &dyn Communicator,
    ) -> Result<Loader, Error> {
        let own = ranges.iter().skip(ranks.rank()).step_by(ranks.size());
        let indices = own.flat_map(|range| subset.indices().get(range.clone()));
        let indices = indices.flatten().copied().collect();
        let own = Subset::new(subset.part().clone(), indices)?;
        let loader = Loader::evaluation(own, self.settings.batch, self.settings.normalize)?;
        Ok(match ranks.size() {
            1 => loader.stop_on(self.stop),
            _ => loader,
        })
    }

    fn classify(
        &self,
        batch: Batch,
        scores: &mut Scores,
        each: &mut impl FnMut(Answered<'_>),
    ) -> BatchTerms {
        let pass = Pass {
            kernels: self.settings.kernels,
            precision: self.settings.precision,
            ..Pass::default()
        };
        let images = batch.len();
        let (labels, indices) = (batch.labels.clone(), batch.indices.clone());
        let (input, targets) = upload(batch, self.device);
        let forward = self.network.forward(self.params, input, &pass);
        let terms = objective::terms(self.network, self.params, &forward, targets).values();
        let logits: Vec<f32> = forward.logits.into_data().iter::<f32>().collect();
        scores.add(&logits, &labels, &indices);
        let rows = logits.chunks_exact(self.network.model().classes.max(1));
        for ((logits, label), image) in rows.zip(&labels).zip(&indices) {
            each(Answered {
                image: *image,
                label: *label,
                logits,
            });
        }
        BatchTerms {
            images,
            values: terms.terms.iter().map(|t| t.value.to_bits()).collect(),
        }
    }

    /// What all ranks have found; loss terms are added in the order of the batches.
    fn merged(&self, all: &[(Scores, Vec<BatchTerms>)]) -> Scores {
        let mut merged = Scores::new(self.network.model().classes);
        let mut sums = Sums::default();
        let longest = all.iter().map(|(_, terms)| terms.len()).max().unwrap_or(0);
        for group in 0..longest {
            for batch in all.iter().filter_map(|(_, terms)| terms.get(group)) {
                let values = batch.values.iter().map(|bits| f64::from_bits(*bits));
                let terms = TermValues::new(self.network.model(), values);
                sums.add(&terms, batch.images, 0);
            }
        }
        all.iter().for_each(|(scores, _)| merged.merge(scores));
        merged.terms = sums.terms();
        merged
    }
}

/// The images of each batch, as [`Loader`] cuts them: a single last image joins the batch before.
pub fn batch_ranges(images: usize, batch: usize) -> Vec<Range<usize>> {
    let batch = batch.max(1);
    let mut ranges: Vec<_> = (0..images)
        .step_by(batch)
        .map(|from| from..images.min(from + batch))
        .collect();
    if batch > 1
        && ranges.len() > 1
        && let Some(_) = ranges.pop_if(|last| last.len() == 1)
        && let Some(last) = ranges.last_mut()
    {
        last.end = images;
    }
    ranges
}

/// Moves a batch to a device: images `[N, C, H, W]` and targets `[N, classes]`.
pub fn upload(batch: Batch, device: &Device) -> (Tensor<4>, Tensor<2>) {
    let size = batch.labels.len();
    let classes = batch.targets.len() / size.max(1);
    let images = TensorData::new(batch.images, batch.shape);
    let targets = TensorData::new(batch.targets, [size, classes]);
    (
        Tensor::from_data(images, device),
        Tensor::from_data(targets, device),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Batches that are shared must be those that one process would make.
    #[test]
    fn ranges_are_those_of_the_loader() {
        let normalize = Normalize {
            mean: vec![0.0],
            std: vec![1.0],
        };
        for images in [0, 1, 2, 7, 8, 9, 10, 16, 17] {
            for batch in [1, 2, 3, 8, 32] {
                let part = Part::new([1, 1, 1], 1, vec![0; images], vec![0; images]).unwrap();
                let all = Subset::all(Arc::new(part));
                let loader = Loader::evaluation(all, batch, &normalize).unwrap();
                let lengths: Vec<usize> =
                    batch_ranges(images, batch).iter().map(Range::len).collect();
                let expected = loader.epoch(0, 0).unwrap().map(|b| b.unwrap().len());
                assert_eq!(lengths, expected.collect::<Vec<_>>(), "{images} by {batch}");
            }
        }
    }
}
