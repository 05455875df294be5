//! What has come of the trainings of a sweep, by model.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::Serialize;

use super::{Ledger, LeftOut, Member};
use crate::Error;
use crate::train::metrics::Row as Recorded;
use crate::train::{Ended, ended};

/// By what models are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Objective {
    /// Accuracy on the validation part, of the best epoch.
    #[default]
    ValAccuracy,
    /// Loss on the validation part, of the best epoch.
    ValLoss,
    /// Accuracy on the test part.
    TestAccuracy,
}

impl Objective {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ValAccuracy, Self::ValLoss, Self::TestAccuracy];

    fn name(self) -> &'static str {
        match self {
            Self::ValAccuracy => "val_accuracy",
            Self::ValLoss => "val_loss",
            Self::TestAccuracy => "test_accuracy",
        }
    }

    /// A number that is larger the better a value is.
    pub fn rank(self, value: f64) -> f64 {
        match self {
            Self::ValLoss => -value,
            Self::ValAccuracy | Self::TestAccuracy => value,
        }
    }

    fn of(self, ended: &Ended) -> Option<f64> {
        match self {
            Self::ValAccuracy => ended.val_accuracy,
            Self::ValLoss => ended.val_loss,
            Self::TestAccuracy => Some(ended.test_accuracy),
        }
    }

    /// Of the validation after an epoch; None of the test part, which is looked at in the end.
    pub(super) fn of_epoch(self, row: &Recorded) -> Option<f64> {
        match self {
            Self::ValAccuracy => row.top1,
            Self::ValLoss => row.loss,
            Self::TestAccuracy => None,
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|one| one.name() == text);
        found.ok_or_else(|| {
            format!(
                "`{text}` is none of {}",
                Self::ALL.map(Self::name).join(", ")
            )
        })
    }
}

/// A mean over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mean {
    /// How many.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their deviation, of a sample; None of one.
    pub deviation: Option<f64>,
}

impl Mean {
    /// Of some numbers; None of none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count == 0 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
        Some(Self {
            count,
            mean,
            deviation: (count > 1).then(|| (squares / (count - 1) as f64).sqrt()),
        })
    }

    /// By how many of its standard errors the difference of two means is from zero (Welch); None without deviations.
    pub fn standard_errors_from(&self, other: &Self) -> Option<f64> {
        let square = |mean: &Self| Some(mean.deviation?.powi(2) / mean.count as f64);
        let error = (square(self)? + square(other)?).sqrt();
        (error > 0.0).then(|| (self.mean - other.mean) / error)
    }
}

/// The mean, the deviation and of how many; of one the value alone.
impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.deviation {
            Some(deviation) => write!(f, "{:.4} ± {deviation:.4} ({})", self.mean, self.count),
            None => write!(f, "{:.4}", self.mean),
        }
    }
}

/// What came of a model.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The model.
    pub member: &'a Member,
    /// By what the models are compared; of one that was left out, as it was then.
    pub objective: Option<Mean>,
    /// Accuracy on the test part.
    pub test: Option<Mean>,
    /// Seconds of a training.
    pub seconds: Option<Mean>,
    /// From the first model, in standard errors.
    pub standard_errors: Option<f64>,
    /// After how many epochs successive halving left it out, before any of its trainings was over.
    pub left_out: Option<usize>,
    /// How many of its trainings failed for good.
    pub failed: usize,
}

/// What came of each model so far, in the ledger's order.
///
/// # Errors
/// If a record cannot be read.
pub fn rows<'a>(
    ledger: &'a Ledger,
    folder: &Path,
    objective: Objective,
    left_out: &[LeftOut<'_>],
) -> Result<Vec<Row<'a>>, Error> {
    let mut rows: Vec<Row<'a>> = vec![];
    for member in &ledger.members {
        let mut found = vec![];
        let mut failed = 0;
        for run in ledger.runs_of(member) {
            let name = run.folder();
            found.extend(ended(&folder.join(&name))?);
            failed += usize::from(ledger.has_failed(&name));
        }
        let mean = |of: &dyn Fn(&Ended) -> Option<f64>| {
            Mean::of(&found.iter().filter_map(of).collect::<Vec<f64>>())
        };
        let mut left = left_out
            .iter()
            .filter(|left| found.is_empty() && left.member.name == member.name);
        let left = left.next();
        let value = match left {
            Some(left) => left.objective,
            None => mean(&|ended| objective.of(ended)),
        };
        // What stands at different epochs is not compared.
        let first = rows
            .first()
            .filter(|first| first.left_out.is_none() && left.is_none());
        let first = first.and_then(|row| row.objective);
        let standard_errors = value
            .zip(first)
            .and_then(|(value, first)| value.standard_errors_from(&first));
        rows.push(Row {
            member,
            objective: value,
            test: mean(&|ended| Some(ended.test_accuracy)),
            seconds: mean(&|ended| Some(ended.seconds)),
            standard_errors,
            left_out: left.map(|left| left.epoch),
            failed,
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn means_and_their_distance() {
        let a = Mean::of(&[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((a.count, a.mean, a.deviation), (3, 2.0, Some(1.0)));
        let b = Mean::of(&[4.0, 6.0]).unwrap();
        // Variances 1/3 and 2/2.
        let expected = -3.0 / (1.0f64 / 3.0 + 1.0).sqrt();
        assert!((a.standard_errors_from(&b).unwrap() - expected).abs() < 1e-12);
        let one = Mean::of(&[4.0]).unwrap();
        assert_eq!(
            (one.deviation, one.standard_errors_from(&a), Mean::of(&[])),
            (None, None, None)
        );
    }
}
