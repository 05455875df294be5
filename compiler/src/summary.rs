//! A model node by node: shapes, parameters, cost and memory, as data and as a table.

use serde::Serialize;

use crate::analysis::{Dependence, dependence};
use crate::cost::{self, Cost};
use crate::model::{Model, Op, Over, ParamKind};
use crate::primitives::{
    Concat, ContextKernel, Dropout, Fill, Kernel, Mean, Normalize, Offset, Part, ScaleBy,
    Standardize, Tile,
};

/// Bytes of one scalar in training and inference.
const SCALAR: u64 = 4;

/// The whole summary.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Name of the model or variant.
    pub model: String,
    /// Images per batch that bytes are given for.
    pub batch: usize,
    /// One row per node.
    pub nodes: Vec<Row>,
    /// Block instances.
    pub blocks: usize,
    /// Trainable scalars.
    pub parameters: u64,
    /// Of these, inside slow nets.
    pub slow_parameters: u64,
    /// Sum over all nodes.
    pub cost: Cost,
    /// Bytes of all values of one forward pass of the batch.
    pub activation_bytes: u64,
    /// Bytes of the parameters.
    pub parameter_bytes: u64,
}

/// One node.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Unique name.
    pub name: String,
    /// The operation in words.
    pub operation: String,
    /// `[N, C, H, W]`.
    pub shape: String,
    /// What it depends on.
    pub depends_on: Dependence,
    /// Trainable scalars outside slow nets.
    pub fast_parameters: u64,
    /// Trainable scalars inside slow nets.
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
        .map(|(id, depends_on)| {
            let node = &model[id];
            let count = |kind: ParamKind| {
                let params = node.op.params().into_iter().map(|p| &model[p]);
                params
                    .filter(|p| p.kind == kind)
                    .map(|p| p.count() as u64)
                    .sum()
            };
            Row {
                name: node.path.clone(),
                operation: operation(&node.op),
                shape: node.shape.to_string(),
                depends_on,
                fast_parameters: count(ParamKind::Fast),
                slow_parameters: count(ParamKind::Slow),
                cost: cost::node(model, id),
                bytes: node
                    .shape
                    .dims(batch)
                    .iter()
                    .map(|d| *d as u64)
                    .product::<u64>()
                    .saturating_mul(SCALAR),
            }
        })
        .collect();
    let slow = nodes.iter().map(|r| r.slow_parameters).sum();
    Summary {
        model: model.name.clone(),
        batch,
        blocks: model.instances.len().saturating_sub(1),
        parameters: model.parameter_count(),
        slow_parameters: slow,
        cost: cost::total(model),
        activation_bytes: nodes.iter().map(|r| r.bytes).sum(),
        parameter_bytes: model.parameter_count().saturating_mul(SCALAR),
        nodes,
    }
}

/// An operation in words.
pub fn operation(op: &Op) -> String {
    match op {
        Op::Kernel(Kernel { net }) | Op::ContextKernel(ContextKernel { net, .. }) => format!(
            "{}, hidden {}, layers {}",
            op.name(),
            net.hidden,
            net.layers()
        ),
        Op::Standardize(Standardize { over, eps, .. }) => {
            let over = match over {
                Over::Axes(axes) => format!("over {axes}"),
                Over::Groups(n) => format!("by {n} groups"),
                Over::OddGroups(n) => format!("of the odd of {n} groups"),
            };
            format!("standardize {over}, eps {eps:e}")
        }
        Op::Mean(Mean { over, .. }) => format!("mean over {over}"),
        Op::Normalize(Normalize { over, .. }) => format!("normalize over {over}"),
        Op::Concat(Concat { parts }) => format!("concat of {}", parts.len()),
        Op::Tile(Tile { times, .. }) => format!("tile {times} times"),
        Op::Part(Part { start, .. }) => format!("split from channel {start}"),
        Op::Fill(Fill { value }) => format!("fill {value}"),
        Op::ScaleBy(ScaleBy { by, .. }) => format!("scale by {by}"),
        Op::Offset(Offset { by, .. }) => format!("offset by {by}"),
        Op::Dropout(Dropout { rate, shared, .. }) => match shared.to_string().as_str() {
            "" => format!("dropout {rate}"),
            axes => format!("dropout {rate}, shared by {axes}"),
        },
        op => op.name().to_owned(),
    }
}

impl Summary {
    /// The summary as an aligned table, totals below.
    pub fn table(&self) -> String {
        let header = [
            "node",
            "operation",
            "shape",
            "depends on",
            "slow",
            "fast",
            "multiply-adds",
            "bytes",
        ]
        .map(str::to_owned);
        let mut rows = vec![header];
        for r in &self.nodes {
            let fixed = r.cost.fixed_multiply_adds;
            let work = r.cost.multiply_adds;
            let work = match (work, fixed) {
                (0, 0) => String::new(),
                (w, 0) => grouped(w),
                (0, f) => format!("{} fixed", grouped(f)),
                (w, f) => format!("{} + {} fixed", grouped(w), grouped(f)),
            };
            let count = |n: u64| if n == 0 { String::new() } else { grouped(n) };
            rows.push([
                r.name.clone(),
                r.operation.clone(),
                r.shape.clone(),
                match r.depends_on {
                    Dependence::Constant => "nothing",
                    Dependence::Image => "image",
                    Dependence::Batch => "batch",
                }
                .to_owned(),
                count(r.slow_parameters),
                count(r.fast_parameters),
                work,
                grouped(r.bytes),
            ]);
        }
        let mut out = String::new();
        let width = |i: usize| {
            rows.iter()
                .filter_map(|r| r.get(i))
                .map(|c| c.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..8).map(width).collect();
        for row in &rows {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(i, (cell, width))| {
                    if i < 4 {
                        format!("{cell:<width$}")
                    } else {
                        format!("{cell:>width$}")
                    }
                })
                .collect();
            out.push_str(cells.join("  ").trim_end());
            out.push('\n');
        }
        out.push_str(&format!(
            "\n{}: {} blocks, {} parameters ({} slow, {} fast), {}\n",
            self.model,
            self.blocks,
            grouped(self.parameters),
            grouped(self.slow_parameters),
            grouped(self.parameters.saturating_sub(self.slow_parameters)),
            bytes(self.parameter_bytes),
        ));
        out.push_str(&format!(
            "per image {} multiply-adds, {} FLOPs forward, {} backward; per pass, whatever the batch, {} and {} more\n",
            grouped(self.cost.multiply_adds),
            grouped(self.cost.flops),
            grouped(self.cost.flops_backward),
            grouped(self.cost.fixed_flops),
            grouped(self.cost.fixed_flops_backward),
        ));
        out.push_str(&format!(
            "all values of a forward pass at batch {}: {}\n",
            self.batch,
            bytes(self.activation_bytes)
        ));
        out
    }
}

/// `1336855` as `1,336,855`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Bytes with a binary unit.
/// A number of bytes in the largest unit that keeps it above 1.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    if unit == 0 {
        format!("{n} B")
    } else {
        format!("{value:.1} {name}")
    }
}
