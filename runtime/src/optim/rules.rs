//! The arithmetic of each update rule.

use burn::tensor::Tensor;
use termc_compiler::model::Optimizer as Rule;
use termc_kernels::KernelChoice;

/// Names of the vectors a rule remembers, in the order its step takes them.
pub(crate) fn state_names(rule: &Rule) -> &'static [&'static str] {
    match rule {
        Rule::Kar2 { .. } => &["m"],
        Rule::Kar3 { .. } => &["m1", "m2"],
        Rule::AdamW { .. } => &["m", "v"],
        Rule::Lion { .. } => &["m"],
        Rule::Sgd { momentum, .. } if *momentum != 0.0 => &["velocity"],
        Rule::Sgd { .. } => &[],
    }
}

/// The parameters after step number `count` (from 1); `state` yields the vectors of [`state_names`].
///
/// Kar: `p -= lr * (sign g + sum_i sign m_i)` with the averages from before the step, then
/// `m_i = beta_i m_i + (1 - beta_i) g`. AdamW: decoupled decay, bias-corrected moments. SGD: `g += decay * p`,
/// `v = momentum * v + g`, `p -= lr * v`, or `lr * (g + momentum * v)` for Nesterov's form. Lion: the sign of the average
/// moved towards the gradient, decoupled decay.
pub(super) fn step<'a>(
    rule: &Rule,
    count: usize,
    params: Tensor<1>,
    gradient: Tensor<1>,
    lr: f64,
    state: &mut impl Iterator<Item = &'a mut Tensor<1>>,
) -> Tensor<1> {
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
        Rule::Lion {
            betas: [update, average],
            weight_decay,
            ..
        } => {
            let towards = |m: &Tensor<1>, keep: f64| {
                m.clone().mul_scalar(keep) + gradient.clone().mul_scalar(1.0 - keep)
            };
            let direction = match state.next() {
                Some(m) => {
                    let direction = towards(m, *update).sign();
                    *m = towards(m, *average);
                    direction
                }
                None => gradient.sign(),
            };
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

fn kar<'a>(
    betas: &[f64],
    params: Tensor<1>,
    gradient: Tensor<1>,
    lr: f64,
    state: &mut impl Iterator<Item = &'a mut Tensor<1>>,
) -> Tensor<1> {
    let averages: Vec<&mut Tensor<1>> = state.take(betas.len()).collect();
    let values = averages.iter().map(|average| (*average).clone()).collect();
    let (params, moved) = KernelChoice::Fused.kar(params, gradient, values, betas, lr);
    averages.into_iter().zip(moved).for_each(|(a, m)| *a = m);
    params
}

/// Moves a running average towards a value and returns it: `a = beta * a + (1 - beta) * value`.
fn moved(average: &mut Tensor<1>, value: Tensor<1>, beta: f64) -> Tensor<1> {
    *average = average.clone().mul_scalar(beta) + value.mul_scalar(1.0 - beta);
    average.clone()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    /// Runs a rule on fixed gradients and returns the parameters after each step.
    fn run(rule: &Rule, lr: f64, start: &[f32], gradients: &[&[f32]]) -> Vec<Vec<f32>> {
        let tensor = |v: &[f32]| Tensor::<1>::from_data(v, &Device::flex());
        let mut state: Vec<_> = state_names(rule)
            .iter()
            .map(|_| tensor(start).zeros_like())
            .collect();
        let mut params = tensor(start);
        let steps = gradients.iter().enumerate().map(|(i, g)| {
            params = step(
                rule,
                i + 1,
                params.clone(),
                tensor(g),
                lr,
                &mut state.iter_mut(),
            );
            params.to_data().try_to_vec().unwrap()
        });
        steps.collect()
    }

    fn assert_near(found: &[Vec<f32>], expected: &[&[f32]]) {
        for (found, expected) in found.iter().zip(expected) {
            for (f, e) in found.iter().zip(*expected) {
                assert!((f - e).abs() < 1e-6, "{found:?} is not {expected:?}");
            }
        }
        assert_eq!(found.len(), expected.len());
    }

    #[test]
    fn kar3_uses_the_signs_from_before_the_step() {
        let rule = Rule::Kar3 {
            lr: 0.1,
            betas: [0.5, 0.95],
        };
        // Second step: sign g = -1, both averages still positive, so the total is +1. Third: m1 is negative by then
        // (0.5 * 0.5 - 0.5 * 2), m2 too (0.95 * 0.05 - 0.05 * 2), and g is 0, whose sign is 0.
        let found = run(
            &rule,
            0.1,
            &[1.0, 0.0],
            &[&[1.0, 0.0], &[-2.0, 0.0], &[0.0, 0.0]],
        );
        assert_near(&found, &[&[0.9, 0.0], &[0.8, 0.0], &[1.0, 0.0]]);
    }

    #[test]
    fn kar2_has_one_average() {
        let rule = Rule::Kar2 { lr: 0.1, beta: 0.9 };
        let found = run(&rule, 0.1, &[0.0], &[&[3.0], &[3.0]]);
        assert_near(&found, &[&[-0.1], &[-0.3]]);
    }

    #[test]
    fn lion_takes_the_sign_of_an_average_that_looks_ahead() {
        let rule = Rule::Lion {
            lr: 0.1,
            betas: [0.5, 0.9],
            weight_decay: 0.1,
        };
        // m is 0.2 after the first step, so that of -0.1 and 0.2 the sign is that of 0.05; after the second it is 0.17, and
        // of -0.5 and 0.17 the sign is negative.
        let found = run(&rule, 0.1, &[1.0], &[&[2.0], &[-0.1], &[-0.5]]);
        let (first, second) = (0.99 - 0.1, 0.99 * 0.89 - 0.1);
        assert_near(&found, &[&[first], &[second], &[0.99 * second + 0.1]]);
    }

    /// Expected values from torch.optim.AdamW and torch.optim.SGD 2.x in float64.
    #[test]
    fn adamw_and_sgd_agree_with_pytorch() {
        let gradients: [&[f32]; 3] = [&[0.5, -1.0], &[-0.25, 2.0], &[1.0, 0.0]];
        let adamw = Rule::AdamW {
            lr: 0.1,
            betas: [0.9, 0.99],
            eps: 1e-8,
            weight_decay: 0.05,
        };
        assert_near(&run(&adamw, 0.1, &[1.0, -2.0], &gradients), ADAMW);
        let sgd = |nesterov| Rule::Sgd {
            lr: 0.1,
            momentum: 0.9,
            weight_decay: 0.01,
            nesterov,
        };
        assert_near(&run(&sgd(false), 0.1, &[1.0, -2.0], &gradients), SGD);
        assert_near(&run(&sgd(true), 0.1, &[1.0, -2.0], &gradients), NESTEROV);
    }

    const ADAMW: &[&[f32]] = &[
        &[0.895, -1.89],
        &[0.8638551, -1.9171108],
        &[0.7938945, -1.9358511],
    ];
    const SGD: &[&[f32]] = &[
        &[0.949, -1.898],
        &[0.927151, -2.004302],
        &[0.8065597, -2.0979695],
    ];
    const NESTEROV: &[&[f32]] = &[
        &[0.9031, -1.8062],
        &[0.9075741, -2.1001482],
        &[0.6981892, -2.1823369],
    ];
}
