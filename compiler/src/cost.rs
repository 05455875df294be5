//! What a model costs: multiply-adds and floating-point operations per node and in all, per image and per pass. What an
//! operation takes stands beside it, in `primitives`.

use serde::Serialize;

use crate::model::{Graph, NodeId};

/// The cost of one node. Work on images is per image; work on kernels alone is per forward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Multiply-adds of linear maps, convolutions (padding counted) and matrix products, per image.
    pub multiply_adds: u64,
    /// Floating-point operations of the forward pass per image: two per multiply-add, one per elementwise operation.
    pub flops: u64,
    /// Floating-point operations of the backward pass per image: each product has one gradient per factor.
    pub flops_backward: u64,
    /// Multiply-adds that do not depend on the number of images, per pass.
    pub fixed_multiply_adds: u64,
    /// Floating-point operations that do not depend on the number of images, per forward pass.
    pub fixed_flops: u64,
    /// The same for the backward pass.
    pub fixed_flops_backward: u64,
}

impl Cost {
    fn per_image(multiply_adds: u64, elementwise: u64) -> Self {
        let flops = multiply_adds.saturating_mul(2).saturating_add(elementwise);
        Self {
            multiply_adds,
            flops,
            flops_backward: flops.saturating_mul(2),
            ..Self::default()
        }
    }

    fn fixed(multiply_adds: u64, elementwise: u64) -> Self {
        let flops = multiply_adds.saturating_mul(2).saturating_add(elementwise);
        Self {
            fixed_multiply_adds: multiply_adds,
            fixed_flops: flops,
            fixed_flops_backward: flops.saturating_mul(2),
            ..Self::default()
        }
    }

    /// The sum of two costs; no number grows over what a `u64` holds.
    pub fn plus(self, other: Self) -> Self {
        Self {
            multiply_adds: self.multiply_adds.saturating_add(other.multiply_adds),
            flops: self.flops.saturating_add(other.flops),
            flops_backward: self.flops_backward.saturating_add(other.flops_backward),
            fixed_multiply_adds: self
                .fixed_multiply_adds
                .saturating_add(other.fixed_multiply_adds),
            fixed_flops: self.fixed_flops.saturating_add(other.fixed_flops),
            fixed_flops_backward: self
                .fixed_flops_backward
                .saturating_add(other.fixed_flops_backward),
        }
    }
}

/// The cost of one node.
pub fn node(graph: &Graph, id: NodeId) -> Cost {
    let node = &graph[id];
    let work = node.op.work(graph, &node.shape);
    let own = if node.shape.batched {
        Cost::per_image(work.multiply_adds, work.elementwise)
    } else {
        Cost::fixed(work.multiply_adds, work.elementwise)
    };
    match work.per_image {
        Some((multiply_adds, elementwise)) => own.plus(Cost::per_image(multiply_adds, elementwise)),
        None => own,
    }
}

/// The cost of the whole model.
pub fn total(graph: &Graph) -> Cost {
    graph
        .node_ids()
        .map(|id| node(graph, id))
        .fold(Cost::default(), Cost::plus)
}
