//! The values of nodes while a pass runs, each until its last reader. Computes only concatenations that were put off.

use burn::tensor::Tensor;
use termc_compiler::model::NodeId;
use termc_kernels::Parts;
use termc_kernels::composed::elementwise;

use super::precision::joined;

/// The value of a node.
#[allow(clippy::large_enum_variant, reason = "nearly all are whole")]
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// As one tensor.
    Whole(Tensor<4>),
    /// A concatenation or tiling that is not made.
    Parts(Parts),
}

/// The values computed and not yet freed.
pub(super) struct Values(Vec<Option<Value>>);

/// Operands come before users and are freed after the last one, so a value that is asked for is there.
#[allow(
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "checked models list operands first; values are freed after their last reader"
)]
impl Values {
    /// No values yet, of so many nodes.
    pub fn new(nodes: usize) -> Self {
        Self(vec![None; nodes])
    }

    pub fn get(&self, id: NodeId) -> Tensor<4> {
        match &self.0[id.index()] {
            Some(Value::Whole(value)) => value.clone(),
            Some(Value::Parts(parts)) => elementwise::concat(joined(parts.clone().expanded())),
            None => unreachable!("a value is read before it is computed"),
        }
    }

    pub fn parts(&self, id: NodeId) -> Parts {
        match &self.0[id.index()] {
            Some(Value::Parts(parts)) => parts.clone(),
            _ => vec![self.get(id)].into(),
        }
    }

    pub fn has(&self, id: NodeId) -> bool {
        self.0[id.index()].is_some()
    }

    pub fn set(&mut self, id: NodeId, value: Value) {
        self.0[id.index()] = Some(value);
    }

    pub fn free(&mut self, id: NodeId) {
        self.0[id.index()] = None;
    }
}
