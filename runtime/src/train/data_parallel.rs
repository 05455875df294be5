//! One optimizer step, data parallel: its images sharded among the ranks, their gradients added, every replica updated
//! alike. Knows no epochs and no files.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use termc_data::Batch;

use super::finite::NonFinite;
use super::ranks::{Communicator, gather_values};
use super::replica::{Replica, Shard, ShardResult};
use super::scores::Sums;
use super::session::AfterStep;
use super::settings::Settings;
use crate::Error;
use crate::network::Network;
use crate::objective::TermValues;
use crate::tensors::Tensors;

/// This rank's replica, and the ranks that keep theirs equal to it.
pub struct DataParallel<'a> {
    replica: Replica,
    ranks: &'a dyn Communicator,
}

/// What a step did.
#[derive(Clone, Debug)]
pub struct StepResult {
    /// Mean loss terms over its images.
    pub terms: TermValues,
    /// Images.
    pub images: usize,
    /// Images classified right.
    pub correct: usize,
    /// What is to follow, as all ranks agree.
    pub after: AfterStep,
}

/// Why a step was not made; the weights are then as before.
#[derive(Debug)]
pub enum StepError {
    /// Something was not finite, on any rank.
    NotFinite(NonFinite),
    /// A device or a rank failed.
    Failed(Error),
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What a rank tells of its shards of a step, besides the gradient.
#[derive(Clone, Serialize, Deserialize)]
struct Report {
    shards: Result<Vec<ShardResult>, NonFinite>,
    after: AfterStep,
}

impl<'a> DataParallel<'a> {
    /// Fresh weights, but those of `start`, the same on all ranks.
    ///
    /// # Errors
    /// If a tensor of `start` is none of the model's parameters.
    pub fn new(
        network: Arc<Network>,
        settings: &Settings,
        start: Option<&Tensors>,
        device: Device,
        ranks: &'a dyn Communicator,
    ) -> Result<Self, Error> {
        Ok(Self {
            replica: Replica::new(network, settings, start, device)?,
            ranks,
        })
    }

    /// This rank's weights, optimizer and averages.
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// The same, to load a checkpoint into. All ranks have to load the same one.
    pub fn replica_mut(&mut self) -> &mut Replica {
        &mut self.replica
    }

    /// Requires the replicas of all ranks to be equal after `steps` steps, bit for bit. Collective.
    ///
    /// # Errors
    /// Which one differs, the same on all ranks.
    pub fn require_equal(&self, steps: usize) -> Result<(), Error> {
        if self.ranks.size() == 1 {
            return Ok(());
        }
        let place = format!("the comparison after step {steps}");
        let digests = gather_values(self.ranks, &place, self.replica.digest())?;
        let root = digests.first();
        let different = digests.iter().position(|digest| Some(digest) != root);
        different.map_or(Ok(()), |rank| {
            Err(Error::Rank(format!(
                "the weights on rank {rank} differ from those on rank 0 after step {steps}"
            )))
        })
    }

    /// Makes step number `step` (from 0) of learning rate `lr` on the images of all `batches` together. `after` says, once
    /// the gradient is there, what this rank asks to follow. Collective.
    ///
    /// # Errors
    /// What was not finite on any rank, or that a rank was lost.
    pub fn step(
        &mut self,
        batches: Vec<Batch>,
        step: usize,
        lr: f64,
        after: impl FnOnce() -> AfterStep,
    ) -> Result<StepResult, StepError> {
        let shards = shards(batches, self.ranks.rank(), self.ranks.size());
        let (gradient, shards) = match self.replica.gradient(shards, step) {
            Ok((gradient, shards)) => (Some(gradient), Ok(shards)),
            Err(found) => (None, Err(found)),
        };
        let report = Report {
            shards,
            after: after(),
        };
        let place = format!("step {}", step + 1);
        let reports = gather_values(self.ranks, &place, report)?;
        let after = AfterStep::agreed(reports.iter().map(|report| report.after));
        let shards: Result<Vec<_>, _> = reports.into_iter().map(|r| r.shards).collect();
        let shards = shards.map_err(StepError::NotFinite)?.concat();
        if let Some(gradient) = gradient {
            let sum = self.sum(gradient)?;
            self.replica.update(sum, lr);
        }
        Ok(total(&shards, after))
    }

    /// The sum of all ranks' gradients.
    fn sum(&self, gradient: Tensor<1>) -> Result<Tensor<1>, Error> {
        if self.ranks.size() == 1 {
            return Ok(gradient);
        }
        let device = gradient.device();
        let own = gradient.into_data().iter::<f32>().collect();
        let sum = self.ranks.all_reduce(own)?;
        let count = sum.len();
        Ok(Tensor::from_data(TensorData::new(sum, [count]), &device))
    }
}

/// A rank's shards of a step: of every batch consecutive images, as many as of the other ranks' or one fewer.
fn shards(batches: Vec<Batch>, rank: usize, ranks: usize) -> Vec<Shard> {
    let total: usize = batches.iter().map(Batch::len).sum();
    let mut shards = Vec::new();
    let mut first_image = 0;
    for batch in batches {
        for (other, batch) in batch.split(ranks).into_iter().enumerate() {
            let images = batch.len();
            if other == rank {
                shards.push(Shard {
                    batch,
                    first_image,
                    weight: images as f64 / total.max(1) as f64,
                });
            }
            first_image += images;
        }
    }
    shards
}

fn total(shards: &[ShardResult], after: AfterStep) -> StepResult {
    let mut sums = Sums::default();
    for shard in shards {
        sums.add(&shard.terms, shard.images, shard.correct);
    }
    StepResult {
        terms: sums.terms(),
        images: sums.images as usize,
        correct: sums.correct as usize,
        after,
    }
}

#[cfg(test)]
mod tests;
