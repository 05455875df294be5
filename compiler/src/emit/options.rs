//! What emission may look at besides the model.

use crate::source::Sources;

/// What emission may look at besides the model.
#[derive(Clone, Copy, Debug)]
pub struct EmitOptions<'a> {
    /// The texts the model was compiled from: the first one's name stands in the emitted file.
    pub sources: &'a Sources,
    /// The files beside the emitted one that it takes its parameters from; None leaves the loader alone.
    pub beside: Option<Beside<'a>>,
    /// Whether Rust with the standard library also says how parameters start, to be trained from there. PyTorch's modules
    /// always do.
    pub fresh: bool,
}

impl<'a> EmitOptions<'a> {
    /// Source that is given its parameters when it runs.
    pub fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            beside: None,
            fresh: false,
        }
    }
}

/// Files in the folder of the emitted one, by their names there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside<'a> {
    /// A `.safetensors` file of the model's parameters and nothing else: embedded in Rust, the default in Python. For
    /// [`no_std`](super::no_std) a flat file of them in the order of [`flat()`](super::flat()).
    pub weights: &'a str,
    /// A `.safetensors` file of [`INPUT`] and the [`LOGITS`] the parameters give for it: the emitted test reads it. For
    /// [`no_std`](super::no_std) a flat file of both.
    pub check: Option<&'a str>,
}

/// Name of the images in a [`Beside::check`] file.
pub const INPUT: &str = "input";
/// Name of their logits.
pub const LOGITS: &str = "logits";
