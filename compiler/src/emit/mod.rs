//! Emits a model as source code of its own.
//!
//! - `form`: a graph as structures, made once for all targets
//! - `target`, `writer`, `calls`, `terms`, `flow`: what a target language says, and how a structure is written by it
//! - `rust`, `pytorch`: the targets; `support`, `used`, `templates`: what is pasted
//! - `doc`, `names`, `items`, `paths`, `text`, `options`: layout, names, paths, comments, options

mod calls;
mod doc;
mod flow;
mod form;
mod items;
mod names;
mod options;
mod paths;
mod pytorch;
mod rust;
mod support;
mod target;
mod terms;
mod text;
mod used;
mod writer;

use std::fmt;

use crate::model::{Model, Op, ParamId};
use form::{Purpose, form};
use rust::Rust;

pub use options::{Beside, EmitOptions, INPUT, LOGITS};

/// Emitted source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The text of the one file.
    pub source: String,
}

/// Emits a Rust file that needs only `burn` 0.22 (with its `std` and `store` features) and runs on any of its devices.
///
/// It holds a Burn module with a structure for each block, its loader of weight files, and the statements of the
/// operations it uses: the ones `--kernels composed` runs, in the same order. With [`EmitOptions::fresh`] it can also
/// draw parameters to train from the start.
pub fn rust(model: &Model, options: &EmitOptions<'_>) -> Emitted {
    let (purpose, rust) = match options.fresh {
        true => (Purpose::Beginning, Rust::Fresh),
        false => (Purpose::Given, Rust::Std),
    };
    let form = form(model.primitives(), purpose);
    Emitted {
        source: rust::source(rust, model, &form, options),
    }
}

/// Emits the same as [`rust`] for crates without the standard library: it needs only `alloc` and `burn` 0.22 without its
/// default features, on its device `flex`.
///
/// A flat file of 32-bit floats, little-endian, in the order of [`flat()`], takes the place of the `.safetensors` file.
///
/// # Errors
/// If the model has slow nets, whose sines need more than `core` offers: freezing stores what they make.
pub fn no_std(model: &Model, options: &EmitOptions<'_>) -> Result<Emitted, SlowNets> {
    refuse_slow_nets(model)?;
    let form = form(model.primitives(), Purpose::Inference);
    Ok(Emitted {
        source: rust::source(Rust::NoStd, model, &form, options),
    })
}

/// The order in which [`no_std`] source takes the parameters from a flat file: that of its fields.
///
/// # Errors
/// If the model is none that [`no_std`] emits.
pub fn flat(model: &Model) -> Result<Vec<ParamId>, SlowNets> {
    refuse_slow_nets(model)?;
    let form = form(model.primitives(), Purpose::Inference);
    Ok(form
        .locations
        .iter()
        .map(|location| location.param)
        .collect())
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
    let is_slow = |op: &Op| matches!(op, Op::Coordinates(_) | Op::Fourier(_));
    match model
        .primitives()
        .nodes
        .iter()
        .any(|node| is_slow(&node.op))
    {
        true => Err(SlowNets),
        false => Ok(()),
    }
}

/// Emits a Python file that needs only `torch` and `safetensors`: an `nn.Module` of the same structures, and its loader.
pub fn pytorch(model: &Model, options: &EmitOptions<'_>) -> Emitted {
    let form = form(model.primitives(), Purpose::Beginning);
    Emitted {
        source: pytorch::source(model, &form, options),
    }
}
