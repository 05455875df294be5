//! What is minimised and how. The kinds of loss terms, optimizers and so on stand beside what a file writes for them.

use serde::Serialize;

pub use super::augmentations::{Augment, PadMode};
pub use super::clips::Clip;
pub use super::losses::{Compare, LossKind};
pub use super::normalizers::Normalize;
pub use super::optimizers::Optimizer;
pub use super::schedules::Schedule;

/// One term of the loss, which is the sum of its terms.
#[derive(Clone, Debug, PartialEq)]
pub struct LossTerm {
    /// Its name in the file: that of the term, or the one written before `=`.
    pub name: String,
    /// Factor.
    pub weight: f64,
    /// What it is.
    pub kind: LossKind,
}

/// The training recipe.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Train {
    /// The update rule.
    pub optimizer: Optimizer,
    /// The learning rate over time.
    pub schedule: Schedule,
    /// Passes over the training part.
    pub epochs: usize,
    /// Images per step.
    pub batch: usize,
    /// Applied to training images in this order.
    pub augment: Vec<Augment>,
    /// Channel statistics; None means the data set's own.
    pub normalize: Option<Normalize>,
    /// Gradient clipping.
    pub clip: Option<Clip>,
    /// Decay of the exponential moving average of the weights, per step.
    pub ema: Option<f64>,
    /// Batches whose gradients are averaged into one step.
    pub accumulate: usize,
}
