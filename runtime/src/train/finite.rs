//! Finds what was not finite first: a node of the network, a loss term, a gradient or a weight. Mends nothing.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use termc_compiler::model::{Model, NodeId};

use crate::kernels::Kernels;
use crate::network::{Keep, Network, Pass};
use crate::objective::TermValues;
use crate::params::Params;

/// What was not finite.
#[derive(Clone, Debug, PartialEq)]
pub enum Culprit {
    /// The value of a node, the first in the model's order.
    Value(NodeId),
    /// A loss term although every node is finite.
    Term(&'static str),
    /// The gradient of a parameter although every node and term is finite, with the node that reads the parameter; the
    /// last in the model's order, so the first that the backward pass came to.
    Gradient(NodeId, String),
    /// A parameter after the update, with the node that reads it.
    Weight(NodeId, String),
}

impl Culprit {
    /// The node to point at; the model's output for loss terms.
    pub fn node(&self, model: &Model) -> NodeId {
        match self {
            Self::Value(node) | Self::Gradient(node, _) | Self::Weight(node, _) => *node,
            Self::Term(_) => model.output,
        }
    }

    /// What it is, in words.
    pub fn describe(&self, model: &Model) -> String {
        match self {
            Self::Value(node) => format!("the value of `{}` is not finite", model[*node].name),
            Self::Term(term) => format!("the loss term `{term}` is not finite"),
            Self::Gradient(_, path) => format!("the gradient of `{path}` is not finite"),
            Self::Weight(_, path) => format!("the update made `{path}` not finite"),
        }
    }
}

/// Whether all numbers are finite, as a tensor that is 1 or 0.
pub fn all_finite<B: Backend, const D: usize>(value: Tensor<B, D>) -> Tensor<B, 1> {
    value.is_finite().all().float()
}

/// The same, fetched.
pub fn is_finite<B: Backend, const D: usize>(value: Tensor<B, D>) -> bool {
    let found = all_finite(value).into_data();
    found.iter::<f32>().all(|v| v == 1.0)
}

/// Repeats a step's forward pass and looks at everything it made, then at its loss terms and its gradient.
pub fn find<B: Kernels>(
    network: &Network,
    params: &Params<B>,
    input: Tensor<B, 4>,
    pass: &Pass,
    terms: &TermValues,
    gradient: &Tensor<B, 1>,
) -> Culprit {
    let pass = Pass {
        keep: Keep::All,
        ..*pass
    };
    let forward = network.forward(params, input, &pass);
    for (node, value) in forward.kept {
        if !is_finite(value) {
            return Culprit::Value(node);
        }
    }
    let named = [
        ("cross_entropy", Some(terms.cross_entropy)),
        ("slow_neural", terms.slow_neural),
        ("weight_norm", terms.weight_norm),
    ];
    let term = named
        .into_iter()
        .find(|(_, value)| value.is_some_and(|v| !v.is_finite()));
    if let Some((name, _)) = term {
        return Culprit::Term(name);
    }
    let gradients = Params::from_flat(network.model(), gradient.clone());
    match parameter(&gradients) {
        Some((node, path)) => Culprit::Gradient(node, path),
        None => Culprit::Term("total"),
    }
}

/// The last parameter that is not finite, with the first node that reads it.
pub fn parameter<B: Backend>(params: &Params<B>) -> Option<(NodeId, String)> {
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
    Some((reader.unwrap_or(model.output), param.path.clone()))
}
