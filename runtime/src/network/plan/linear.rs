//! Which linear maps are computed at once: several of the same value, and one of another as the one map that both are. Computes
//! no values.

use std::collections::HashMap;

use termc_compiler::model::{Affine, Graph, NodeId, Op};

use super::{Step, set};

/// A linear map of `x`, or some that follow one another, the first of them of `x`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::network) struct LinearMap {
    /// Whose value it is.
    pub id: NodeId,
    /// What it reads.
    pub x: NodeId,
    /// In the order in which they follow one another.
    pub affines: Vec<Affine>,
}

/// Multiply-adds of one image that have to be saved: fewer take less time than making one map of two.
const WORTHWHILE: usize = 1 << 20;

/// Linear maps that nothing is fused with are computed together where they read the same value, and as one where only the
/// second reads what the first makes (`once`).
pub(super) fn together(model: &Graph, steps: &mut [Step], once: impl Fn(NodeId) -> bool) {
    let mut groups: HashMap<NodeId, Vec<LinearMap>> = HashMap::new();
    // The last of a chain comes first, so that what it makes on the way is not taken for a map of its own.
    for id in model.node_ids().rev() {
        if let Some((map, inner)) = chain(model, id, |id| once(id) && is_node(steps, id))
            && is_node(steps, id)
        {
            inner
                .into_iter()
                .for_each(|id| set(steps, id, Step::Skipped));
            groups.entry(map.x).or_default().push(map);
        }
    }
    for mut group in groups.into_values() {
        group.reverse();
        let is_alone = group.len() == 1 && group.iter().all(|map| map.affines.len() == 1);
        let Some(first) = group.first().map(|map| map.id).filter(|_| !is_alone) else {
            continue;
        };
        let others = group.iter().skip(1);
        others.for_each(|map| set(steps, map.id, Step::Skipped));
        set(steps, first, Step::Together(group));
    }
}

fn is_node(steps: &[Step], id: NodeId) -> bool {
    steps.get(id.index()) == Some(&Step::Node)
}

/// The linear map `id` with those before it that are computed with it, and the values that are not made then.
fn chain(
    model: &Graph,
    id: NodeId,
    inside: impl Fn(NodeId) -> bool,
) -> Option<(LinearMap, Vec<NodeId>)> {
    let Op::Linear(last) = &model[id].op else {
        return None;
    };
    let (mut x, mut affines, mut inner) = (last.x, vec![last.affine], vec![]);
    while let Op::Linear(before) = &model[x].op
        && inside(x)
        && is_worthwhile(model, [before.x, x, id])
    {
        inner.push(x);
        affines.insert(0, before.affine);
        x = before.x;
    }
    Some((LinearMap { id, x, affines }, inner))
}

/// Whether one map from the first of these values to the last takes less to make and apply than two maps.
fn is_worthwhile(model: &Graph, values: [NodeId; 3]) -> bool {
    let [inputs, middle, outputs] = values.map(|id| model[id].shape.channels);
    let positions = model[values[0]].shape.sizes.positions();
    let product = |sizes: &[usize]| sizes.iter().copied().fold(1, usize::saturating_mul);
    let two = product(&[positions, middle, inputs.saturating_add(outputs)]);
    let one = product(&[positions, inputs, outputs]);
    let made = product(&[inputs, middle, outputs]);
    two >= one.saturating_add(made).saturating_add(WORTHWHILE)
}
