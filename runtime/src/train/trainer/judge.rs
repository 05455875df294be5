//! How a training judges itself: validation after an epoch, which chooses the best weights, and the test part at the end.

use std::time::Instant;

use super::{End, Outcome, Trainer, normalize};
use crate::Error;
use crate::data::Subset;
use crate::device::TrainBackend;
use crate::params::Params;
use crate::train::checkpoint::Best;
use crate::train::evaluate::{Asking, default_batch, evaluate};
use crate::train::folder::{RunFolder, write_json};
use crate::train::metrics::{Row, Span, Split};
use crate::train::observe::Event;
use crate::train::scores::{Scores, Sums};
use crate::weights;

impl<B: TrainBackend> Trainer<'_, B> {
    /// Records the epoch; validates, and keeps the weights if they are the best so far.
    pub(super) fn judge(
        &mut self,
        folder: &RunFolder,
        epoch: usize,
        sums: &Sums,
    ) -> Result<(), End> {
        let lr = self.learning_rate(self.state.step.saturating_sub(1));
        let train = self.row(Span::Epoch, sums, lr);
        self.record(&train)?;
        let validation = self.validate(epoch)?;
        let better = match (&validation, &self.state.best) {
            (None, _) | (_, None) => true,
            // A small validation part ties often; cross entropy tells more than right or wrong.
            (Some((scores, _)), Some(best)) => {
                let (found, loss) = (scores.accuracy(), scores.terms.cross_entropy);
                found > best.top1 || found == best.top1 && loss <= best.loss
            }
        };
        if better {
            let scores = validation.as_ref().map(|(scores, _)| scores);
            self.state.best = Some(Best {
                epoch,
                step: self.state.step,
                top1: scores.map_or(sums.top1(), Scores::accuracy),
                loss: scores.map_or(sums.terms().cross_entropy, |s| s.terms.cross_entropy),
            });
            self.write_weights(&folder.best())?;
        }
        self.job.observer.on(Event::Epoch {
            train: &train,
            validation: validation.as_ref().map(|(_, row)| row),
            best: better,
        });
        Ok(())
    }

    fn validate(&mut self, epoch: usize) -> Result<Option<(Scores, Row)>, End> {
        if self.validation.is_empty() {
            return Ok(None);
        }
        let params = self.learner.evaluated();
        let began = Instant::now();
        let scores = self.ask(&params, self.validation.clone(), Split::Val)?;
        let took = began.elapsed().as_secs_f64();
        self.state.seconds += took;
        let row = self.scores_row(Split::Val, epoch, &scores, took);
        self.record(&row)?;
        Ok(Some((scores, row)))
    }

    fn ask(
        &mut self,
        params: &Params<B::InnerBackend>,
        subset: Subset,
        split: Split,
    ) -> Result<Scores, Error> {
        let asking = Asking {
            batch: default_batch(self.job.settings.batch),
            normalize: normalize(self.job.model, self.job.data),
            kernels: self.job.settings.kernel_choice(),
            precision: self.job.settings.precision(),
        };
        let observer = &mut *self.job.observer;
        let scores = evaluate(
            &self.network,
            params,
            subset,
            asking,
            &self.device,
            |done, total| {
                observer.on(Event::Evaluated { split, done, total });
                true
            },
        )?;
        // The watcher never asks to stop.
        Ok(scores.unwrap_or_else(|| Scores::new(self.job.model.classes)))
    }

    /// Looks at the test part, once, with the best weights.
    pub(super) fn finish(&mut self) -> Result<Outcome, End> {
        let Some(folder) = self.job.folder else {
            return Ok(Outcome::Followed {
                step: self.state.step,
            });
        };
        let best = self.state.best.unwrap_or(Best {
            epoch: 0,
            step: 0,
            top1: 0.0,
            loss: 0.0,
        });
        let file = weights::read(&folder.best())?;
        let params = Params::from_tensors(self.job.model, &file.tensors, &self.device)
            .map_err(Error::from)?;
        let began = Instant::now();
        let scores = self.ask(&params, self.test.clone(), Split::Test)?;
        let took = began.elapsed().as_secs_f64();
        let row = self.scores_row(Split::Test, best.epoch, &scores, took);
        self.record(&row)?;
        if let Some(log) = &mut self.log {
            log.sync()?;
        }
        write_json(&folder.test(), &scores)?;
        Ok(Outcome::Finished {
            best,
            test: Box::new(scores),
        })
    }
}
