//! Finds what was not finite first: a node of the network, a loss term, a gradient or a weight. Mends nothing.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use termc_compiler::model::{Model, NodeId};

use crate::network::{Keep, Network, Pass};
use crate::objective::TermValues;
use crate::params::Params;

/// What was not finite. Nodes are given by their numbers in the model, which are the same on all ranks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NonFinite {
    /// The value of a node, the first in the model's order.
    Value {
        /// The node.
        node: usize,
    },
    /// A loss term although every node is finite.
    Term {
        /// Its name.
        name: String,
    },
    /// The gradient of a parameter although every node and term is finite; the last in the model's order, so the first
    /// that the backward pass came to.
    Gradient {
        /// The node that reads the parameter.
        node: usize,
        /// The parameter's path.
        path: String,
    },
    /// A parameter after the update.
    Weight {
        /// The node that reads the parameter.
        node: usize,
        /// The parameter's path.
        path: String,
    },
}

impl NonFinite {
    /// The node to point at; the model's output for loss terms.
    pub fn node(&self, model: &Model) -> NodeId {
        let find = |index: usize| model.node_ids().nth(index).unwrap_or(model.output);
        match self {
            Self::Value { node } | Self::Gradient { node, .. } | Self::Weight { node, .. } => {
                find(*node)
            }
            Self::Term { .. } => model.output,
        }
    }

    /// What it is, in words.
    pub fn describe(&self, model: &Model) -> String {
        match self {
            Self::Value { .. } => {
                let node = &model[self.node(model)];
                format!("the value of `{}` is not finite", node.path)
            }
            Self::Term { name } => format!("the loss term `{name}` is not finite"),
            Self::Gradient { path, .. } => format!("the gradient of `{path}` is not finite"),
            Self::Weight { path, .. } => format!("the update made `{path}` not finite"),
        }
    }
}

/// Whether all numbers are finite, as a tensor `[1]` that is 1 or 0.
pub fn all_finite<const D: usize>(value: Tensor<D>) -> Tensor<1> {
    value.is_finite().all().float()
}

/// The same, fetched.
pub fn is_finite<const D: usize>(value: Tensor<D>) -> bool {
    let found = all_finite(value).into_data();
    found.iter::<f32>().all(|v| v == 1.0)
}

/// Repeats a step's forward pass on `input` `[N, C, H, W]` and looks at everything it made, then at its loss terms and its
/// gradient, laid out like [`Params::flat`].
pub fn locate(
    network: &Network,
    params: &Params,
    input: Tensor<4>,
    pass: &Pass,
    terms: &TermValues,
    gradient: &Tensor<1>,
) -> NonFinite {
    let pass = Pass {
        keep: Keep::All,
        ..*pass
    };
    let forward = network.forward(params, input, &pass);
    for (node, value) in forward.kept {
        if !is_finite(value) {
            return NonFinite::Value { node: node.index() };
        }
    }
    let term = |name: &str| NonFinite::Term { name: name.into() };
    if let Some(broken) = terms.terms.iter().find(|term| !term.value.is_finite()) {
        return term(&broken.name);
    }
    let gradients = Params::from_flat(network.model(), gradient.clone());
    match parameter(&gradients) {
        Some((node, path)) => NonFinite::Gradient { node, path },
        None => term("total"),
    }
}

/// The weight that is not finite, if there is one.
pub fn weight(params: &Params) -> Option<NonFinite> {
    parameter(params).map(|(node, path)| NonFinite::Weight { node, path })
}

/// The last parameter that is not finite: the first node that reads it, and its path.
fn parameter(params: &Params) -> Option<(usize, String)> {
    let model = params.model();
    let (id, param) = model
        .param_ids()
        .zip(params.iter())
        .filter(|(_, (_, value))| !is_finite((*value).clone()))
        .map(|(id, (param, _))| (id, param))
        .last()?;
    let reader = model
        .node_ids()
        .find(|node| model[*node].op.params().contains(&id));
    let reader = reader.unwrap_or(model.output);
    Some((reader.index(), param.path.clone()))
}
