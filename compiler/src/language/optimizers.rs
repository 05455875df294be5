//! Optimizers: update rules as the model holds them, and as a file writes them.

use serde::Serialize;

use super::choice::Choice;
use super::{Given, Refusal, parameters};
use crate::diagnostics::SettingKind;

/// Update rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Optimizer {
    /// `p -= lr * (sign g + sign m)`, `m` from before the step.
    Kar2 {
        /// Learning rate.
        lr: f64,
        /// Decay of the average.
        beta: f64,
    },
    /// `p -= lr * (sign g + sign m1 + sign m2)`, averages from before the step.
    Kar3 {
        /// Learning rate.
        lr: f64,
        /// Decays of the two averages.
        betas: [f64; 2],
    },
    /// AdamW with decoupled weight decay.
    AdamW {
        /// Learning rate.
        lr: f64,
        /// Decays of the two moments.
        betas: [f64; 2],
        /// Added to the denominator.
        eps: f64,
        /// Decoupled decay.
        weight_decay: f64,
    },
    /// `p -= lr * (sign(b1 m + (1 - b1) g) + weight_decay * p)`, then `m = b2 m + (1 - b2) g` (arXiv 2302.06675).
    Lion {
        /// Learning rate.
        lr: f64,
        /// What the update and the average keep of the average.
        betas: [f64; 2],
        /// Decoupled decay.
        weight_decay: f64,
    },
    /// Stochastic gradient descent.
    Sgd {
        /// Learning rate.
        lr: f64,
        /// Momentum, 0 for none.
        momentum: f64,
        /// L2 decay added to the gradient.
        weight_decay: f64,
        /// Nesterov's form.
        nesterov: bool,
    },
}

impl Optimizer {
    /// The base learning rate.
    pub fn lr(&self) -> f64 {
        match self {
            Self::Kar2 { lr, .. }
            | Self::Kar3 { lr, .. }
            | Self::AdamW { lr, .. }
            | Self::Lion { lr, .. }
            | Self::Sgd { lr, .. } => *lr,
        }
    }
}

/// Values of `optimizer`.
pub(crate) static OPTIMIZERS: &[Choice<Optimizer>] = &[
    Choice {
        name: "kar3",
        doc: "`p -= lr * (sign g + sign m1 + sign m2)` with the averages from before the step, then `m = beta m + (1 - beta) g`; \
              the sign of 0 is 0.",
        parameters: Kar3::parameters,
        make: |values| {
            let given = Kar3::read(values);
            Ok(Optimizer::Kar3 {
                lr: rate(&given.lr)?,
                betas: decays(&given.betas)?,
            })
        },
    },
    Choice {
        name: "kar2",
        doc: "The same with one average.",
        parameters: Kar2::parameters,
        make: |values| {
            let given = Kar2::read(values);
            Ok(Optimizer::Kar2 {
                lr: rate(&given.lr)?,
                beta: given.beta.fraction("`beta`")?,
            })
        },
    },
    Choice {
        name: "adamw",
        doc: "AdamW: Adam with decoupled weight decay.",
        parameters: AdamW::parameters,
        make: |values| {
            let given = AdamW::read(values);
            Ok(Optimizer::AdamW {
                lr: rate(&given.lr)?,
                betas: decays(&given.betas)?,
                eps: given.eps.positive("`eps`")?,
                weight_decay: given.weight_decay.non_negative("`weight_decay`")?,
            })
        },
    },
    Choice {
        name: "lion",
        doc: "Lion: `p -= lr * (sign(b1 m + (1 - b1) g) + weight_decay * p)`, then `m = b2 m + (1 - b2) g` (arXiv 2302.06675).",
        parameters: Lion::parameters,
        make: |values| {
            let given = Lion::read(values);
            Ok(Optimizer::Lion {
                lr: rate(&given.lr)?,
                betas: decays(&given.betas)?,
                weight_decay: given.weight_decay.non_negative("`weight_decay`")?,
            })
        },
    },
    Choice {
        name: "sgd",
        doc: "Stochastic gradient descent.",
        parameters: Sgd::parameters,
        make: |values| {
            let given = Sgd::read(values);
            let momentum = given.momentum.fraction("`momentum`")?;
            let nesterov = given.nesterov.value;
            if nesterov && momentum == 0.0 {
                let kind = SettingKind::NesterovWithoutMomentum;
                return Err(Refusal::argument(kind, &given.nesterov));
            }
            Ok(Optimizer::Sgd {
                lr: rate(&given.lr)?,
                momentum,
                weight_decay: given.weight_decay.non_negative("`weight_decay`")?,
                nesterov,
            })
        },
    },
];

parameters! {
    struct Kar3 {
        /// Learning rate.
        lr: Given<f64>,
        /// Decays of the two averages.
        betas: Given<Vec<Given<f64>>>,
    }
}

parameters! {
    struct Kar2 {
        /// Learning rate.
        lr: Given<f64>,
        /// Decay of the average.
        beta: Given<f64> = "0.9",
    }
}

parameters! {
    struct AdamW {
        /// Learning rate.
        lr: Given<f64>,
        /// Decays of the two moments.
        betas: Given<Vec<Given<f64>>>,
        /// Added to the denominator.
        eps: Given<f64> = "1e-8",
        /// Decoupled decay.
        weight_decay: Given<f64> = "0.01",
    }
}

parameters! {
    struct Lion {
        /// Learning rate.
        lr: Given<f64>,
        /// What the update and the average keep of the average.
        betas: Given<Vec<Given<f64>>> = "[0.9, 0.99]",
        /// Decoupled decay.
        weight_decay: Given<f64> = "0",
    }
}

parameters! {
    struct Sgd {
        /// Learning rate.
        lr: Given<f64>,
        /// Momentum, 0 for none.
        momentum: Given<f64> = "0",
        /// L2 decay added to the gradient.
        weight_decay: Given<f64> = "0",
        /// Whether the gradient is looked up where the momentum leads.
        nesterov: Given<bool> = "false",
    }
}

fn rate(given: &Given<f64>) -> Result<f64, Refusal> {
    given.check("the learning rate", "above 0 and at most 100", |lr| {
        lr > 0.0 && lr <= 100.0
    })
}

fn decays(given: &Given<Vec<Given<f64>>>) -> Result<[f64; 2], Refusal> {
    let [a, b] = given.value.as_slice() else {
        return Err(Refusal::argument(
            SettingKind::Count {
                wanted: "two decays".into(),
                found: given.value.len(),
                help: "write `betas=[0.5, 0.95]`".into(),
            },
            given,
        ));
    };
    let decay = |one: &Given<f64>| {
        one.fraction("a decay")
            .map_err(|refusal| Refusal::element(*refusal.kind, one, given))
    };
    Ok([decay(a)?, decay(b)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Traced, Value};
    use crate::primitives::fake::{at, float, floats, int, told, traced};

    fn make(name: &str, values: Vec<Traced>) -> Result<Optimizer, String> {
        let choice = OPTIMIZERS.iter().find(|c| c.name == name).unwrap();
        (choice.make)(values).map_err(|refusal| told(&refusal))
    }

    #[test]
    fn each_row_makes_its_optimizer() {
        let betas = [0.5, 0.95];
        let kar3 = make("kar3", vec![float(0.01), floats(&betas)]);
        assert_eq!(kar3, Ok(Optimizer::Kar3 { lr: 0.01, betas }));
        let kar2 = make("kar2", vec![float(0.01), float(0.9)]);
        assert_eq!(
            kar2,
            Ok(Optimizer::Kar2 {
                lr: 0.01,
                beta: 0.9
            })
        );
        let adamw = make(
            "adamw",
            vec![float(0.01), floats(&betas), float(1e-8), float(0.0)],
        );
        let (eps, weight_decay) = (1e-8, 0.0);
        assert_eq!(
            adamw,
            Ok(Optimizer::AdamW {
                lr: 0.01,
                betas,
                eps,
                weight_decay
            })
        );
        let nesterov = traced(Value::Bool(true));
        let sgd = make("sgd", vec![int(1), float(0.9), float(0.0), nesterov]);
        let (momentum, nesterov) = (0.9, true);
        assert_eq!(
            sgd,
            Ok(Optimizer::Sgd {
                lr: 1.0,
                momentum,
                weight_decay,
                nesterov
            })
        );
        assert_eq!(sgd.unwrap().lr(), 1.0);
    }

    #[test]
    fn numbers_out_of_range_are_refused_where_they_were_written() {
        let refused = |name, values| make(name, values).unwrap_err();
        assert_eq!(
            refused("kar3", vec![float(0.0), floats(&[0.5, 0.95])]),
            "the learning rate is 0, it must be above 0 and at most 100 at 8"
        );
        assert_eq!(
            refused("kar3", vec![float(0.1), floats(&[0.5, 1.0])]),
            "a decay is 1, it must be at least 0 and below 1 at 9"
        );
        assert_eq!(
            refused("kar3", vec![float(0.1), floats(&[0.5])]),
            "expected two decays, found 1 at 9"
        );
        let plain = vec![float(0.1), float(0.0), float(0.0), at(3, Value::Bool(true))];
        assert_eq!(
            refused("sgd", plain),
            "nesterov's form needs a momentum at 3"
        );
        assert_eq!(
            refused("kar2", vec![float(0.1), float(1.0)]),
            "`beta` is 1, it must be at least 0 and below 1 at 8"
        );
    }
}
