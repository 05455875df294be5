//! Stored tensors: path, shape, how they start, and which penalty counts them.

use termc_grammar::ast::Span;

/// One stored tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Unique path, stable under changes elsewhere: `b[2].fast.rgu[0].k.weight`.
    pub path: String,
    /// Sizes, row-major: a weight `[out, in]`, a bias `[out]`, a `param` `[channels, positions...]`, a stored value of a
    /// frozen model `[1, channels, height, width]`.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    /// Whether training changes it; `fixed(...)` tensors are stored and never trained.
    pub trained: bool,
    /// Slow (inside a slow net) or fast.
    pub kind: ParamKind,
    /// Which part of the weight-norm penalty counts it.
    pub penalty: Penalty,
    /// The expression it comes from.
    pub span: Span,
}

impl Param {
    /// Number of scalars.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Slow nets generate kernels; everything else is fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Part of a slow net: of a block that has a `grid` parameter.
    Slow,
    /// Any other parameter.
    Fast,
}

/// Which coefficient of `weight_norm(fast, slow)` multiplies the parameter's L2 norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Penalty {
    /// Neither.
    None,
    /// `fast`.
    Fast,
    /// `slow`.
    Slow,
}

/// How a tensor starts, fans and gains already worked in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// This value everywhere.
    Constant(f64),
    /// Uniform on `[-bound, bound]`.
    Uniform {
        /// Half the width.
        bound: f64,
    },
    /// Normal with mean 0.
    Normal {
        /// Standard deviation.
        std: f64,
    },
    /// Uniform on `[-bound, bound]` times a Gamma(`concentration`, 1) variate per scalar.
    GammaUniform {
        /// Half the width of the uniform factor.
        bound: f64,
        /// Shape of the Gamma distribution.
        concentration: f64,
    },
}
