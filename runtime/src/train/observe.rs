//! What a training tells whoever watches it. Prints and draws nothing itself.

use std::path::Path;

use super::checkpoint::State;
use super::metrics::{Row, Split};
use super::scores::Sums;
use crate::objective::TermValues;

/// Watches a training.
pub trait Observer {
    /// Is told what happens, in order, on the training's own thread.
    fn on(&mut self, event: Event<'_>);
}

/// What happens.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The first step is about to be made.
    Started {
        /// Images to train on, to validate on and to test on.
        images: [usize; 3],
        /// Optimizer steps in one epoch.
        steps_per_epoch: usize,
        /// Where the training goes on.
        state: &'a State,
    },
    /// An optimizer step was made.
    Step(&'a Progress),
    /// Some images of a part were classified.
    Evaluated {
        /// Which part.
        split: Split,
        /// Images classified.
        done: usize,
        /// Images there are.
        total: usize,
    },
    /// An epoch is over.
    Epoch {
        /// What the steps added up.
        train: &'a Row,
        /// What validation found, if there is a validation part.
        validation: Option<&'a Row>,
        /// Whether it is the best so far.
        best: bool,
    },
    /// A checkpoint was written.
    Saved(&'a Path),
}

/// Where a training is after a step.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Counted from 1.
    pub epoch: usize,
    /// Optimizer steps done, over all epochs.
    pub step: usize,
    /// Of how many.
    pub steps: usize,
    /// Batches done in this epoch.
    pub batch: usize,
    /// Of how many.
    pub batches: usize,
    /// The step's loss terms.
    pub terms: TermValues,
    /// Everything the epoch has added up so far.
    pub sums: Sums,
    /// The step's learning rate.
    pub lr: f64,
    /// Images of the step.
    pub images: usize,
    /// Seconds the step took, waiting for images included.
    pub seconds: f64,
}
