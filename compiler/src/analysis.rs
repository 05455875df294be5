//! Which values depend on the images at all, and which couple the images of a batch. Looks at the graph only.

use serde::Serialize;

use crate::model::{Graph, NodeId, Op, Over};

/// How a value depends on the images of a batch. Later kinds include what earlier ones depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dependence {
    /// On parameters alone: computed once, the same for every image.
    Constant,
    /// On its own image only: the answer for one image does not depend on its batch.
    Image,
    /// On all images of the batch, through batch statistics or a batch-mean context.
    Batch,
}

/// The dependence of every node, in order.
pub fn dependence(graph: &Graph) -> Vec<Dependence> {
    let mut all: Vec<Dependence> = Vec::with_capacity(graph.nodes.len());
    for id in graph.node_ids() {
        let inherited = graph[id]
            .op
            .operands()
            .into_iter()
            .filter_map(|operand| all.get(operand.index()).copied())
            .max()
            .unwrap_or(Dependence::Constant);
        all.push(own(graph, id, inherited).max(inherited));
    }
    all
}

/// Whether what is computed for one image depends on the others in its batch.
pub fn couples_images(graph: &Graph) -> bool {
    dependence(graph).contains(&Dependence::Batch)
}

/// What the operation itself adds to what its operands bring.
fn own(graph: &Graph, id: NodeId, inherited: Dependence) -> Dependence {
    match &graph[id].op {
        Op::Input => Dependence::Image,
        Op::Standardize { over, .. } if inherited > Dependence::Constant => match over {
            Over::Instance | Over::OddGroups(_) => Dependence::Image,
            // The even groups, group 0 among them, are standardized over the batch.
            Over::Batch | Over::Groups(_) => Dependence::Batch,
        },
        Op::ContextKernel { .. } => Dependence::Batch,
        _ => Dependence::Constant,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, compile};

    fn of(text: &str, name: &str) -> Dependence {
        let model = compile("t.term", text, &Options::default()).model.unwrap();
        let all = dependence(&model);
        let at = model.nodes.iter().position(|n| n.name == name).unwrap();
        all[at]
    }

    #[test]
    fn released_model() {
        let text = include_str!("../../examples/cifar10.term");
        assert_eq!(of(text, "b0.K"), Dependence::Constant);
        assert_eq!(of(text, "b0.Z"), Dependence::Image);
        assert_eq!(of(text, "b0.fast"), Dependence::Image);
        assert_eq!(of(text, "b0.l3_local_0_kernel"), Dependence::Batch);
        assert_eq!(of(text, "b1.fast"), Dependence::Batch);
        assert_eq!(of(text, "classes"), Dependence::Batch);
        let model = compile("t.term", text, &Options::default()).model.unwrap();
        assert!(couples_images(&model));
    }

    #[test]
    fn no_coupling_without_batch_statistics() {
        assert_eq!(
            of(
                include_str!("../../examples/ablations/bottleneck.term"),
                "classes"
            ),
            Dependence::Image
        );
    }
}
