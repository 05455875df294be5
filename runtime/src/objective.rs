//! One evaluation of the loss: its terms, and the gradient with respect to all parameters. Updates nothing.

use burn::tensor::Tensor;

use crate::loss;
use crate::network::{Forward, Network, Pass};
use crate::params::Params;

/// The loss terms of one batch, each `[1]` and already times its weight; absent terms are None.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Classification.
    pub cross_entropy: Tensor<1>,
    /// Distance of the named kernels.
    pub slow_neural: Option<Tensor<1>>,
    /// Parameter norms.
    pub weight_norm: Option<Tensor<1>>,
}

/// The same as numbers.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TermValues {
    /// The sum of all terms.
    #[serde(deserialize_with = "crate::train::scores::or_infinite")]
    pub total: f64,
    /// Classification.
    #[serde(deserialize_with = "crate::train::scores::or_infinite")]
    pub cross_entropy: f64,
    /// Distance of the named kernels.
    pub slow_neural: Option<f64>,
    /// Parameter norms.
    pub weight_norm: Option<f64>,
}

impl Terms {
    /// Waits for the device and fetches the numbers, all in one transfer.
    pub fn values(&self) -> TermValues {
        let parts = [
            Some(&self.cross_entropy),
            self.slow_neural.as_ref(),
            self.weight_norm.as_ref(),
        ];
        let joined = Tensor::cat(parts.iter().flatten().map(|t| (*t).clone()).collect(), 0);
        let mut numbers = joined
            .into_data()
            .iter::<f64>()
            .collect::<Vec<_>>()
            .into_iter();
        let [cross_entropy, slow_neural, weight_norm] =
            parts.map(|part| part.and_then(|_| numbers.next()));
        let cross_entropy = cross_entropy.unwrap_or(f64::NAN);
        TermValues {
            total: cross_entropy + slow_neural.unwrap_or(0.0) + weight_norm.unwrap_or(0.0),
            cross_entropy,
            slow_neural,
            weight_norm,
        }
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
}

/// The loss terms of a forward pass, without gradients.
pub fn terms(network: &Network, params: &Params, forward: &Forward, targets: Tensor<2>) -> Terms {
    let loss = &network.model().loss;
    Terms {
        cross_entropy: loss::cross_entropy(&loss.cross_entropy, forward.logits.clone(), targets),
        slow_neural: loss
            .slow_neural
            .as_ref()
            .and_then(|term| loss::slow_neural(term, &forward.kernels)),
        weight_norm: loss
            .weight_norm
            .as_ref()
            .map(|term| loss::weight_norm(term, params).0),
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
    let loss = &network.model().loss;
    let targets = Tensor::from_inner(targets);
    let cross_entropy = loss::cross_entropy(&loss.cross_entropy, forward.logits.clone(), targets);
    let slow_neural = loss
        .slow_neural
        .as_ref()
        .and_then(|term| loss::slow_neural(term, &forward.kernels));
    let differentiable = match &slow_neural {
        Some(slow) => cross_entropy.clone() + slow.clone(),
        None => cross_entropy.clone(),
    };
    let mut grads = differentiable.backward();
    let derived = leaves.gradients(&mut grads);
    let (gradient, weight_norm) = match &loss.weight_norm {
        Some(term) => {
            let (value, own) = loss::weight_norm(term, params);
            (derived + own, Some(value))
        }
        None => (derived, None),
    };
    Evaluation {
        terms: Terms {
            cross_entropy: cross_entropy.inner(),
            slow_neural: slow_neural.map(Tensor::inner),
            weight_norm,
        },
        logits: forward.logits.inner(),
        gradient,
    }
}
