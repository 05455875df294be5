//! Decides how a model is executed: which nodes are computed together by a fused kernel, which concatenations are never
//! made, and after which step a value is no longer needed. A pure function of the model; computes no values.

mod fusion;
mod linear;

use termc_compiler::model::{Graph, Model, NodeId, Op};

pub(super) use self::fusion::Fusion;
pub(super) use self::linear::LinearMap;

use self::fusion::fusion;
use self::linear::together;

/// How to execute a model.
#[derive(Clone, Debug)]
pub(super) struct ExecutionPlan {
    /// One per node.
    pub steps: Vec<Step>,
    /// For each node, the values that no later step reads.
    pub last_reads: Vec<Vec<NodeId>>,
}

/// What to do at a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Compute it.
    Node,
    /// Nothing: a concatenation or tiling that only pointwise convolutions read, directly or through a concatenation.
    Parts,
    /// Nothing: a later fused step computes it on the way, or a step before made it together with others.
    Skipped,
    /// Compute these linear maps of one value together; the first of them is this node's.
    Together(Vec<LinearMap>),
    /// Compute it together with skipped nodes before it.
    Fused(Fusion),
}

impl ExecutionPlan {
    /// Every node by itself.
    pub fn plain(model: &Model) -> Self {
        Self::of(model, vec![Step::Node; model.nodes.len()], &asked(model))
    }

    /// Nodes computed together where a fused kernel exists and nobody else reads what lies between.
    pub fn fused(model: &Model) -> Self {
        let asked = asked(model);
        let reads = read_counts(model, &asked);
        let mut steps = fused_steps(model, &reads);
        together(model, &mut steps, once(&reads));
        Self::of(model, steps, &asked)
    }

    /// Only what these nodes depend on, themselves included.
    pub fn towards(model: &Model, asked: &[NodeId], fused: bool) -> Self {
        let reads = read_counts(model, asked);
        let mut steps = match fused {
            true => fused_steps(model, &reads),
            false => vec![Step::Node; model.nodes.len()],
        };
        let mut needed = vec![false; model.nodes.len()];
        let need = |needed: &mut Vec<bool>, id: NodeId| {
            if let Some(flag) = needed.get_mut(id.index()) {
                *flag = true;
            }
        };
        asked.iter().for_each(|id| need(&mut needed, *id));
        for id in model.node_ids().rev() {
            if needed.get(id.index()) != Some(&true) {
                set(&mut steps, id, Step::Skipped);
                continue;
            }
            let operands = match steps.get(id.index()) {
                Some(Step::Fused(fusion)) => fusion.reads(),
                _ => model[id].op.operands(),
            };
            operands.into_iter().for_each(|x| need(&mut needed, x));
        }
        if fused {
            together(model, &mut steps, once(&reads));
        }
        Self::of(model, steps, asked)
    }

    /// Scalars per image of the largest value that is made.
    pub fn largest(&self, model: &Model) -> usize {
        let made = model.node_ids().zip(&self.steps);
        let made = made.filter(|(id, step)| match step {
            Step::Parts | Step::Skipped => false,
            _ => model[*id].shape.batched,
        });
        let sizes = made.map(|(id, _)| model[id].shape.per_image());
        sizes.max().unwrap_or(0)
    }

    /// Adds deferred concatenations and the last reads to the steps.
    fn of(model: &Model, mut steps: Vec<Step>, asked: &[NodeId]) -> Self {
        let mut read = vec![false; model.nodes.len()];
        let mut deferred: Vec<bool> = (model.node_ids())
            .map(|id| {
                let joins = matches!(model[id].op, Op::Concat(_) | Op::Tile(_));
                joins && !asked.contains(&id)
            })
            .collect();
        let mut last_reads = vec![Vec::new(); model.nodes.len()];
        for id in model.node_ids().rev() {
            let op = &model[id].op;
            let (operands, reads_parts) = match steps.get(id.index()) {
                Some(Step::Fused(fusion)) => (fusion.reads(), !fusion.affines().is_empty()),
                Some(Step::Skipped) => (vec![], false),
                Some(Step::Together(maps)) => (maps.iter().map(|map| map.x).collect(), true),
                _ => {
                    let own = deferred.get(id.index()).copied().unwrap_or(false);
                    let parts = match op {
                        Op::Linear(_) => true,
                        Op::Concat(_) => own,
                        _ => false,
                    };
                    (op.operands(), parts)
                }
            };
            for operand in operands {
                if let Some(seen) = read.get_mut(operand.index())
                    && !std::mem::replace(seen, true)
                    && let Some(freed) = last_reads.get_mut(id.index())
                {
                    freed.push(operand);
                }
                if let Some(deferred) = deferred.get_mut(operand.index()) {
                    *deferred &= reads_parts;
                }
            }
        }
        for (step, _) in steps
            .iter_mut()
            .zip(deferred)
            .filter(|(step, deferred)| *deferred && **step == Step::Node)
        {
            *step = Step::Parts;
        }
        Self { steps, last_reads }
    }
}

fn set(steps: &mut [Step], id: NodeId, step: Step) {
    if let Some(slot) = steps.get_mut(id.index()) {
        *slot = step;
    }
}

/// Every node by itself, or together with others where a fused kernel exists.
fn fused_steps(model: &Model, reads: &[usize]) -> Vec<Step> {
    let mut steps = vec![Step::Node; model.nodes.len()];
    for id in model.node_ids() {
        let Some((fusion, inner)) = fusion(model, id, once(reads)) else {
            continue;
        };
        for id in inner {
            set(&mut steps, id, Step::Skipped);
        }
        set(&mut steps, id, Step::Fused(fusion));
    }
    steps
}

/// What a forward pass yields: the output and the kernels of the loss.
fn asked(model: &Graph) -> Vec<NodeId> {
    model.compared().chain([model.output]).collect()
}

/// Whether a value is read once.
fn once(reads: &[usize]) -> impl Fn(NodeId) -> bool {
    |id| reads.get(id.index()).is_some_and(|count| *count == 1)
}

/// How often each value is read, those asked for once more.
fn read_counts(model: &Graph, asked: &[NodeId]) -> Vec<usize> {
    let mut counts = vec![0; model.nodes.len()];
    let inside = model.nodes.iter().flat_map(|node| node.op.operands());
    for id in inside.chain(asked.iter().copied()) {
        if let Some(count) = counts.get_mut(id.index()) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use termc_compiler::freeze::freeze;
    use termc_compiler::{NoFiles, Options, compile};

    fn cifar10() -> Model {
        let text = include_str!("../../../examples/cifar10.term");
        compile("cifar10.term", text, &Options::default(), &NoFiles)
            .model
            .unwrap()
    }

    #[test]
    fn a_released_block_uses_every_fusion() {
        let model = cifar10();
        let plan = ExecutionPlan::fused(&model);
        let count = |test: fn(&Fusion) -> bool| {
            let fused = plan
                .steps
                .iter()
                .filter(|step| matches!(step, Step::Fused(f) if test(f)));
            fused.count()
        };
        assert_eq!(count(|f| matches!(f, Fusion::Gated { .. })), 10);
        assert_eq!(count(|f| matches!(f, Fusion::StandardizeGelu { .. })), 25);
        assert_eq!(count(|f| matches!(f, Fusion::Silu(_))), 5);
        assert_eq!(count(|f| matches!(f, Fusion::Gate { .. })), 5);
        // In the three larger blocks: the sum of both gated units, and the second of two maps in each.
        assert_eq!(count(|f| matches!(f, Fusion::LinearSum(_))), 3);
        let maps = plan.steps.iter().filter_map(|step| match step {
            Step::Together(maps) => Some(maps),
            _ => None,
        });
        assert_eq!(
            maps.flatten().filter(|map| map.affines.len() == 2).count(),
            6
        );
    }

    #[test]
    fn a_frozen_block_computes_linear_maps_with_what_follows_them() {
        let plan = ExecutionPlan::fused(&freeze(&cifar10()).model);
        let count = |test: fn(&Step) -> bool| plan.steps.iter().filter(|step| test(step)).count();
        let projected = |step: &Step| matches!(step, Step::Fused(Fusion::LinearGelu { .. }));
        assert_eq!(count(projected), 20);
        // Both halves of the gated units, and the mixer beside one of them.
        let pairs = |step: &Step| matches!(step, Step::Together(all) if all.len() == 2);
        let threes = |step: &Step| matches!(step, Step::Together(all) if all.len() == 3);
        assert_eq!((count(pairs), count(threes)), (5, 5));
    }

    #[test]
    fn every_value_is_read_after_it_is_made_and_freed_once() {
        let model = cifar10();
        let frozen = freeze(&model).model;
        let plans =
            [&model, &frozen].map(|m| [(m, ExecutionPlan::plain(m)), (m, ExecutionPlan::fused(m))]);
        for (model, plan) in plans.into_iter().flatten() {
            let mut freed = vec![false; model.nodes.len()];
            let mut made = HashSet::new();
            for (id, step) in model.node_ids().zip(&plan.steps) {
                let reads = match step {
                    Step::Fused(fusion) => fusion.reads(),
                    Step::Skipped => vec![],
                    Step::Together(maps) => vec![maps[0].x],
                    _ => model[id].op.operands(),
                };
                if let Step::Together(maps) = step {
                    assert_eq!(maps[0].id, id);
                    made.extend(maps.iter().skip(1).map(|map| map.id));
                }
                if *step != Step::Skipped {
                    made.insert(id);
                }
                for read in reads {
                    assert!(read.index() < id.index() && !freed[read.index()]);
                    assert!(made.contains(&read));
                }
                for operand in &plan.last_reads[id.index()] {
                    assert!(!std::mem::replace(&mut freed[operand.index()], true));
                }
            }
        }
    }
}
