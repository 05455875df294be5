//! Loss terms: what they are as the model holds them, and as a file writes them.

use super::limits::MAX_CLASSES;
use super::{Compared, Given, Parameter, Refusal, Traced, Words, parameters, words};
use crate::diagnostics::SettingKind;
use crate::parts::{NodeId, Shape};

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
    /// Minus the mean entropy of the output's distributions: what is sure of itself is dear (Pereyra et al. 2017).
    ConfidencePenalty,
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
        name: "confidence_penalty",
        doc: "`weight` times the mean over images of `sum p log p`, minus the entropy of the output's distribution `p`: it keeps \
              the network from being too sure (arXiv 1701.06548).",
        parameters: ConfidencePenalty::parameters,
        make: |_, given| {
            let given = ConfidencePenalty::read(given);
            Ok(Weighted {
                weight: given.weight.non_negative("`weight`")?,
                kind: LossKind::ConfidencePenalty,
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
    struct ConfidencePenalty {
        /// Factor of the term.
        weight: Given<f64>,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Value;
    use crate::parts::Sizes;
    use crate::primitives::fake::{at, float, int, told, word};

    /// Makes a term of a model whose values have these shapes; the first is the output.
    fn make(
        shapes: &[(bool, usize, &[usize])],
        name: &str,
        values: Vec<Traced>,
    ) -> Result<Weighted, String> {
        let shape = |id: NodeId| {
            let (batched, channels, sizes) = shapes[id.index()];
            let sizes = Sizes::new(sizes).unwrap();
            Shape {
                batched,
                channels,
                sizes,
            }
        };
        let about = Values {
            shape: &shape,
            output: NodeId(0),
        };
        let loss = LOSSES.iter().find(|l| l.name == name).unwrap();
        (loss.make)(&about, values).map_err(|refusal| told(&refusal))
    }

    fn tensor(id: u32) -> Traced {
        at(id, Value::Tensor(NodeId(id)))
    }

    fn tensors(ids: &[u32]) -> Traced {
        at(9, Value::List(ids.iter().map(|id| tensor(*id)).collect()))
    }

    #[test]
    fn the_cross_entropy_is_that_of_scores_which_are_the_output() {
        let make = |shapes: &[(bool, usize, &[usize])], logits, smoothing| {
            make(
                shapes,
                "cross_entropy",
                vec![tensor(logits), float(smoothing), int(2)],
            )
        };
        let scores = (true, 10, [].as_slice());
        let kind = LossKind::CrossEntropy { smoothing: 0.1 };
        assert_eq!(make(&[scores], 0, 0.1), Ok(Weighted { weight: 2.0, kind }));
        let refused = make(&[scores, scores], 1, 0.1).unwrap_err();
        assert_eq!(
            refused,
            "the cross entropy is that of the model's output at 1"
        );
        for (shape, text) in [
            ((true, 10, [4].as_slice()), "[N, 10, 4]"),
            ((false, 10, &[]), "[1, 10]"),
            ((true, 1, &[]), "[N, 1]"),
        ] {
            let refused = make(&[shape], 0, 0.1).unwrap_err();
            let wanted = "the cross entropy needs one score per class and image, found";
            assert_eq!(refused, format!("{wanted} {text} at 0"));
        }
        let refused = make(&[scores], 0, 1.0).unwrap_err();
        assert_eq!(
            refused,
            "`smoothing` is 1, it must be at least 0 and below 1 at 8"
        );
    }

    #[test]
    fn compared_values_have_the_same_positions_and_no_image_changes_them() {
        let plane = [4, 4].as_slice();
        let shapes = [
            (true, 10, [].as_slice()),
            (false, 2, plane),
            (false, 4, plane),
            (false, 6, plane),
            (false, 6, &[4, 5]),
            (true, 6, plane),
        ];
        let make = |ids: &[u32], compare| {
            make(
                &shapes,
                "slow_neural",
                vec![tensors(ids), word(compare), int(1)],
            )
        };
        let kernels = [1, 2, 3].map(NodeId).to_vec();
        let compare = Compare::ChannelSum;
        let kind = LossKind::SlowNeural { compare, kernels };
        assert_eq!(
            make(&[1, 2, 3], "channel_sum"),
            Ok(Weighted { weight: 1.0, kind })
        );
        assert!(make(&[1, 2], "tile").is_ok());
        let refused = |ids: &[u32], compare| make(ids, compare).unwrap_err();
        assert_eq!(
            refused(&[1, 2, 3], "tile"),
            "a kernel of 4 channels does not tile into 6 at 3"
        );
        assert_eq!(
            refused(&[1, 4], "channel_sum"),
            "values that are compared need the same positions, found [1, 2, 4, 4] and [1, 6, 4, 5] at 4"
        );
        assert_eq!(
            refused(&[1, 5], "channel_sum"),
            "values that are compared must be the same for every image, this one is [N, 6, 4, 4] at 5"
        );
        assert_eq!(
            refused(&[1], "channel_sum"),
            "the slow neural loss compares two values or more, found 1 at 9"
        );
    }

    #[test]
    fn a_weight_norm_has_two_factors() {
        let kind = LossKind::WeightNorm {
            fast: 0.5,
            slow: 0.0,
        };
        let term = make(&[], "weight_norm", vec![float(0.5), int(0)]);
        assert_eq!(term, Ok(Weighted { weight: 1.0, kind }));
        let refused = make(&[], "weight_norm", vec![float(-0.5), int(0)]).unwrap_err();
        assert_eq!(refused, "`fast` is -0.5, it must be 0 or more at 8");
    }
}
