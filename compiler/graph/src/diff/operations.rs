//! Arguments of primitives that were written differently: sizes, strides, whether there is a bias. What differs because an
//! operand has another shape follows from that, unless the call itself was written differently.

use std::collections::HashMap;

use termc_compiler::model::{Affine, Graph, Node, Op, Window};

use super::merge::Merged;
use super::places::grouped;
use super::values::{holder, mark};
use super::{Change, Side};

/// The changes of operations that both models have with other arguments; marks their boxes.
pub(super) fn operations(from: Side<'_>, to: Side<'_>, merged: &mut Merged) -> Vec<Change> {
    let mut found = vec![];
    let (first, second) = (from.model.primitives(), to.model.primitives());
    let before: HashMap<&str, &Node> = (first.nodes.iter())
        .map(|node| (&*node.path, node))
        .collect();
    for is in &second.nodes {
        let Some(was) = before.get(&*is.path) else {
            continue;
        };
        let (old, new) = (arguments(was), arguments(is));
        let names = old.iter().zip(&new);
        if old == new || !names.clone().all(|(a, b)| a.0 == b.0) {
            continue;
        }
        // In a block's text, sizes that nobody wrote anew follow from what it is given.
        let of_model = is.instance.index() == 0 && shapes(first, was) == shapes(second, is);
        if !of_model && text(from, was) == text(to, is) {
            continue;
        }
        let Some((number, name)) = holder(merged, &is.path) else {
            continue;
        };
        if merged.is_settled(number) {
            continue;
        }
        for ((argument, a), (_, b)) in names.filter(|(a, b)| a != b) {
            let name = match name.is_empty() {
                true => (*argument).to_owned(),
                false => format!("{name}.{argument}"),
            };
            let pair = (a.clone(), b.clone());
            mark(merged, number, &name, &pair);
            found.push((number, name, pair.0, pair.1));
        }
    }
    grouped(&merged.tree, found)
}

/// The call as it is written.
fn text<'a>(side: Side<'a>, node: &Node) -> Option<&'a str> {
    let at = side.sources.locate(node.span)?;
    at.source.text.get(at.start..at.end)
}

/// The shapes of what an operation reads.
fn shapes(graph: &Graph, node: &Node) -> Vec<String> {
    let operands = node.op.operands().into_iter();
    operands.map(|id| graph[id].shape.to_string()).collect()
}

/// What is written of a call besides its operands.
fn arguments(node: &Node) -> Vec<(&'static str, String)> {
    let channels = ("channels", node.shape.channels.to_string());
    let bias = |affine: &Affine| match affine.bias {
        Some(_) => ("bias", "stored".to_owned()),
        None => ("bias", "none".to_owned()),
    };
    match &node.op {
        Op::Linear(linear) => vec![channels, bias(&linear.affine)],
        Op::Fourier(fourier) => vec![channels, bias(&fourier.affine)],
        Op::Conv(conv) => {
            let mut all = vec![channels, ("groups", conv.groups.to_string())];
            all.extend(window(conv.window, None));
            all.push(bias(&conv.affine));
            all
        }
        Op::AvgPool(pool) => window(pool.window, Some(pool.window.size)),
        Op::MaxPool(pool) => window(pool.window, Some(pool.window.size)),
        Op::AdaptiveAvgPool(_) => vec![("sizes", node.shape.sizes.to_string())],
        Op::Part(_) => vec![channels],
        Op::RunningStd(running) => vec![
            ("momentum", running.momentum.to_string()),
            ("eps", running.eps.to_string()),
        ],
        Op::Stored(_) => vec![("shape", node.shape.to_string())],
        _ => vec![],
    }
}

/// A window. A padding that keeps the size follows from that, and so may the usual stride.
fn window(window: Window, usual: Option<usize>) -> Vec<(&'static str, String)> {
    let Window {
        size,
        stride,
        padding,
    } = window;
    let padding = match padding == size / 2 {
        true => "half of the size".to_owned(),
        false => padding.to_string(),
    };
    let stride = match Some(stride) == usual {
        true => "as the size".to_owned(),
        false => stride.to_string(),
    };
    vec![
        ("size", size.to_string()),
        ("stride", stride),
        ("padding", padding),
    ]
}
