//! Validation after an epoch, which chooses the best weights, and the test part at the end. A stop request ends either of
//! them within a batch; nothing of it is recorded then, and a resumed training begins it anew.

use std::ops::ControlFlow;
use std::time::Instant;

use burn::tensor::{Tensor, TensorData};
use termc_data::Subset;

use super::{End, Outcome, Trainer, normalize};
use crate::Error;
use crate::params::Params;
use crate::train::best;
use crate::train::checkpoint::Best;
use crate::train::evaluate::{EvaluationSettings, Evaluator, default_batch};
use crate::train::folder::write_json;
use crate::train::metrics::{Row, Span, Split};
use crate::train::observe::Event;
use crate::train::scores::{Scores, Sums};
use crate::train::session::StopReason;

impl Trainer<'_> {
    /// Validates, records the epoch, and keeps the weights if they are the best so far.
    pub(super) fn validate_epoch(&mut self) -> Result<(), End> {
        let epoch = self.state.epoch + 1;
        let sums = self.state.epoch_sums.clone();
        let lr = self.learning_rate(self.state.step.saturating_sub(1));
        let train = self.row(Span::Epoch, &sums, lr);
        let scores = match self.validation.is_empty() {
            true => None,
            false => {
                let params = self.replicas.replica().evaluated();
                Some(self.classify(&params, self.validation.clone(), Split::Val)?)
            }
        };
        self.record(&train)?;
        let validation = scores
            .map(|(scores, took)| (self.scores_row(Split::Val, epoch, &scores, took), scores));
        if let Some((row, _)) = &validation {
            self.record(row)?;
        }
        let scores = validation.as_ref().map(|(_, scores)| scores);
        let is_best = self.is_best(scores);
        if is_best {
            self.state.best = Some(self.as_best(epoch, &sums, scores));
            if let Some(folder) = self.job.folder {
                self.state.best_sha256 = Some(self.write_weights(&folder.best())?);
            }
        }
        self.job.observer.on(Event::Epoch {
            train: &train,
            validation: validation.as_ref().map(|(row, _)| row),
            best: is_best,
        });
        Ok(())
    }

    fn is_best(&self, scores: Option<&Scores>) -> bool {
        match (scores, &self.state.best) {
            (None, _) | (_, None) => true,
            // A small validation part ties often; cross entropy tells more than right or wrong.
            (Some(scores), Some(best)) => {
                let (found, loss) = (scores.accuracy(), scores.terms.classification());
                found > best.top1 || found == best.top1 && loss <= best.loss
            }
        }
    }

    fn as_best(&self, epoch: usize, sums: &Sums, scores: Option<&Scores>) -> Best {
        Best {
            epoch,
            step: self.state.step,
            top1: scores.map_or(sums.top1(), Scores::accuracy),
            loss: scores.map_or(sums.terms().classification(), |s| s.terms.classification()),
        }
    }

    /// Classifies images; how long it took, in seconds, counts as training time.
    fn classify(
        &mut self,
        params: &Params,
        subset: Subset,
        split: Split,
    ) -> Result<(Scores, f64), End> {
        let began = Instant::now();
        let evaluator = Evaluator {
            network: &self.network,
            params,
            settings: EvaluationSettings {
                batch: default_batch(self.job.settings.batch),
                normalize: normalize(self.job.model, self.job.data),
                kernels: self.job.settings.kernels,
                precision: self.job.settings.precision,
            },
            device: &self.job.device,
            stop: self.job.stop,
        };
        let observer = &mut *self.job.observer;
        let watch = |done, total| observer.on(Event::Evaluated { split, done, total });
        let done = evaluator.run(&subset, self.job.ranks, watch, |_| ())?;
        let took = began.elapsed().as_secs_f64();
        self.state.seconds += took;
        match done {
            ControlFlow::Continue(scores) => Ok((scores, took)),
            ControlFlow::Break(rank) => Err(self.stopped(StopReason {
                rank,
                by_signal: true,
            })),
        }
    }

    fn scores_row(&self, split: Split, epoch: usize, scores: &Scores, took: f64) -> Row {
        Row {
            top1: Some(scores.accuracy()),
            top5: scores.accuracy5(),
            images_per_second: (took > 0.0).then(|| scores.images as f64 / took),
            seconds: self.state.seconds,
            ..Row::new(Span::Epoch, split, epoch, self.state.step, &scores.terms)
        }
    }

    /// Looks at the test part, once, with the best weights.
    pub(super) fn finish(&mut self) -> Result<Outcome, End> {
        let best = self.state.best.unwrap_or(Best {
            epoch: 0,
            step: 0,
            top1: 0.0,
            loss: 0.0,
        });
        let params = self.best_params()?;
        let (scores, took) = self.classify(&params, self.test.clone(), Split::Test)?;
        let row = self.scores_row(Split::Test, best.epoch, &scores, took);
        self.record(&row)?;
        if let Some(log) = &mut self.log {
            log.sync()?;
        }
        if let Some(folder) = self.job.folder {
            write_json(&folder.test(), &scores)?;
        }
        Ok(Outcome::Finished {
            best,
            test: Box::new(scores),
        })
    }

    /// The best weights, which rank 0 has in its folder and sends to the others.
    fn best_params(&self) -> Result<Params, Error> {
        let (model, device) = (self.job.model, &self.job.device);
        let own = match self.job.folder {
            Some(folder) => {
                let file = best::read(folder, model)?.ok_or_else(|| Error::Content {
                    path: folder.best(),
                    problem: "is not there".into(),
                })?;
                Some(Params::from_tensors(model, &file.tensors, device)?)
            }
            None => None,
        };
        let numbers = own.map_or_else(Vec::new, |params| {
            let numbers = params.flat().into_data();
            numbers.iter::<f32>().flat_map(f32::to_le_bytes).collect()
        });
        let numbers = self.job.ranks.broadcast(numbers)?;
        let (words, _) = numbers.as_chunks::<4>();
        let numbers: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        let count = numbers.len();
        let flat = Tensor::from_data(TensorData::new(numbers, [count]), device);
        Ok(Params::from_flat(model, flat))
    }
}
