//! What is minimised and how: loss terms, optimizer, schedule, augmentation.

use serde::Serialize;

use super::NodeId;

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

/// The kinds of loss terms.
#[derive(Clone, Debug, PartialEq)]
pub enum LossKind {
    /// Cross entropy of the output (mean over the batch) against labels smoothed by `smoothing`.
    CrossEntropy {
        /// Label smoothing, `0 <= smoothing < 1`.
        smoothing: f64,
    },
    /// The sum over pairs j < i of the mean squared distance of kernels j and i.
    SlowNeural {
        /// How kernels of different channel counts are compared.
        compare: Compare,
        /// The kernels, in order.
        kernels: Vec<NodeId>,
    },
    /// `fast` times the sum of L2 norms (not squared) of parameters with `Penalty::Fast` plus `slow` times that of slow ones.
    WeightNorm {
        /// Coefficient of parameters with `Penalty::Fast`.
        fast: f64,
        /// Coefficient of parameters with `Penalty::Slow`.
        slow: f64,
    },
}

/// How [`LossKind::SlowNeural`] compares two kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Sums over channels are compared.
    ChannelSum,
    /// The earlier kernel's channels are repeated to match the later one's.
    Tile,
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

/// Update rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Optimizer {
    /// `p -= lr * (sign g + sign m)`, `m` from before the step.
    Kar2 {
        /// Learning rate.
        lr: f64,
        /// Decay of the average.
        beta: f64,
    },
    /// `p -= lr * (sign g + sign m1 + sign m2)`, averages from before the step.
    Kar3 {
        /// Learning rate.
        lr: f64,
        /// Decays of the two averages.
        betas: [f64; 2],
    },
    /// AdamW with decoupled weight decay.
    AdamW {
        /// Learning rate.
        lr: f64,
        /// Decays of the two moments.
        betas: [f64; 2],
        /// Added to the denominator.
        eps: f64,
        /// Decoupled decay.
        weight_decay: f64,
    },
    /// Stochastic gradient descent.
    Sgd {
        /// Learning rate.
        lr: f64,
        /// Momentum, 0 for none.
        momentum: f64,
        /// L2 decay added to the gradient.
        weight_decay: f64,
        /// Nesterov's form.
        nesterov: bool,
    },
}

impl Optimizer {
    /// The base learning rate.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Kar2 { lr, .. }
            | Self::Kar3 { lr, .. }
            | Self::AdamW { lr, .. }
            | Self::Sgd { lr, .. } => *lr,
        }
    }
}

/// Factor on the base learning rate over time; `warmup` is a linear rise from 0 over that many epochs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Schedule {
    /// 1 after the warm-up.
    Constant {
        /// Epochs.
        warmup: f64,
    },
    /// Half a cosine from 1 to `floor` after the warm-up.
    WarmupCosine {
        /// Epochs.
        warmup: f64,
        /// Last factor.
        floor: f64,
    },
    /// Multiplied by `factor` every `every` epochs after the warm-up.
    Step {
        /// Epochs between drops.
        every: f64,
        /// Factor of each drop.
        factor: f64,
        /// Epochs.
        warmup: f64,
    },
    /// Cosine rise from `1 / start` to 1 over the first `rise` of all steps, then cosine fall to `1 / end`.
    OneCycle {
        /// Fraction of steps that rise.
        rise: f64,
        /// Initial divisor.
        start: f64,
        /// Final divisor.
        end: f64,
    },
}

/// Random changes of training images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Augment {
    /// Pads by `padding` on each side, then cuts the original size at a random place.
    RandomCrop {
        /// Pixels.
        padding: usize,
        /// What the padding holds.
        mode: PadMode,
    },
    /// Mirrors left and right with probability one half.
    HorizontalFlip,
    /// Turns, shears, scales and moves the image about its centre, each by a random amount; bilinear, black outside.
    RandomAffine {
        /// Largest turn to either side, in degrees.
        degrees: f64,
        /// Largest horizontal shear to either side, in degrees.
        shear: f64,
        /// Largest change of size, as a fraction of it.
        scale: f64,
        /// Largest move along each axis, as a fraction of the image's side.
        translate: f64,
    },
    /// Zeroes a random rectangle (after normalization: the mean colour).
    RandomErasing {
        /// How often.
        probability: f64,
        /// Smallest and largest area as fractions of the image.
        area: [f64; 2],
    },
    /// Blends pairs of images and labels with weight Beta(alpha, alpha).
    Mixup {
        /// Parameter of the Beta distribution.
        alpha: f64,
    },
    /// Pastes a rectangle of another image, labels blended by area; area fraction 1 - Beta(alpha, alpha).
    Cutmix {
        /// Parameter of the Beta distribution.
        alpha: f64,
    },
}

/// What padding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PadMode {
    /// Zeros (black).
    Zero,
    /// The image mirrored at its edge, the edge pixel repeated.
    Symmetric,
}

/// Channel statistics of pixel values scaled to `[0, 1]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Normalize {
    /// Subtracted, one per channel.
    pub mean: Vec<f64>,
    /// Divided by, one per channel, positive.
    pub std: Vec<f64>,
}

/// Gradient clipping.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Clip {
    /// Scales all gradients so that their joint L2 norm is at most this.
    Norm(f64),
    /// Clamps each gradient scalar to `[-v, v]`.
    Value(f64),
}
