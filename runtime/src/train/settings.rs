//! Everything a training depends on besides the model's source: `config.json` of a RUN folder. Decides no defaults
//! that the model's `train` section states.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::choice::named_values;
use crate::device::DeviceChoice;
use crate::network::{KernelChoice, Precision};
use serde::{Deserialize, Serialize};
use termc_compiler::model::Model;
use termc_data::{Dataset, Fit, Identity, SplitOptions};

/// Layout of a RUN folder and its checkpoints; another version is refused.
pub const FORMAT: u32 = 2;

/// Contents of `config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Layout of the folder.
    pub format: u32,
    /// The version of termc that began the training.
    pub termc: String,
    /// The model's name; its source is in `model.term`.
    pub model: String,
    /// Trainable scalars.
    pub parameters: u64,
    /// As `--dataset` takes it.
    pub dataset: String,
    /// Where its files are; None for the platform's cache folder.
    pub data_dir: Option<PathBuf>,
    /// What they were when the training began; None in folders of earlier versions.
    #[serde(default)]
    pub data: Option<Identity>,
    /// How images of other sizes than the model's are fitted to it.
    #[serde(default)]
    pub fit: Fit,
    /// The part of each class that was drawn, by the seed, to test, where the data set has no test part of its own.
    #[serde(default)]
    pub test: Option<f64>,
    /// The weights that it began with; None for fresh ones.
    #[serde(default)]
    pub start: Option<Start>,
    /// Decides initial weights, split, order, augmentation and dropout.
    pub seed: u64,
    /// Passes over the training images.
    pub epochs: usize,
    /// Images per batch.
    pub batch: usize,
    /// Use only so many of the training part's images.
    pub limit: Option<usize>,
    /// Where the best epoch is chosen.
    pub protocol: Protocol,
    /// Fraction of the training part that validates; 0 under the published protocol.
    pub val: f64,
    /// As asked for.
    pub device: DeviceChoice,
    /// As found when the training began, of all ranks.
    pub device_used: String,
    /// Type of the activations.
    pub precision: Precision,
    /// Which code computes.
    pub kernels: KernelChoice,
    /// Steps or time between checkpoints within an epoch; every epoch ends with one anyway.
    pub checkpoint_every: Interval,
    /// How many checkpoints are kept besides the best.
    pub keep: usize,
    /// Steps between rows of the record.
    pub log_every: usize,
    /// The model's recipe; for readers, `model.term` is what counts.
    pub recipe: serde_json::Value,
}

/// The weights that a training began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Where they were: a weight file or a RUN folder.
    pub weights: PathBuf,
    /// SHA-256 of the weights that were taken, in hexadecimal.
    pub sha256: String,
}

impl Settings {
    /// How the training part is divided.
    pub fn split_options(&self) -> SplitOptions {
        SplitOptions {
            val: self.val,
            limit: self.limit,
            seed: self.seed,
        }
    }

    /// How a data set differs from the one that was trained on, None if it does not or no record tells.
    pub fn data_change(&self, now: &Dataset) -> Option<String> {
        let recorded = self.data.as_ref()?;
        let (what, before, now) = recorded.difference(&Identity::of(now))?;
        let name = &self.dataset;
        Some(format!(
            "{what} of `{name}` was {before} when the training began and is {now}"
        ))
    }

    /// What differs from the model in the same folder, None if nothing that matters does.
    pub fn refusal(&self, model: &Model) -> Option<String> {
        let found = model.parameter_count();
        if self.model != model.name {
            let (theirs, ours) = (&self.model, &model.name);
            Some(format!(
                "is of model `{theirs}`, its `model.term` of `{ours}`"
            ))
        } else if self.parameters != found {
            let expected = self.parameters;
            Some(format!(
                "is of a model with {expected} parameters, its `model.term` has {found}"
            ))
        } else {
            None
        }
    }
}

/// Where the best epoch is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// On images held out of the training part; the test part is looked at once, at the end.
    #[default]
    Honest,
    /// On the test part itself, as the published results were.
    Published,
}

named_values!(Protocol, "protocol", { Honest: "honest", Published: "published" });

/// A number of optimizer steps or a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Interval {
    /// Optimizer steps, at least one.
    Steps(usize),
    /// Seconds, more than none.
    Seconds(u64),
}

impl Interval {
    /// Whether so many steps or so much time make one.
    pub fn is_over(self, steps: usize, time: Duration) -> bool {
        match self {
            Self::Steps(every) => steps >= every,
            Self::Seconds(every) => time >= Duration::from_secs(every),
        }
    }
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is neither a number from 1 on, like `200`, nor a time like `90s`, `10m`, `2h`"
            )
        };
        let digits = text.trim_end_matches(['s', 'm', 'h']);
        let number: u64 = digits.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
        let factor = match text.get(digits.len()..) {
            Some("") => {
                return usize::try_from(number)
                    .map(Self::Steps)
                    .map_err(|_| wrong());
            }
            Some("s") => 1,
            Some("m") => 60,
            Some("h") => 3600,
            _ => return Err(wrong()),
        };
        number
            .checked_mul(factor)
            .map(Self::Seconds)
            .ok_or_else(wrong)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(steps) => write!(f, "{steps}"),
            Self::Seconds(seconds) if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            Self::Seconds(seconds) if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
        }
    }
}

impl TryFrom<String> for Interval {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_read_by_name() {
        for protocol in Protocol::ALL {
            let text = serde_json::to_string(protocol).unwrap();
            assert_eq!(serde_json::from_str::<Protocol>(&text).unwrap(), *protocol);
        }
        assert!(serde_json::from_str::<Protocol>("\"Honest\"").is_err());
    }

    #[test]
    fn intervals_are_parsed_and_printed() {
        for text in ["1", "200", "45s", "10m", "2h"] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), text);
        }
        assert_eq!("90s".parse(), Ok(Interval::Seconds(90)));
        for text in [
            "",
            "0",
            "0m",
            "m",
            "-5",
            "1d",
            "10ms",
            "99999999999999999999",
            "1.5h",
        ] {
            assert!(text.parse::<Interval>().is_err(), "{text}");
        }
        assert!(Interval::Steps(3).is_over(3, Duration::ZERO));
        assert!(!Interval::Seconds(3).is_over(100, Duration::from_millis(2999)));
    }
}
