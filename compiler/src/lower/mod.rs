//! From the graph of primitives to the graph that is executed: what has a fused kernel becomes one operation. Recognises by
//! structure alone, never by the name of a block or value; what it does not recognise stays as it is.
//!
//! One file a pattern:
//! - `slow_net`: `magnet` over a plane, and flattened over a line
//! - `context`: what `magnet_in_context` adds to it
//! - `groups`: `g_ibs`
//! - `scaled`: the standardization of a product with a sigmoid
//! - `stored`: sums with a stored scalar or plane, sums and products with a number
//! - `tile`: one value joined with itself
//!
//! `view` says what patterns look at, `rewrite` puts the operations in place.

mod context;
mod groups;
mod recognised;
mod rewrite;
mod scaled;
mod slow_net;
mod stored;
mod tile;
mod view;

use crate::bug::bug;
use crate::model::{CanonicalSource, Graph, Model, Op};
use crate::prune::{prune, used_params};

pub use recognised::{Recognised, recognised};
use rewrite::{Replacement, Replacements, rewrite};
use slow_net::SlowNets;
use view::View;

/// Lowers a graph of primitives: the same values, the same parameters in the same order.
pub(crate) fn lower(mut primitives: Graph, source: CanonicalSource) -> Model {
    prune(&mut primitives);
    let found = recognise(&primitives);
    let mut lowered = rewrite(&mut primitives, found);
    if used_params(&mut lowered).contains(&false) {
        bug!("lowering dropped a parameter");
    }
    Model::seal(lowered, primitives, source)
}

/// What to put in the place of nodes.
fn recognise(graph: &Graph) -> Replacements {
    let view = View::new(graph);
    let mut nets = SlowNets::new(&view);
    let mut found = Replacements::new(graph.nodes.len());
    for id in graph.node_ids() {
        let replacement = match &graph[id].op {
            Op::Linear(out) => nets.plane(id, out).map(Replacement::Op),
            Op::Flatten(flat) => nets.line(flat).map(Replacement::Op),
            Op::Standardize(standardize) => scaled::scaled(&view, standardize),
            Op::Concat(concat) => {
                groups::groups(&view, concat).or_else(|| tile::tile(&view, id, concat))
            }
            Op::Add(add) => {
                nets.layer(id);
                stored::add(&view, id, add)
            }
            Op::Mul(mul) => {
                nets.layer_in_context(id);
                stored::mul(&view, id, mul)
            }
            _ => None,
        };
        found.push(replacement);
    }
    found
}
