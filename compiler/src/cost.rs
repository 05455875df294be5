//! What a model costs: multiply-adds, floating-point operations and bytes per node, counted from shapes alone.

use serde::Serialize;

use crate::model::{Context, Graph, NodeId, Op, Over, SlowNet};

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

    /// The sum of two costs.
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
    let size = |id: NodeId| graph[id].shape.per_image() as u64;
    let out = node.shape.per_image() as u64;
    let elementwise = |per_scalar: u64| {
        let work = out.saturating_mul(per_scalar);
        if node.shape.batched {
            Cost::per_image(0, work)
        } else {
            Cost::fixed(0, work)
        }
    };
    match &node.op {
        Op::Input | Op::Constant(_) | Op::Tile { .. } | Op::Concat(_) => Cost::default(),
        Op::Kernel(net) => slow_net(net),
        Op::ContextKernel {
            net,
            context,
            source,
        } => {
            let channels = graph[*source].shape.channels as u64;
            slow_net(net).plus(context_path(net, context, size(*source), channels))
        }
        Op::Add(..) | Op::Mul(..) | Op::Bias { .. } | Op::Dropout { .. } => elementwise(1),
        Op::MatMul(a, _) => Cost::per_image(out.saturating_mul(graph[*a].shape.width as u64), 0),
        Op::Pointwise { x, .. } => {
            Cost::per_image(out.saturating_mul(graph[*x].shape.channels as u64), out)
        }
        Op::Depthwise { kernel, .. } => {
            let plane = graph[*kernel].shape;
            Cost::per_image(out.saturating_mul((plane.height * plane.width) as u64), 0)
        }
        // Mean, centred squares, scale.
        Op::Standardize {
            over: Over::Instance | Over::Batch | Over::Groups(_),
            ..
        }
        | Op::StandardizeScaled { .. } => elementwise(6),
        Op::Standardize {
            over: Over::OddGroups(groups),
            ..
        } => {
            let groups = *groups as u64;
            let odd = out / groups.max(1) * (groups / 2);
            Cost::per_image(0, odd.saturating_mul(6))
        }
        Op::Rescale { .. } => elementwise(2),
        Op::Gelu(_) => elementwise(8),
        Op::Sigmoid(_) => elementwise(4),
        Op::ChannelMean(x) | Op::SpatialMean(x) => Cost::per_image(0, size(*x)),
    }
}

fn slow_net(net: &SlowNet) -> Cost {
    let (positions, hidden) = (net.grid.positions() as u64, net.hidden as u64);
    let layers = net.layers() as u64;
    let filters = (layers + 1) * net.grid.dims() as u64 * hidden;
    let maps = filters + layers * hidden * hidden + net.outputs as u64 * hidden;
    // A sine per filter output; a product and a sum per layer.
    let elementwise = positions * hidden * ((layers + 1) * 8 + layers * 2);
    Cost::fixed(positions.saturating_mul(maps), elementwise)
}

fn context_path(net: &SlowNet, context: &Context, source: u64, channels: u64) -> Cost {
    let (positions, hidden) = (net.grid.positions() as u64, net.hidden as u64);
    let layers = context.layers.len() as u64;
    let fixed = Cost::fixed(
        positions * hidden * hidden * (layers + 1),
        positions * hidden * (8 + layers * 6),
    );
    // Pooling reads every scalar of the source; `reduce` runs on each image's pooled context.
    fixed.plus(Cost::per_image(
        positions.saturating_mul(hidden * channels),
        source,
    ))
}

/// The cost of the whole model.
pub fn total(graph: &Graph) -> Cost {
    graph
        .node_ids()
        .map(|id| node(graph, id))
        .fold(Cost::default(), Cost::plus)
}
