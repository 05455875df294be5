//! Loss terms: what they are as the model holds them, and as a file writes them.

use super::{Compared, Given, Parameter, Refusal, Traced, Words, parameters, words};
use crate::diagnostics::SettingKind;
use crate::model::{NodeId, Shape};

/// The kinds of loss terms.
#[derive(Clone, Debug, PartialEq)]
pub enum LossKind {
    /// Cross entropy of the output (mean over the batch) against labels smoothed by `smoothing`.
    CrossEntropy {
        /// Label smoothing, `0 <= smoothing < 1`.
        smoothing: f64,
    },
    /// The sum over pairs j < i of the mean squared distance of kernels j and i.
    SlowNeural {
        /// How kernels of different channel counts are compared.
        compare: Compare,
        /// The kernels, in order.
        kernels: Vec<NodeId>,
    },
    /// `fast` times the sum of L2 norms (not squared) of parameters with `Penalty::Fast` plus `slow` times that of slow ones.
    WeightNorm {
        /// Coefficient of parameters with `Penalty::Fast`.
        fast: f64,
        /// Coefficient of parameters with `Penalty::Slow`.
        slow: f64,
    },
}

/// How [`LossKind::SlowNeural`] compares two kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Sums over channels are compared.
    ChannelSum,
    /// The earlier kernel's channels are repeated to match the later one's.
    Tile,
}

/// The words of [`Compare`].
const COMPARE: Words = Words {
    name: "compare",
    words: &["channel_sum", "tile"],
};
words! { Compare, COMPARE {
    "channel_sum" => Compare::ChannelSum,
    "tile" => Compare::Tile,
} }

/// One row: a term that a file may write.
pub(crate) struct Loss {
    /// Its name.
    pub name: &'static str,
    /// What it is, in the words of the reference.
    pub doc: &'static str,
    /// Its parameters in order.
    pub parameters: fn() -> Vec<Parameter>,
    /// Reads values of the parameters' types, one each, in order.
    pub make: fn(&Values<'_>, Vec<Traced>) -> Result<Weighted, Refusal>,
}

/// What a loss term asks about the values of the model.
pub(crate) struct Values<'a> {
    /// The shape of each.
    pub shape: &'a dyn Fn(NodeId) -> Shape,
    /// The model's output.
    pub output: NodeId,
}

/// A term and its factor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Weighted {
    /// The factor.
    pub weight: f64,
    /// What is multiplied by it.
    pub kind: LossKind,
}

/// All loss terms, in the order of the reference.
pub(crate) static LOSSES: &[Loss] = &[
    Loss {
        name: "cross_entropy",
        doc: "The mean cross entropy of the output against labels `(1 - smoothing) * onehot + smoothing / classes`. The channels \
              of `logits`, the model's output, are the classes.",
        parameters: CrossEntropy::parameters,
        make: |values, given| {
            let given = CrossEntropy::read(given);
            scores(values, &given.logits)?;
            Ok(Weighted {
                weight: given.weight.non_negative("`weight`")?,
                kind: LossKind::CrossEntropy {
                    smoothing: given.smoothing.fraction("`smoothing`")?,
                },
            })
        },
    },
    Loss {
        name: "slow_neural",
        doc: "The sum over pairs j < i of `values` of mean((sum_C K_j - sum_C K_i)^2) (`channel_sum`) or of mean((tile(K_j) - \
              K_i)^2) (`tile`). They have the same positions, and no image changes them.",
        parameters: SlowNeural::parameters,
        make: |values, given| {
            let given = SlowNeural::read(given);
            let compare = given.compare.value;
            Ok(Weighted {
                weight: given.weight.non_negative("`weight`")?,
                kind: LossKind::SlowNeural {
                    compare,
                    kernels: comparable(values, compare, &given.values)?,
                },
            })
        },
    },
    Loss {
        name: "weight_norm",
        doc: "`fast` times the sum of the L2 norms of the tensors with `penalty=fast`, plus `slow` times that of those with \
              `penalty=slow`.",
        parameters: WeightNorm::parameters,
        make: |_, given| {
            let given = WeightNorm::read(given);
            Ok(Weighted {
                weight: 1.0,
                kind: LossKind::WeightNorm {
                    fast: given.fast.non_negative("`fast`")?,
                    slow: given.slow.non_negative("`slow`")?,
                },
            })
        },
    },
];

parameters! {
    struct CrossEntropy {
        /// The model's output: one score per class.
        logits: Given<NodeId>,
        /// The part of each label that is spread over all classes.
        smoothing: Given<f64> = "0",
        /// Factor of the term.
        weight: Given<f64> = "1",
    }
}

parameters! {
    struct SlowNeural {
        /// What is compared: `b.K` for the values `K` inside every `b[i]`.
        values: Given<Compared>,
        /// How values of different channel counts are compared.
        compare: Given<Compare> = "channel_sum",
        /// Factor of the term.
        weight: Given<f64> = "1",
    }
}

parameters! {
    struct WeightNorm {
        /// Factor of the tensors with `penalty=fast`.
        fast: Given<f64> = "0",
        /// Factor of the tensors with `penalty=slow`.
        slow: Given<f64> = "0",
    }
}

/// Most classes of a model.
const MAX_CLASSES: usize = 1_000_000;

/// The output must be scores, and it must be what the term is about.
fn scores(values: &Values<'_>, logits: &Given<NodeId>) -> Result<(), Refusal> {
    if logits.value != values.output {
        return Err(Refusal::argument(SettingKind::NotTheOutput, logits));
    }
    let shape = (values.shape)(logits.value);
    let classes = 2..=MAX_CLASSES;
    if !shape.batched || shape.sizes.rank() > 0 || !classes.contains(&shape.channels) {
        let most = MAX_CLASSES;
        let kind = SettingKind::NotScores { shape, most };
        return Err(Refusal::argument(kind, logits));
    }
    Ok(())
}

/// Every pair of values must be comparable.
fn comparable(
    values: &Values<'_>,
    compare: Compare,
    given: &Given<Compared>,
) -> Result<Vec<NodeId>, Refusal> {
    let Compared(all) = &given.value;
    if all.len() < 2 {
        let found = all.len();
        return Err(Refusal::argument(
            SettingKind::NothingToCompare { found },
            given,
        ));
    }
    let mut before: Option<Shape> = None;
    for value in all {
        let shape = (values.shape)(value.value);
        let refuse = |kind: SettingKind| Err(Refusal::element(kind, value, given));
        if shape.batched {
            return refuse(SettingKind::ComparedImages { shape });
        }
        // Divisibility is transitive along the chain of values, so neighbours decide.
        if let Some(other) = before {
            if shape.sizes != other.sizes {
                return refuse(SettingKind::ComparedSizes { shape, other });
            }
            if compare == Compare::Tile && !shape.channels.is_multiple_of(other.channels.max(1)) {
                let (earlier, later) = (other.channels, shape.channels);
                return refuse(SettingKind::ComparedTile { earlier, later });
            }
        }
        before = Some(shape);
    }
    Ok(all.iter().map(|value| value.value).collect())
}
