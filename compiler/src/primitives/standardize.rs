//! `standardize(x, over, eps)`: zero mean and unit variance over axes.

use super::{Primitive, Visitor, Work};
use crate::model::{Axes, Graph, NodeId, Shape};

/// Over what a standardization takes its mean and variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// These axes.
    Axes(Axes),
    /// G-IBS: this many equal groups of channels, even ones (0, 2, ...) over batch and positions, odd ones over the positions of each image. Only lowering makes it.
    Groups(usize),
    /// The same with the even groups left as they are; only in frozen models.
    OddGroups(usize),
}

/// `(x - mean) / sqrt(var + eps)` with the biased variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standardize {
    /// The value.
    pub x: NodeId,
    /// Where mean and variance are taken.
    pub over: Over,
    /// Added to the variance.
    pub eps: f64,
}

impl Primitive for Standardize {
    fn name(&self) -> &'static str {
        "standardize"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }

    fn couples(&self) -> bool {
        match self.over {
            Over::Axes(axes) => axes.batch,
            // The even groups, group 0 among them, are standardized over the batch.
            Over::Groups(_) => true,
            Over::OddGroups(_) => false,
        }
    }
}
