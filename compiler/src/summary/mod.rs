//! What a model consists of and costs: its block calls as a tree, its values one by one, and totals. Computes no values.

pub mod csv;
mod table;
mod words;

use std::collections::HashMap;

use serde::Serialize;

use crate::analysis::{Dependence, dependence};
use crate::bug::bug;
use crate::cost::{self, Cost};
use crate::model::{InstanceId, Model, Node, NodeId, ParamId, ParamKind, Shape};

pub use crate::lower::{Recognised, recognised};
pub use words::{bytes, grouped, operation};

/// Bytes of one scalar in training and inference.
const SCALAR: u64 = 4;

/// The whole summary.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Name of the model or variant.
    pub model: String,
    /// Images per batch that bytes are given for.
    pub batch: usize,
    /// The model and the blocks that it calls.
    pub root: Call,
    /// One row per value, as they are computed.
    pub nodes: Vec<Row>,
    /// Block calls.
    pub blocks: usize,
    /// Stored scalars.
    pub parameters: u64,
    /// Of these, inside slow nets.
    pub slow_parameters: u64,
    /// Sum over all values.
    pub cost: Cost,
    /// Bytes of all values of one forward pass of the batch.
    pub activation_bytes: u64,
    /// Bytes of the parameters.
    pub parameter_bytes: u64,
}

/// A block call with all that it calls.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    /// Its path; empty for the model itself.
    pub path: String,
    /// The block's name; the model's for the model itself.
    pub block: String,
    /// Whether the block is the prelude's.
    pub prelude: bool,
    /// The shape of what it yields.
    pub shape: String,
    /// Whether it runs as one operation; None if it is nothing that a kernel does at once.
    pub fused: Option<bool>,
    /// Stored scalars outside slow nets.
    pub fast_parameters: u64,
    /// Stored scalars inside slow nets.
    pub slow_parameters: u64,
    /// The cost of its values.
    pub cost: Cost,
    /// Bytes of its values for the batch.
    pub bytes: u64,
    /// Its values, those of inner calls included: `first..end` of [`Summary::nodes`].
    pub first: usize,
    /// One past the last.
    pub end: usize,
    /// The calls inside it, in order.
    pub calls: Vec<Call>,
}

/// One value.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Unique path.
    pub path: String,
    /// The operation in words.
    pub operation: String,
    /// `[N, channels, positions...]`.
    pub shape: String,
    /// What it depends on.
    pub depends_on: Dependence,
    /// Stored scalars outside slow nets.
    pub fast_parameters: u64,
    /// Stored scalars inside slow nets.
    pub slow_parameters: u64,
    /// Its cost.
    pub cost: Cost,
    /// Bytes of its value for the batch.
    pub bytes: u64,
}

/// Summarises a model for batches of `batch` images.
pub fn summary(model: &Model, batch: usize) -> Summary {
    let nodes: Vec<Row> = model
        .node_ids()
        .zip(dependence(model))
        .map(|(id, depends_on)| row(model, id, depends_on, batch))
        .collect();
    let root = Tree::new(model, &nodes).call(InstanceId(0));
    Summary {
        model: model.name.clone(),
        batch,
        blocks: model.instances.len().saturating_sub(1),
        parameters: model.parameter_count(),
        slow_parameters: parameters(model, ParamKind::Slow, model.param_ids()),
        cost: cost::total(model),
        activation_bytes: nodes.iter().map(|r| r.bytes).sum(),
        parameter_bytes: model.parameter_count().saturating_mul(SCALAR),
        root,
        nodes,
    }
}

fn row(model: &Model, id: NodeId, depends_on: Dependence, batch: usize) -> Row {
    let Node {
        op, shape, path, ..
    } = &model[id];
    let count = |kind| parameters(model, kind, op.params());
    let scalars = shape.dims(batch).into_iter().map(|d| d as u64);
    Row {
        path: path.to_string(),
        operation: operation(op),
        shape: shape.to_string(),
        depends_on,
        fast_parameters: count(ParamKind::Fast),
        slow_parameters: count(ParamKind::Slow),
        cost: cost::node(model, id),
        bytes: scalars.product::<u64>().saturating_mul(SCALAR),
    }
}

/// Scalars of the parameters of one kind.
fn parameters(model: &Model, kind: ParamKind, ids: impl IntoIterator<Item = ParamId>) -> u64 {
    let params = ids.into_iter().map(|id| &model[id]);
    params
        .filter(|p| p.kind == kind)
        .map(|p| p.count() as u64)
        .sum()
}

/// Puts the calls of a model together.
struct Tree<'a> {
    model: &'a Model,
    nodes: &'a [Row],
    /// The calls that each call makes.
    calls: Vec<Vec<InstanceId>>,
    /// What is known of a call by its path: the shape of its result, and whether it runs fused.
    known: HashMap<&'a str, (Shape, Option<bool>)>,
}

impl<'a> Tree<'a> {
    fn new(model: &'a Model, nodes: &'a [Row]) -> Self {
        let mut calls = vec![vec![]; model.instances.len()];
        for id in model.instance_ids() {
            let parent = model[id].parent.map(InstanceId::index);
            if let Some(calls) = parent.and_then(|parent| calls.get_mut(parent)) {
                calls.push(id);
            }
        }
        // By primitives every call has its result.
        let primitives = model.primitives();
        let known = primitives.instances.iter();
        let known = known.map(|c| (c.path.as_str(), (primitives[c.result].shape, None)));
        let mut known: HashMap<_, _> = known.collect();
        for found in recognised(model) {
            if let Some((_, fused)) = known.get_mut(primitives[found.instance].path.as_str()) {
                *fused = Some(fused.unwrap_or(true) && found.fused);
            }
        }
        Self {
            model,
            nodes,
            calls,
            known,
        }
    }

    fn call(&self, id: InstanceId) -> Call {
        let instance = &self.model[id];
        let inside = self.nodes.get(instance.first..instance.end);
        let inside = inside.unwrap_or_default();
        let sum = |of: fn(&Row) -> u64| inside.iter().map(of).sum();
        let calls = self.calls.get(id.index()).into_iter().flatten();
        let Some((shape, fused)) = self.known.get(instance.path.as_str()) else {
            bug!("`{}` is no call", instance.path);
        };
        Call {
            path: instance.path.clone(),
            block: instance.block.clone(),
            prelude: instance.prelude,
            shape: shape.to_string(),
            fused: *fused,
            fast_parameters: sum(|row| row.fast_parameters),
            slow_parameters: sum(|row| row.slow_parameters),
            cost: (inside.iter()).fold(Cost::default(), |all, row| all.plus(row.cost)),
            bytes: sum(|row| row.bytes),
            first: instance.first,
            end: instance.end,
            calls: calls.map(|id| self.call(*id)).collect(),
        }
    }
}
