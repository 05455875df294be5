//! Learning rate schedules: factors over time as the model holds them, and as a file writes them.

use serde::Serialize;

use super::choice::Choice;
use super::{Given, parameters};

/// Factor on the base learning rate over time; `warmup` is a linear rise from 0 over that many epochs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Schedule {
    /// 1 after the warm-up.
    Constant {
        /// Epochs.
        warmup: f64,
    },
    /// Half a cosine from 1 to `floor` after the warm-up.
    WarmupCosine {
        /// Epochs.
        warmup: f64,
        /// Last factor.
        floor: f64,
    },
    /// A warm-up times half a cosine from before its top, as the published code chains them.
    ChainedCosine {
        /// Epochs.
        warmup: f64,
    },
    /// Multiplied by `factor` every `every` epochs after the warm-up.
    Step {
        /// Epochs between drops.
        every: f64,
        /// Factor of each drop.
        factor: f64,
        /// Epochs.
        warmup: f64,
    },
    /// Cosine rise from `1 / start` to 1 over the first `rise` of all steps, then cosine fall to `1 / end`.
    OneCycle {
        /// Fraction of steps that rise.
        rise: f64,
        /// Initial divisor.
        start: f64,
        /// Final divisor.
        end: f64,
    },
}

/// Values of `schedule`.
pub(crate) static SCHEDULES: &[Choice<Schedule>] = &[
    Choice {
        name: "constant",
        doc: "The learning rate itself, after the warm-up.",
        parameters: Constant::parameters,
        make: |values| {
            let given = Constant::read(values);
            Ok(Schedule::Constant {
                warmup: given.warmup.non_negative("`warmup`")?,
            })
        },
    },
    Choice {
        name: "warmup_cosine",
        doc: "Half a cosine from 1 to `floor` after the warm-up.",
        parameters: WarmupCosine::parameters,
        make: |values| {
            let given = WarmupCosine::read(values);
            Ok(Schedule::WarmupCosine {
                warmup: given.warmup.non_negative("`warmup`")?,
                floor: given.floor.fraction("`floor`")?,
            })
        },
    },
    Choice {
        name: "chained_cosine",
        doc: "The published code's: a linear warm-up times half a cosine that has its top at the end of the warm-up and the \
              value 1 at the first step (a plain one where the warm-up takes over a third of the training). With 8 of 100 \
              epochs of warm-up the rate rises to 1.019 of the stated one.",
        parameters: ChainedCosine::parameters,
        make: |values| {
            let given = ChainedCosine::read(values);
            Ok(Schedule::ChainedCosine {
                warmup: given.warmup.non_negative("`warmup`")?,
            })
        },
    },
    Choice {
        name: "step",
        doc: "Multiplied by `factor` every `every` epochs after the warm-up.",
        parameters: Step::parameters,
        make: |values| {
            let given = Step::read(values);
            Ok(Schedule::Step {
                every: given.every.positive("`every`")?,
                factor: given.factor.positive("`factor`")?,
                warmup: given.warmup.non_negative("`warmup`")?,
            })
        },
    },
    Choice {
        name: "one_cycle",
        doc: "A cosine from `1 / start` up to 1 over the first `rise` of all steps, then a cosine down to `1 / end`.",
        parameters: OneCycle::parameters,
        make: |values| {
            let given = OneCycle::read(values);
            Ok(Schedule::OneCycle {
                rise: given.rise.fraction("`rise`")?,
                start: given.start.positive("`start`")?,
                end: given.end.positive("`end`")?,
            })
        },
    },
];

parameters! {
    struct Constant {
        /// Epochs of a linear rise from 0.
        warmup: Given<f64> = "0",
    }
}

parameters! {
    struct WarmupCosine {
        /// Epochs of a linear rise from 0.
        warmup: Given<f64> = "0",
        /// The last factor.
        floor: Given<f64> = "0",
    }
}

parameters! {
    struct ChainedCosine {
        /// Epochs of a linear rise from a hundred-millionth.
        warmup: Given<f64> = "0",
    }
}

parameters! {
    struct Step {
        /// Epochs between drops.
        every: Given<f64>,
        /// Factor of each drop.
        factor: Given<f64> = "0.1",
        /// Epochs of a linear rise from 0.
        warmup: Given<f64> = "0",
    }
}

parameters! {
    struct OneCycle {
        /// Fraction of all steps that rise.
        rise: Given<f64> = "0.3",
        /// Divisor of the learning rate at the start.
        start: Given<f64> = "25",
        /// Divisor of the learning rate at the end.
        end: Given<f64> = "10000",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Traced;
    use crate::primitives::fake::{float, int, told};

    fn make(name: &str, values: Vec<Traced>) -> Result<Schedule, String> {
        let choice = SCHEDULES.iter().find(|c| c.name == name).unwrap();
        (choice.make)(values).map_err(|refusal| told(&refusal))
    }

    #[test]
    fn each_row_makes_its_schedule() {
        let constant = make("constant", vec![float(0.5)]);
        assert_eq!(constant, Ok(Schedule::Constant { warmup: 0.5 }));
        let cosine = make("warmup_cosine", vec![int(8), float(0.25)]);
        assert_eq!(
            cosine,
            Ok(Schedule::WarmupCosine {
                warmup: 8.0,
                floor: 0.25
            })
        );
        let chained = make("chained_cosine", vec![int(8)]);
        assert_eq!(chained, Ok(Schedule::ChainedCosine { warmup: 8.0 }));
        let step = make("step", vec![int(30), float(0.1), int(2)]);
        assert_eq!(
            step,
            Ok(Schedule::Step {
                every: 30.0,
                factor: 0.1,
                warmup: 2.0
            })
        );
        let cycle = make("one_cycle", vec![float(0.3), int(25), int(10000)]);
        assert_eq!(
            cycle,
            Ok(Schedule::OneCycle {
                rise: 0.3,
                start: 25.0,
                end: 10000.0
            })
        );
    }

    #[test]
    fn times_and_factors_have_their_ranges() {
        let refused = |name, values| make(name, values).unwrap_err();
        assert_eq!(
            refused("constant", vec![float(-1.0)]),
            "`warmup` is -1, it must be 0 or more at 8"
        );
        assert_eq!(
            refused("warmup_cosine", vec![int(0), float(1.0)]),
            "`floor` is 1, it must be at least 0 and below 1 at 8"
        );
        assert_eq!(
            refused("step", vec![float(0.0), float(0.1), int(0)]),
            "`every` is 0, it must be greater than 0 at 8"
        );
        assert_eq!(
            refused("one_cycle", vec![float(0.3), float(0.0), int(1)]),
            "`start` is 0, it must be greater than 0 at 8"
        );
    }
}
