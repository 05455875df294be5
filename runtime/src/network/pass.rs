//! How a forward pass is run: what it returns besides the logits, dropout, types, kernels. Runs nothing.

use termc_compiler::model::NodeId;
use termc_data::random::Key;
use termc_kernels::KernelChoice;

use super::Precision;

/// Channel dropout of one training step.
#[derive(Clone, Copy, Debug)]
pub struct Dropout {
    /// The step's stream; each dropout node narrows it by its name.
    pub key: Key,
    /// Position of the batch's first image in the step, so that parts of a batch drop what the whole would.
    pub first_image: usize,
}

/// Which values a forward pass keeps besides the logits and the kernels of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep<'a> {
    /// None.
    #[default]
    Nothing,
    /// Those the author named.
    Named,
    /// Every one.
    All,
    /// Those that exist as a whole where nodes are computed together.
    Made,
    /// These.
    These(&'a [NodeId]),
}

/// Changes values on purpose, to see what follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Perturbation {
    /// How much, as a fraction of each number.
    pub amount: f64,
    /// Which of the many ways to change the numbers so.
    pub draw: u64,
    /// Only the value of this node.
    pub only: Option<NodeId>,
    /// Changes the gradient alone.
    pub gradient: bool,
}

/// How to run a forward pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pass<'a> {
    /// Dropout; None outside training, where running statistics count in place of the batch's.
    pub dropout: Option<Dropout>,
    /// What else to return.
    pub keep: Keep<'a>,
    /// Whether gradients of what is kept will be asked for.
    pub leaves: bool,
    /// Which code to use.
    pub kernels: KernelChoice,
    /// Type of the activations.
    pub precision: Precision,
    /// What to change on purpose; None outside checks.
    pub perturbation: Option<Perturbation>,
}
