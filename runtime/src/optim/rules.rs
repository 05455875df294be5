//! The arithmetic of each update rule.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use termc_compiler::model::Optimizer as Rule;

/// Names of the vectors a rule remembers, in the order its step takes them.
pub(super) fn state_names(rule: &Rule) -> &'static [&'static str] {
    match rule {
        Rule::Kar2 { .. } => &["m"],
        Rule::Kar3 { .. } => &["m1", "m2"],
        Rule::AdamW { .. } => &["m", "v"],
        Rule::Sgd { momentum, .. } if *momentum != 0.0 => &["velocity"],
        Rule::Sgd { .. } => &[],
    }
}

/// The parameters after step number `count` (from 1); `state` yields the vectors of [`state_names`].
///
/// Kar: `p -= lr * (sign g + sum_i sign m_i)` with the averages from before the step, then
/// `m_i = beta_i m_i + (1 - beta_i) g`. AdamW: decoupled decay, bias-corrected moments. SGD: `g += decay * p`,
/// `v = momentum * v + g`, `p -= lr * v`, or `lr * (g + momentum * v)` for Nesterov's form.
pub(super) fn step<'a, B: Backend>(
    rule: &Rule,
    count: usize,
    params: Tensor<B, 1>,
    gradient: Tensor<B, 1>,
    lr: f64,
    state: &mut impl Iterator<Item = &'a mut Tensor<B, 1>>,
) -> Tensor<B, 1> {
    match rule {
        Rule::Kar2 { beta, .. } => kar(&[*beta], params, gradient, lr, state),
        Rule::Kar3 { betas, .. } => kar(betas, params, gradient, lr, state),
        Rule::AdamW {
            betas: [first, second],
            eps,
            weight_decay,
            ..
        } => {
            let square = gradient.clone() * gradient.clone();
            let [mean, square] = [(gradient, *first), (square, *second)].map(|(value, beta)| {
                let average = match state.next() {
                    Some(average) => moved(average, value, beta),
                    None => value,
                };
                average.div_scalar(1.0 - beta.powf(count as f64))
            });
            let direction = mean / square.sqrt().add_scalar(*eps);
            params.mul_scalar(1.0 - lr * weight_decay) - direction.mul_scalar(lr)
        }
        Rule::Sgd {
            momentum,
            weight_decay,
            nesterov,
            ..
        } => {
            let gradient = match *weight_decay {
                0.0 => gradient,
                decay => gradient + params.clone().mul_scalar(decay),
            };
            let direction = match state.next() {
                None => gradient,
                Some(velocity) => {
                    *velocity = velocity.clone().mul_scalar(*momentum) + gradient.clone();
                    match nesterov {
                        true => gradient + velocity.clone().mul_scalar(*momentum),
                        false => velocity.clone(),
                    }
                }
            };
            params - direction.mul_scalar(lr)
        }
    }
}

fn kar<'a, B: Backend>(
    betas: &[f64],
    params: Tensor<B, 1>,
    gradient: Tensor<B, 1>,
    lr: f64,
    state: &mut impl Iterator<Item = &'a mut Tensor<B, 1>>,
) -> Tensor<B, 1> {
    let mut direction = gradient.clone().sign();
    for (average, beta) in state.zip(betas) {
        direction = direction + average.clone().sign();
        moved(average, gradient.clone(), *beta);
    }
    params - direction.mul_scalar(lr)
}

/// Moves a running average towards a value and returns it: `a = beta * a + (1 - beta) * value`.
fn moved<B: Backend>(average: &mut Tensor<B, 1>, value: Tensor<B, 1>, beta: f64) -> Tensor<B, 1> {
    *average = average.clone().mul_scalar(beta) + value.mul_scalar(1.0 - beta);
    average.clone()
}
