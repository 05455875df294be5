//! Shapes, stored scalars and costs of what a text names, read from the last model that was without fault.

use std::collections::BTreeSet;

use termc_compiler::cost::{self, Cost};
use termc_compiler::model::{Graph, Instance, Model, NodeId, Shape};
use termc_compiler::summary::grouped;

/// The values that a name of a block or model stands for, by the instance's path.
pub fn bound<'a>(
    model: &'a Model,
    block: &'a str,
    name: &'a str,
    index: Option<usize>,
) -> impl Iterator<Item = (&'a Instance, NodeId)> {
    let instances = model
        .primitives()
        .instances
        .iter()
        .filter(move |instance| instance.block == block);
    instances.flat_map(move |instance| {
        let bindings = instance
            .bindings
            .iter()
            .filter(move |binding| binding.name == name);
        let bindings = bindings.filter(move |binding| {
            index.is_none() || binding.index.is_none() || binding.index == index
        });
        bindings.map(move |binding| (instance, binding.node))
    })
}

/// Several shapes as one: what differs is a range, `[N, 3..36, 32, 32]`.
pub fn merged(shapes: impl IntoIterator<Item = Shape>) -> Option<String> {
    let mut shapes = shapes.into_iter();
    let first = shapes.next()?;
    let axes = |shape: &Shape| -> Vec<usize> {
        std::iter::once(shape.channels)
            .chain(shape.sizes.as_slice().iter().copied())
            .collect()
    };
    let mut ranges: Vec<(usize, usize)> = axes(&first).into_iter().map(|n| (n, n)).collect();
    let mut batched = BTreeSet::from([first.batched]);
    for shape in shapes {
        let more = axes(&shape);
        if more.len() != ranges.len() {
            return Some("[...]".into());
        }
        batched.insert(shape.batched);
        for ((low, high), n) in ranges.iter_mut().zip(more) {
            (*low, *high) = ((*low).min(n), (*high).max(n));
        }
    }
    let batch = match (batched.contains(&true), batched.contains(&false)) {
        (true, true) => "N or 1",
        (true, false) => "N",
        _ => "1",
    };
    let axes = ranges.into_iter().map(|(low, high)| match low == high {
        true => low.to_string(),
        false => format!("{low}..{high}"),
    });
    let axes: Vec<String> = std::iter::once(batch.to_owned()).chain(axes).collect();
    Some(format!("[{}]", axes.join(", ")))
}

/// What is stored and computed below paths.
pub fn below(graph: &Graph, paths: &[String]) -> (u64, Cost) {
    let is_below = |path: &str| {
        paths.iter().any(|above| {
            path.strip_prefix(above.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    };
    let stored = graph
        .params
        .iter()
        .filter(|param| is_below(&param.path))
        .map(|param| param.count() as u64)
        .sum();
    let nodes = graph.node_ids().filter(|id| is_below(&graph[*id].path));
    let cost = nodes
        .map(|id| cost::node(graph, id))
        .fold(Cost::default(), Cost::plus);
    (stored, cost)
}

/// "1,234 parameters, 5,678 multiply-adds per image and 90 per pass"
pub fn told(stored: u64, cost: &Cost) -> String {
    let s = if stored == 1 { "" } else { "s" };
    let mut text = format!("{} parameter{s}", grouped(stored));
    match (cost.multiply_adds, cost.fixed_multiply_adds) {
        (0, 0) => {}
        (n, 0) => text += &format!(", {} multiply-adds per image", grouped(n)),
        (0, n) => text += &format!(", {} multiply-adds per pass", grouped(n)),
        (n, fixed) => {
            text += &format!(
                ", {} multiply-adds per image and {} per pass",
                grouped(n),
                grouped(fixed)
            )
        }
    }
    text
}

/// The path of a name inside of an instance.
pub fn path_in(instance: &Instance, name: &str) -> String {
    match instance.path.is_empty() {
        true => name.to_owned(),
        false => format!("{}.{name}", instance.path),
    }
}
