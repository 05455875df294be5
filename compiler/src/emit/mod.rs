//! Emits a model as source code of its own: decisions are made in passes and views, templates only print.

mod body;
mod construct;
mod fields;
mod layout;
mod names;
mod plan;
mod pytorch;
mod rust;
mod statements;
mod support;
mod text;

use crate::model::Model;
use crate::source::Sources;

/// What emission may look at besides the model.
#[derive(Clone, Copy, Debug)]
pub struct EmitOptions<'a> {
    /// The texts the model was compiled from: emitted comments quote them and name their lines.
    pub sources: &'a Sources,
    /// The files beside the emitted one that it takes its parameters from; None leaves the loader alone.
    pub beside: Option<Beside<'a>>,
}

impl<'a> EmitOptions<'a> {
    /// Source that is given its parameters when it runs.
    pub fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            beside: None,
        }
    }
}

/// Files in the folder of the emitted one, by their names there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beside<'a> {
    /// A `.safetensors` file of the model's parameters and nothing else: embedded in Rust, the default in Python.
    pub weights: &'a str,
    /// A `.safetensors` file of [`INPUT`] and the [`LOGITS`] the parameters give for it: the emitted test reads it.
    pub check: Option<&'a str>,
}

/// Name of the images in a [`Beside::check`] file.
pub const INPUT: &str = "input";
/// Name of their logits.
pub const LOGITS: &str = "logits";

/// Emitted source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The text of the one file.
    pub source: String,
}

/// Emits a Rust file that needs only `burn` 0.21 (with its `std` and `store` features).
///
/// It holds a Burn module whose parameter paths are the model's, its loader, its forward pass, and the statements of
/// the operations it uses: the ones `--kernels composed` runs, in the same order.
pub fn rust(model: &Model, options: &EmitOptions<'_>) -> Emitted {
    let plan = plan::plan(model);
    Emitted {
        source: rust::source(model, &plan, options),
    }
}

/// Emits a Python file that needs only `torch` and `safetensors`: an `nn.Module` whose state has the model's parameter
/// paths, and its loader.
pub fn pytorch(model: &Model, options: &EmitOptions<'_>) -> Emitted {
    let plan = plan::plan(model);
    Emitted {
        source: pytorch::source(model, &plan, options),
    }
}
