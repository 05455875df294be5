//! A number for what a model computes and how it is trained, whatever its parts are called: two models that share it are
//! the same. For lists of variants; nothing is stored under it.

use std::fmt::{self, Debug, Write};

use crate::model::Model;

/// The same for models that have the same operations on values of the same shapes, tensors that start and count alike, the
/// same loss and the same recipe; different, for all practical purposes, for all others. Names and places do not matter.
pub fn structure(model: &Model) -> u64 {
    let mut hash = Fnv::default();
    let graph = model.primitives();
    hash.add(&graph.input);
    for node in &graph.nodes {
        hash.add(&(&node.op, &node.shape));
    }
    for param in &graph.params {
        hash.add(&(&param.shape, &param.init, param.penalty, param.trained));
    }
    hash.add(&(graph.output, &graph.train, model.frozen));
    for term in &graph.loss {
        hash.add(&(term.weight, &term.kind));
    }
    hash.0
}

/// FNV-1a, which is the same everywhere and does not change.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, value: &impl Debug) {
        // Writing into it never fails.
        let _ = write!(self, "{value:?};");
    }
}

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}
