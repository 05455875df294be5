//! What was not finite, as nodes tell it each other: places in the model by number, which are the same on all of them.

use serde::{Deserialize, Serialize};
use termc_compiler::model::{Model, NodeId};

use crate::train::finite::Culprit;

/// A [`Culprit`] that can be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flaw {
    /// The value of a node.
    Value(usize),
    /// A loss term.
    Term(String),
    /// The gradient of a parameter that a node reads.
    Gradient(usize, String),
    /// A parameter that a node reads.
    Weight(usize, String),
}

impl From<Culprit> for Flaw {
    fn from(culprit: Culprit) -> Self {
        match culprit {
            Culprit::Value(node) => Self::Value(node.index()),
            Culprit::Term(name) => Self::Term(name.into()),
            Culprit::Gradient(node, path) => Self::Gradient(node.index(), path),
            Culprit::Weight(node, path) => Self::Weight(node.index(), path),
        }
    }
}

impl Flaw {
    /// What it is in the same model on this node.
    pub fn culprit(self, model: &Model) -> Culprit {
        let node = |index: usize| -> NodeId { model.node_ids().nth(index).unwrap_or(model.output) };
        match self {
            Self::Value(index) => Culprit::Value(node(index)),
            Self::Gradient(index, path) => Culprit::Gradient(node(index), path),
            Self::Weight(index, path) => Culprit::Weight(node(index), path),
            Self::Term(name) => {
                let known = ["cross_entropy", "slow_neural", "weight_norm"];
                let found = known.into_iter().find(|known| *known == name);
                Culprit::Term(found.unwrap_or("total"))
            }
        }
    }
}
