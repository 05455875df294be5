//! One evaluation of the loss: its terms, and the gradient with respect to all parameters. Updates nothing.

use std::collections::{BTreeMap, HashMap};

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};
use termc_compiler::model::{Graph, LossKind, NodeId, ParamId};

use crate::loss::{self, Inputs, Value};
use crate::network::{Forward, Network, Pass};
use crate::params::Params;

/// The loss terms of one batch in the model's order, each `[1]` and already times its weight.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Names and kinds, with the values still on the device.
    named: TermValues,
    values: Vec<Tensor<1>>,
}

/// The loss terms as numbers, in the model's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TermValues {
    /// The sum of all terms.
    #[serde(deserialize_with = "crate::train::scores::or_infinite")]
    pub total: f64,
    /// Each of them.
    pub terms: Vec<TermValue>,
}

/// A loss term as a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TermValue {
    /// Its name in the model's file.
    pub name: String,
    /// Whether it judges the logits by the labels.
    pub classifies: bool,
    /// Its value, times its weight.
    #[serde(deserialize_with = "crate::train::scores::or_infinite")]
    pub value: f64,
}

impl TermValues {
    /// These values of a model's terms, in its order.
    pub fn new(model: &Graph, values: impl IntoIterator<Item = f64>) -> Self {
        let terms = model.loss.iter().zip(values);
        Self::from_terms(
            terms
                .map(|(term, value)| TermValue {
                    name: term.name.clone(),
                    classifies: loss::classifies(&term.kind),
                    value,
                })
                .collect(),
        )
    }

    /// The terms and their sum.
    pub fn from_terms(terms: Vec<TermValue>) -> Self {
        Self {
            total: terms.iter().map(|term| term.value).sum(),
            terms,
        }
    }

    /// The term of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        let term = self.terms.iter().find(|term| term.name == name);
        term.map(|term| term.value)
    }

    /// The sum as `total` and every term by its name, as programs read them.
    pub fn by_name(&self) -> BTreeMap<&str, f64> {
        let terms = self.terms.iter();
        let terms = terms.map(|term| (term.name.as_str(), term.value));
        terms.chain([("total", self.total)]).collect()
    }

    /// The sum of those that judge the logits by the labels: the cross entropy.
    pub fn classification(&self) -> f64 {
        let terms = self.terms.iter().filter(|term| term.classifies);
        terms.map(|term| term.value).sum()
    }
}

impl Terms {
    /// Waits for the device and fetches the numbers, all in one transfer.
    pub fn values(&self) -> TermValues {
        let numbers = match self.values.is_empty() {
            true => vec![],
            false => {
                let joined = Tensor::cat(self.values.clone(), 0).into_data();
                joined.iter::<f64>().collect::<Vec<_>>()
            }
        };
        let terms = self.named.terms.iter().zip(numbers);
        TermValues::from_terms(
            terms
                .map(|(term, value)| TermValue {
                    value,
                    ..term.clone()
                })
                .collect(),
        )
    }
}

/// Everything one training step needs to know about a batch.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The loss.
    pub terms: Terms,
    /// `[N, classes]`
    pub logits: Tensor<2>,
    /// The gradient of the total loss, laid out like [`Params::flat`].
    pub gradient: Tensor<1>,
    /// What running statistics are moved towards, at their places in a vector laid out like the gradient, 0 elsewhere; none
    /// where there are none or outside training.
    pub statistics: Option<Tensor<1>>,
    /// The values that the pass kept, in the model's order.
    pub kept: Vec<Kept>,
}

/// A value of a pass.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Whose.
    pub node: NodeId,
    /// The value.
    pub value: Tensor<4>,
    /// The gradient of the total loss with respect to it; None where the pass was not to have leaves, or the loss does not depend on it.
    pub gradient: Option<Tensor<4>>,
}

/// The loss terms of a forward pass, without gradients.
pub fn terms(network: &Network, params: &Params, forward: &Forward, targets: Tensor<2>) -> Terms {
    let values = compute(network.model(), params, forward, &targets);
    Terms {
        named: TermValues::new(network.model(), vec![0.0; values.len()]),
        values: values.into_iter().map(|term| term.value).collect(),
    }
}

/// Runs the network on a batch and differentiates the total loss. `input` is `[N, C, H, W]`, `targets` `[N, classes]`.
pub fn evaluate(
    network: &Network,
    params: &Params,
    input: Tensor<4>,
    targets: Tensor<2>,
    pass: &Pass,
) -> Evaluation {
    let leaves = params.leaves();
    let forward = network.forward(&leaves, Tensor::from_inner(input), pass);
    let targets = Tensor::from_inner(targets);
    let mut derived: Option<Tensor<1>> = None;
    let mut stated: Option<Tensor<1>> = None;
    let mut values = vec![];
    for value in compute(network.model(), params, &forward, &targets) {
        let (sum, part, value) = match value.gradient {
            None => (&mut derived, value.value.clone(), value.value.inner()),
            Some(gradient) => (&mut stated, gradient, value.value),
        };
        *sum = Some(match sum.take() {
            Some(sum) => sum + part,
            None => part,
        });
        values.push(value);
    }
    let mut gradients = derived.map(|sum| sum.backward());
    let of_derived = gradients.as_mut().map(|all| leaves.gradients(all));
    let mut of_kept = forward.leaves.iter();
    let kept = forward.kept.into_iter().map(|(node, value)| Kept {
        node,
        value: value.inner(),
        gradient: of_kept
            .next()
            .and_then(|leaf| leaf.grad_remove(gradients.as_mut()?)),
    });
    let kept = kept.collect();
    let gradient = match (of_derived, stated) {
        (Some(derived), Some(stated)) => derived + stated,
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => params.flat().zeros_like(),
    };
    Evaluation {
        statistics: statistics(params, forward.statistics),
        terms: Terms {
            named: TermValues::new(network.model(), vec![0.0; values.len()]),
            values,
        },
        logits: forward.logits.inner(),
        gradient,
        kept,
    }
}

/// Statistics of a batch at their places in a vector of all parameters.
fn statistics(params: &Params, found: Vec<(ParamId, Tensor<1>)>) -> Option<Tensor<1>> {
    if found.is_empty() {
        return None;
    }
    let found: HashMap<ParamId, Tensor<1>> = found.into_iter().collect();
    let parts = params.model().param_ids().map(|id| match found.get(&id) {
        Some(found) => found.clone().inner(),
        None => params.get(id).zeros_like(),
    });
    Some(Tensor::cat(parts.collect(), 0))
}

/// The value of every term of the model, in its order.
fn compute(model: &Graph, params: &Params, forward: &Forward, targets: &Tensor<2>) -> Vec<Value> {
    let mut compared = forward.compared.as_slice();
    let terms = model.loss.iter().map(|term| {
        let count = match &term.kind {
            LossKind::SlowNeural { kernels, .. } => kernels.len(),
            _ => 0,
        };
        let (kernels, others) = compared.split_at(count.min(compared.len()));
        compared = others;
        let inputs = Inputs {
            logits: &forward.logits,
            targets,
            kernels,
            params,
        };
        loss::term(term, inputs)
    });
    terms.collect()
}
