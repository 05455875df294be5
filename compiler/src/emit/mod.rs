//! Emits a model as source code of its own: decisions are made in passes and views, templates only print.

mod body;
mod construct;
mod fields;
mod flat;
mod layout;
mod names;
mod plan;
mod pytorch;
mod rust;
mod statements;
mod stored;
mod support;
mod text;

use std::fmt;

use crate::model::{Model, Op, ParamId};
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
    /// A `.safetensors` file of the model's parameters and nothing else: embedded in Rust, the default in Python. For
    /// [`no_std`] a flat file of them in the order of [`flat()`].
    pub weights: &'a str,
    /// A `.safetensors` file of [`INPUT`] and the [`LOGITS`] the parameters give for it: the emitted test reads it. For
    /// [`no_std`] a flat file of both.
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

/// Emits a Rust file that needs only `burn` 0.22 (with its `std` and `store` features) and runs on any of its devices.
///
/// It holds a Burn module whose parameter paths are the model's, its loader, its forward pass, and the statements of
/// the operations it uses: the ones `--kernels composed` runs, in the same order.
pub fn rust(model: &Model, options: &EmitOptions<'_>) -> Emitted {
    let plan = plan::plan(model);
    Emitted {
        source: rust::source(model, &plan, options, Form::Std),
    }
}

/// Emits the same as [`rust`] for crates without the standard library: it needs only `alloc` and `burn` 0.22 without its
/// default features, on its device `flex`.
///
/// A flat file of 32-bit floats, little-endian, in the order of [`flat()`], takes the place of the `.safetensors` file.
///
/// # Errors
/// If the model has slow nets, whose fresh parameters and sines need more than `core` offers: freezing stores what they
/// make.
pub fn no_std(model: &Model, options: &EmitOptions<'_>) -> Result<Emitted, SlowNets> {
    refuse_slow_nets(model)?;
    let plan = plan::of_stored(model);
    Ok(Emitted {
        source: rust::source(model, &plan, options, Form::NoStd),
    })
}

/// The order in which [`no_std`] source takes the parameters from a flat file: that of its fields.
///
/// # Errors
/// If the model is none that [`no_std`] emits.
pub fn flat(model: &Model) -> Result<Vec<ParamId>, SlowNets> {
    refuse_slow_nets(model)?;
    Ok(flat::order(model, &plan::of_stored(model)))
}

/// Why a model is not emitted for `no_std`: it is not frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlowNets;

impl fmt::Display for SlowNets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("has slow nets, which need the standard library")
    }
}

impl std::error::Error for SlowNets {}

fn refuse_slow_nets(model: &Model) -> Result<(), SlowNets> {
    let is_slow = |op: &Op| matches!(op, Op::Kernel(_) | Op::ContextKernel { .. });
    match model.nodes.iter().any(|node| is_slow(&node.op)) {
        true => Err(SlowNets),
        false => Ok(()),
    }
}

/// What emitted Rust may count on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The standard library and Burn's store.
    Std,
    /// `core` and `alloc`.
    NoStd,
}

/// Emits a Python file that needs only `torch` and `safetensors`: an `nn.Module` whose state has the model's parameter
/// paths, and its loader.
pub fn pytorch(model: &Model, options: &EmitOptions<'_>) -> Emitted {
    let plan = plan::plan(model);
    Emitted {
        source: pytorch::source(model, &plan, options),
    }
}
