//! Whether a step is the last of a session, and whether a checkpoint follows it. Each rank says what it asks for, and all do
//! what they have agreed on.

use std::time::Instant;

use serde::{Deserialize, Serialize};
use termc_data::StopRequest;

use super::settings::Interval;

/// Why a training stops before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopReason {
    /// The rank that asks for it; 0 where there is only one.
    pub rank: usize,
    /// Whether a signal is the reason, not that it has made as many steps as it should.
    pub by_signal: bool,
}

impl StopReason {
    /// A signal where there is one rank.
    pub const ALONE: Self = Self {
        rank: 0,
        by_signal: true,
    };
}

/// What is to follow a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AfterStep {
    /// The end of this session.
    pub stop: Option<StopReason>,
    /// A checkpoint within the epoch.
    pub save: bool,
}

impl AfterStep {
    /// What all ranks do: they stop if any of them asks for it, and save when the first one does.
    pub fn agreed(asked: impl IntoIterator<Item = Self>) -> Self {
        asked
            .into_iter()
            .enumerate()
            .fold(Self::default(), |agreed, (rank, asked)| match rank {
                0 => asked,
                _ => Self {
                    stop: agreed.stop.or(asked.stop),
                    ..agreed
                },
            })
    }
}

/// What this rank's requests depend on, as of the step under way.
pub struct Session<'a> {
    /// This rank.
    pub rank: usize,
    /// Made by a signal.
    pub signal: &'a StopRequest,
    /// Steps of this session, the one under way included.
    pub steps: usize,
    /// Steps after which the session ends.
    pub stop_after: Option<usize>,
    /// How often to save.
    pub checkpoint_every: Interval,
    /// Steps since the last checkpoint.
    pub unsaved_steps: usize,
    /// When that was.
    pub saved: Instant,
}

impl Session<'_> {
    /// What this rank asks for now.
    pub fn after_step(&self) -> AfterStep {
        let by_signal = self.signal.is_requested();
        let enough = self.stop_after.is_some_and(|steps| self.steps >= steps);
        AfterStep {
            stop: (by_signal || enough).then_some(StopReason {
                rank: self.rank,
                by_signal,
            }),
            save: self
                .checkpoint_every
                .is_over(self.unsaved_steps, self.saved.elapsed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stop_when_any_asks_and_save_when_the_first_does() {
        let asks = |rank, save| AfterStep {
            stop: Some(StopReason {
                rank,
                by_signal: true,
            }),
            save,
        };
        let quiet = AfterStep::default();
        assert_eq!(AfterStep::agreed([]), quiet);
        assert_eq!(AfterStep::agreed([quiet, asks(1, true)]), asks(1, false));
        let agreed = AfterStep::agreed([asks(0, true), asks(1, false)]);
        assert_eq!(agreed, asks(0, true));
    }
}
