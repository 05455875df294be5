//! The terms of the loss as boxes, and the values that they look at.

use termc_compiler::model::{Compare, LossKind, Span};

use super::boxes::Boxes;
use super::{ROOT, Role};

/// Adds a box for each term.
pub(super) fn add(boxes: &mut Boxes<'_>) {
    let graph = boxes.graph;
    for term in &graph.loss {
        let number = boxes.add(Some(ROOT), term.name.clone(), Span::default());
        let what = match &term.kind {
            LossKind::CrossEntropy { smoothing: 0.0 } => "cross entropy".to_owned(),
            LossKind::CrossEntropy { smoothing } => format!("smoothing {smoothing}"),
            LossKind::SlowNeural { compare, kernels } => {
                let compare = match compare {
                    Compare::ChannelSum => "channel_sum",
                    Compare::Tile => "tile",
                };
                format!("{compare} of {}", kernels.len())
            }
            LossKind::ConfidencePenalty => "of the output".to_owned(),
            LossKind::WeightNorm { fast, slow } => format!("fast {fast:e}, slow {slow:e}"),
        };
        let factor = match term.weight {
            1.0 => String::new(),
            weight => format!("weight={weight}"),
        };
        let item = boxes.item(number);
        item.path = format!("loss.{}", term.name);
        item.what = what;
        item.arguments = factor;
        item.role = Role::Loss;
    }
}

/// What each term reads: the value, the box of the term, and whether it is drawn beside the network.
pub(super) fn reads(boxes: &mut Boxes<'_>) -> Vec<(usize, usize, bool)> {
    let graph = boxes.graph;
    let root = boxes.item(ROOT).children.clone();
    let terms = root.iter().rev().take(graph.loss.len()).rev();
    let mut all = vec![];
    for (term, number) in graph.loss.iter().zip(terms) {
        match &term.kind {
            LossKind::CrossEntropy { .. } | LossKind::ConfidencePenalty => {
                all.push((graph.output.index(), *number, false));
            }
            LossKind::SlowNeural { kernels, .. } => {
                all.extend(kernels.iter().map(|kernel| (kernel.index(), *number, true)));
            }
            LossKind::WeightNorm { .. } => {}
        }
    }
    all
}
