//! Functions of numbers, and the words that say how stored tensors start: all that can be called besides blocks and primitives.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::{Start, StartKind};

/// A function of values that are known while compiling.
pub(crate) struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it yields, in the words of the reference.
    pub doc: &'static str,
    /// The names of its arguments; the last may repeat where `more` is set.
    pub arguments: &'static [&'static str],
    /// Whether the last argument may be given any number of times.
    pub more: bool,
    /// Whether all arguments may be left out.
    pub bare: bool,
    /// What it computes.
    pub body: FunctionBody,
}

impl Function {
    /// What it is called among the names of the language.
    pub fn kind(&self) -> &'static str {
        match self.body {
            FunctionBody::Number(_) | FunctionBody::Select(_) => "function of numbers",
            FunctionBody::Start(_) | FunctionBody::Fixed => "start of a trained tensor",
        }
    }
}

/// What a [`Function`] computes.
#[derive(Clone, Copy)]
pub(crate) enum FunctionBody {
    /// A number of numbers; None where it is not defined.
    Number(fn(&[f64]) -> Option<f64>),
    /// The same, whole if all arguments are.
    Select(fn(f64, f64) -> f64),
    /// A start of numbers.
    Start(fn(&[f64]) -> StartKind),
    /// A start that is never trained, of a start.
    Fixed,
}

/// PyTorch's gain where none is given.
const GAIN: f64 = std::f64::consts::SQRT_2;

/// All of them, in the order of the reference.
pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "sqrt",
        doc: "The square root.",
        arguments: &["x"],
        more: false,
        bare: false,
        body: FunctionBody::Number(|x| x.first().map(|x| x.sqrt()).filter(|y| y.is_finite())),
    },
    Function {
        name: "min",
        doc: "The smallest argument.",
        arguments: &["a", "b"],
        more: true,
        bare: false,
        body: FunctionBody::Select(f64::min),
    },
    Function {
        name: "max",
        doc: "The largest argument.",
        arguments: &["a", "b"],
        more: true,
        bare: false,
        body: FunctionBody::Select(f64::max),
    },
    Function {
        name: "uniform",
        doc: "Uniform on `[-bound, bound]`.",
        arguments: &["bound"],
        more: false,
        bare: false,
        body: FunctionBody::Start(|a| StartKind::Uniform(first(a))),
    },
    Function {
        name: "normal",
        doc: "Normal with mean 0 and this standard deviation.",
        arguments: &["std"],
        more: false,
        bare: false,
        body: FunctionBody::Start(|a| StartKind::Normal(first(a))),
    },
    Function {
        name: "kaiming_uniform",
        doc: "Uniform with bound `gain * sqrt(3 / fan_in)`; the gain is `sqrt(2)` if left out.",
        arguments: &["gain"],
        more: false,
        bare: true,
        body: FunctionBody::Start(|a| {
            StartKind::KaimingUniform(a.first().copied().unwrap_or(GAIN))
        }),
    },
    Function {
        name: "kaiming_normal",
        doc: "Normal with deviation `gain / sqrt(fan_in)`; the gain is `sqrt(2)` if left out.",
        arguments: &["gain"],
        more: false,
        bare: true,
        body: FunctionBody::Start(|a| StartKind::KaimingNormal(a.first().copied().unwrap_or(GAIN))),
    },
    Function {
        name: "gamma_uniform",
        doc: "Uniform on `[-bound, bound]`, each scalar times a draw from Gamma(concentration, 1).",
        arguments: &["bound", "concentration"],
        more: false,
        bare: false,
        body: FunctionBody::Start(|a| {
            StartKind::GammaUniform(first(a), a.get(1).copied().unwrap_or(1.0))
        }),
    },
    Function {
        name: "fixed",
        doc: "The same start for a tensor that is never trained; a fixed number is not stored at all.",
        arguments: &["start"],
        more: false,
        bare: false,
        body: FunctionBody::Fixed,
    },
];

fn first(arguments: &[f64]) -> f64 {
    arguments.first().copied().unwrap_or(0.0)
}

/// The function of this name.
pub(crate) fn function(name: &str) -> Option<&'static Function> {
    static BY_NAME: LazyLock<FxHashMap<&str, &Function>> =
        LazyLock::new(|| FUNCTIONS.iter().map(|f| (f.name, f)).collect());
    BY_NAME.get(name).copied()
}

/// The start that a bare word stands for: `none`, or a function whose arguments may be left out.
pub(crate) fn bare_start(word: &str) -> Option<Start> {
    if word == "none" {
        return Some(Start::new(StartKind::None));
    }
    let found = function(word).filter(|f| f.bare)?;
    match found.body {
        FunctionBody::Start(make) => Some(Start::new(make(&[]))),
        _ => None,
    }
}
