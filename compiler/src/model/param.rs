//! Trainable parameters: path, shape, initial distribution and which penalty counts them.

use super::Span;

/// One trainable tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// Unique path, stable under changes elsewhere: `b2.fast_rgu_0_k.weight`.
    pub path: String,
    /// Sizes, row-major.
    pub shape: Vec<usize>,
    /// Initial distribution.
    pub init: Init,
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
    /// Part of a slow net.
    Slow,
    /// Any other parameter.
    Fast,
}

/// Which coefficient of `weight_norm(fast:, slow:)` multiplies the parameter's L2 norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Penalty {
    /// Neither.
    None,
    /// Local mixers and their biases, mixers, bottlenecks.
    Fast,
    /// Two-dimensional convolution weights of slow nets and gated units.
    Slow,
}

/// Initial distribution, fans and gains already worked in.
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
    /// Uniform on `[-bound, bound]` times `scale` times a Gamma(`concentration`, 1) variate per scalar.
    Filter {
        /// Half the width of the uniform factor.
        bound: f64,
        /// `2 * pi * omega`.
        scale: f64,
        /// Shape of the Gamma distribution.
        concentration: f64,
    },
}
