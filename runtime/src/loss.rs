//! The terms of the loss, one arm each. What they weigh and which kernels they compare is the model's; nothing is trained
//! here.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use termc_compiler::model::{Compare, LossKind, LossTerm, Penalty};
use termc_kernels::KernelChoice;
use termc_kernels::composed::elementwise::tile;

use crate::params::Params;

/// What a term may look at.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// `[N, classes]`
    pub logits: &'a Tensor<2>,
    /// `[N, classes]`, each row a distribution.
    pub targets: &'a Tensor<2>,
    /// The kernels that the term names, in its order.
    pub kernels: &'a [Tensor<4>],
    /// The weights, without gradient tracking.
    pub params: &'a Params,
}

/// A term's value, times its weight, and where its gradient comes from.
#[derive(Clone, Debug)]
pub struct Value {
    /// `[1]`
    pub value: Tensor<1>,
    /// Stated beside it, as one vector in the model's order; None where it is derived from the value.
    pub gradient: Option<Tensor<1>>,
}

/// Computes a term.
pub fn term(term: &LossTerm, inputs: Inputs<'_>) -> Value {
    let weighted = |value: Tensor<1>| Value {
        value: match term.weight {
            1.0 => value,
            weight => value.mul_scalar(weight),
        },
        gradient: None,
    };
    match &term.kind {
        LossKind::CrossEntropy { smoothing } => weighted(cross_entropy(
            *smoothing,
            inputs.logits.clone(),
            inputs.targets.clone(),
        )),
        LossKind::SlowNeural { compare, .. } => {
            let distance = slow_neural(*compare, inputs.kernels);
            weighted(distance.unwrap_or_else(|| Tensor::zeros([1], &inputs.logits.device())))
        }
        LossKind::ConfidencePenalty => weighted(confidence(inputs.logits.clone())),
        LossKind::WeightNorm { fast, slow } => {
            let coefficients = [fast * term.weight, slow * term.weight];
            let (value, gradient) = weight_norm(coefficients, inputs.params);
            Value {
                value,
                gradient: Some(gradient),
            }
        }
    }
}

/// Whether a term judges the logits by the labels.
pub fn classifies(kind: &LossKind) -> bool {
    matches!(kind, LossKind::CrossEntropy { .. })
}

/// Class indices `[N]` as probability rows `[N, classes]` that are 1 at the label.
pub fn one_hot(labels: &[usize], classes: usize, device: &Device) -> Tensor<2> {
    let mut rows = vec![0f32; labels.len() * classes];
    for (row, label) in rows.chunks_exact_mut(classes).zip(labels) {
        if let Some(cell) = row.get_mut(*label) {
            *cell = 1.0;
        }
    }
    Tensor::from_data(TensorData::new(rows, [labels.len(), classes]), device)
}

/// Mean over the batch of `-sum_c t_c log softmax(logits)_c` with `t = (1 - smoothing) * targets + smoothing / classes`.
/// `logits` and `targets` are `[N, classes]`, each target row a distribution.
fn cross_entropy(smoothing: f64, logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let [batch, classes] = logits.dims();
    let smooth = targets
        .mul_scalar(1.0 - smoothing)
        .add_scalar(smoothing / classes as f64);
    let sum = (smooth * log_softmax(logits, 1)).sum();
    sum.mul_scalar(-1.0 / batch as f64)
}

/// Mean over the batch of `sum_c p_c log p_c` with `p = softmax(logits)`, minus the entropy; `logits` are `[N, classes]`.
fn confidence(logits: Tensor<2>) -> Tensor<1> {
    let batch = logits.dims()[0];
    let log = log_softmax(logits, 1);
    let sum = (log.clone().exp() * log).sum();
    sum.div_scalar(batch as f64)
}

/// The sum over pairs `j < i` of the mean squared distance of kernels `j` and `i`, each `[1, C, H, W]`. None if there are
/// fewer than two kernels.
fn slow_neural(compare: Compare, kernels: &[Tensor<4>]) -> Option<Tensor<1>> {
    let compared: Vec<Tensor<4>> = match compare {
        Compare::ChannelSum => kernels.iter().map(|k| k.clone().sum_dim(1)).collect(),
        Compare::Tile => kernels.to_vec(),
    };
    let distances = compared.iter().enumerate().flat_map(|(i, later)| {
        compared.iter().take(i).map(move |earlier| {
            let times = (later.dims()[1] / earlier.dims()[1]).max(1);
            let earlier = tile(earlier.clone(), times);
            (earlier - later.clone()).powi_scalar(2).mean()
        })
    });
    distances.reduce(|a, b| a + b)
}

/// The weight norm and its gradient: the first coefficient times the sum of `||p||` over fast parameters plus the second
/// times that over slow ones, plain L2 norms; the gradient `c * p / ||p||`, 0 for a parameter that is 0 or never trained,
/// as one vector in the model's order.
///
/// The gradient is stated rather than derived, because it is cheap here and infinite in the derivative of the root at 0.
pub fn weight_norm([fast, slow]: [f64; 2], params: &Params) -> (Tensor<1>, Tensor<1>) {
    let each = params.model().params.iter();
    let (coefficients, sizes): (Vec<f64>, Vec<usize>) = each
        .map(|param| {
            let coefficient = match param.penalty {
                _ if !param.trained => 0.0,
                Penalty::None => 0.0,
                Penalty::Fast => fast,
                Penalty::Slow => slow,
            };
            (coefficient, param.count())
        })
        .unzip();
    KernelChoice::Fused.norms(params.flat(), &sizes, &coefficients)
}

/// For each row of logits `[N, classes]`, whether its largest entry is the label's, as 0 or 1.
pub fn hits(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1, Int> {
    logits.argmax(1).squeeze_dim::<1>(1).equal(labels).int()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(tensor: Tensor<1>) -> f64 {
        tensor.into_data().iter::<f64>().next().unwrap()
    }

    #[test]
    fn cross_entropy_smooths() {
        // Two classes, logits 0 and ln 3: probabilities 1/4 and 3/4.
        let logits = Tensor::from_data([[0.0, 3f32.ln()]], &Device::flex());
        let targets = one_hot(&[1], 2, &Device::flex());
        let expected = -(0.9 * 0.75f64.ln() + 0.1 * 0.25f64.ln());
        assert!((number(cross_entropy(0.2, logits, targets)) - expected).abs() < 1e-6);
    }

    #[test]
    fn the_confidence_penalty_is_minus_the_entropy() {
        let logits = Tensor::from_data([[0.0, 3f32.ln()], [1.0, 1.0]], &Device::flex());
        let sure = 0.75 * 0.75f64.ln() + 0.25 * 0.25f64.ln();
        let expected = (sure + 0.5f64.ln()) / 2.0;
        assert!((number(confidence(logits)) - expected).abs() < 1e-6);
    }

    #[test]
    fn slow_neural_compares_all_pairs() {
        let kernel = |values: [f32; 2]| {
            Tensor::<4>::from_data(
                TensorData::new(values.to_vec(), [1, 2, 1, 1]),
                &Device::flex(),
            )
        };
        let kernels = [kernel([1.0, 2.0]), kernel([3.0, 1.0]), kernel([0.0, 0.0])];
        // Channel sums 3, 4, 0: 1 + 9 + 16. Entry by entry, averaged: (4 + 1 + 1 + 4 + 9 + 1) / 2.
        let sums = slow_neural(Compare::ChannelSum, &kernels).unwrap();
        assert!((number(sums) - 26.0).abs() < 1e-5);
        let tiled = slow_neural(Compare::Tile, &kernels).unwrap();
        assert!((number(tiled) - 10.0).abs() < 1e-5);
        assert!(slow_neural(Compare::Tile, &kernels[..1]).is_none());
    }

    #[test]
    fn hits_are_counted_by_the_largest_logit() {
        let logits = Tensor::<2>::from_data([[0.0, 1.0], [3.0, 2.0]], &Device::flex());
        let labels = Tensor::from_data([1, 1], &Device::flex());
        let found: Vec<i64> = hits(logits, labels).into_data().iter::<i64>().collect();
        assert_eq!(found, [1, 0]);
    }
}
