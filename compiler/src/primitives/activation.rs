//! `gelu`, `sigmoid`, `tanh`, `sin`, `exp`: functions of each scalar.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, Shape};

/// A function of one scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `x / 2 (1 + erf(x / sqrt(2)))`, the exact form.
    Gelu,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// Sine.
    Sin,
    /// Exponential.
    Exp,
}

impl Function {
    /// Its name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gelu => "gelu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Sin => "sin",
            Self::Exp => "exp",
        }
    }
}

/// A function of each scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Activation {
    /// Which.
    pub function: Function,
    /// Of what.
    pub x: NodeId,
}

impl Primitive for Activation {
    fn name(&self) -> &'static str {
        self.function.name()
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
