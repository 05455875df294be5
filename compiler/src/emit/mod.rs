//! Emits a model as source code of its own.
//!
//! - `form`: a graph as structures, made once for all targets
//! - `target`, `writer`, `calls`, `terms`, `flow`: what a target language says, and how a structure is written by it
//! - `rust`, `pytorch`: the targets; `support`, `templates`: what is pasted
//! - `doc`, `names`, `items`, `paths`, `text`: layout, names, paths, comments

mod calls;
mod doc;
mod flow;
mod form;
mod items;
mod names;
mod paths;
mod pytorch;
mod rust;
mod support;
mod target;
mod terms;
mod text;
mod writer;

use std::collections::HashSet;
use std::fmt;

use crate::model::{Model, Op, ParamId};
use crate::primitives::written::Code;
use crate::source::Sources;
use form::{Expr, FieldKind, Form, form};
use rust::Rust;
use target::Target;

/// What emission may look at besides the model.
#[derive(Clone, Copy, Debug)]
pub struct EmitOptions<'a> {
    /// The texts the model was compiled from: the first one's name stands in the emitted file.
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
/// It holds a Burn module with a structure for each block, its loader of weight files, and the statements of the
/// operations it uses: the ones `--kernels composed` runs, in the same order.
pub fn rust(model: &Model, options: &EmitOptions<'_>) -> Emitted {
    let form = form(model.primitives(), false);
    Emitted {
        source: rust::source(Rust::Std, model, &form, options),
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
    let form = form(model.primitives(), true);
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
    let form = form(model.primitives(), true);
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
    let form = form(model.primitives(), false);
    Emitted {
        source: pytorch::source(model, &form, options),
    }
}

/// The functions of modules of the support code that forward passes call: `Linear::forward`.
fn held(form: &Form) -> HashSet<String> {
    let mut used = HashSet::new();
    for structure in &form.structures {
        let mut see = |expr: &Expr| {
            let Expr::Op(op) = expr else { return };
            let field = op.held.as_ref().map(|held| &held.name);
            let field = structure
                .fields
                .iter()
                .find(|known| Some(&known.name) == field);
            if let Some(FieldKind::Module(kind, _)) = field.map(|field| &field.kind) {
                methods(&op.burn, kind, &mut used);
            }
        };
        structure.each_expr(&mut see);
    }
    used
}

/// What is called on what is held.
fn methods(code: &Code, kind: &str, used: &mut HashSet<String>) {
    if let Code::Method(on, method, _) = code
        && **on == Code::Held
    {
        used.insert(format!("{kind}::{method}"));
    }
    code.each_inner(&mut |inner| methods(inner, kind, used));
}

/// The functions that the calls of primitives name in a target.
fn functions(form: &Form, target: &dyn Target) -> HashSet<String> {
    let mut names = HashSet::new();
    for structure in &form.structures {
        let mut see = |expr: &Expr| {
            if let Expr::Op(op) = expr {
                writer::functions(target.code(&op.burn, &op.torch), &mut names);
            }
        };
        structure.each_expr(&mut see);
    }
    names
}
