//! `linear(x, channels, ...)`: a linear map of the channels at each position.

use super::{Primitive, Visitor, Work};
use crate::model::{Graph, NodeId, ParamId, Shape};

/// Weight `[out, in]` and bias `[out]` of a linear map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    /// `[out, in]`
    pub weight: ParamId,
    /// `[out]`; None where `bias=none` was written.
    pub bias: Option<ParamId>,
}

impl Affine {
    /// Shows the visitor the weight, then the bias.
    pub(crate) fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.param(&mut self.weight);
        if let Some(bias) = &mut self.bias {
            visitor.param(bias);
        }
    }
}

/// `weight x + bias` at each position: a 1x1 convolution, or a dense layer where there are no positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// The value.
    pub x: NodeId,
    /// Weight and bias.
    pub affine: Affine,
}

impl Primitive for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(&mut self.x);
        self.affine.visit(visitor);
    }

    fn work(&self, _graph: &Graph, _shape: &Shape) -> Work {
        Work::default()
    }
}
