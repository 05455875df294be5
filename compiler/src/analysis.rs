//! Which values depend on the images at all, and which couple the images of a batch. Looks at the graph only.

use serde::Serialize;

use crate::bug::bug;
use crate::model::{Graph, NodeId, Op};
use crate::prune::reads;

/// How a value depends on the images of a batch. Later kinds include what earlier ones depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dependence {
    /// On parameters alone: computed once, the same for every image.
    Constant,
    /// On its own image only: the answer for one image does not depend on its batch.
    Image,
    /// On all images of the batch, through batch statistics or a mean over the batch.
    Batch,
}

/// The dependence of every node, in order.
pub fn dependence(graph: &Graph) -> Vec<Dependence> {
    let mut all: Vec<Dependence> = Vec::with_capacity(graph.nodes.len());
    for id in graph.node_ids() {
        let op = &graph[id].op;
        let mut inherited = Dependence::Constant;
        reads(op, |operand| inherited = inherited.max(of(&all, operand)));
        all.push(match op {
            Op::Input(_) => Dependence::Image,
            op if op.couples() && inherited > Dependence::Constant => Dependence::Batch,
            _ => inherited,
        });
    }
    all
}

/// What a node that `all` knows depends on.
fn of(all: &[Dependence], id: NodeId) -> Dependence {
    match all.get(id.index()) {
        Some(known) => *known,
        None => bug!("node {} is read before it is there", id.index()),
    }
}

/// Whether what is computed for one image depends on the others in its batch.
pub fn couples_images(graph: &Graph) -> bool {
    dependence(graph).contains(&Dependence::Batch)
}
