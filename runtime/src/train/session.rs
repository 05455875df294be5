//! Whether a step is the last of a session, and whether a checkpoint follows it. Each rank says what it asks for, and all do
//! what they have agreed on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use termc_data::StopRequest;

use super::ranks::ROOT;
use super::settings::Interval;

/// Asks a training for a checkpoint while it goes on; all clones are one request, which is answered once.
#[derive(Clone, Debug, Default)]
pub struct SaveRequest(Arc<AtomicBool>);

impl SaveRequest {
    /// A request that nobody has made yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the request.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was made since it was last taken.
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

impl From<Arc<AtomicBool>> for SaveRequest {
    /// The flag that a signal handler sets.
    fn from(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}

/// Why a training stops before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopReason {
    /// The rank that asks for it; 0 where there is only one.
    pub rank: usize,
    /// Whether a signal is the reason, not that it has made as many steps or epochs as it should.
    pub by_signal: bool,
}

impl StopReason {
    /// A signal where there is one rank.
    pub const ALONE: Self = Self {
        rank: 0,
        by_signal: true,
    };

    /// All ranks have done as many epochs as they should.
    pub const ENOUGH: Self = Self {
        rank: 0,
        by_signal: false,
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
    /// What all ranks do: they stop, and they save, if any of them asks for it.
    pub fn agreed(asked: impl IntoIterator<Item = Self>) -> Self {
        let both = |agreed: Self, asked: Self| Self {
            stop: agreed.stop.or(asked.stop),
            save: agreed.save || asked.save,
        };
        asked.into_iter().fold(Self::default(), both)
    }
}

/// What this rank's requests depend on, as of the step under way.
pub struct Session<'a> {
    /// This rank.
    pub rank: usize,
    /// Made by a signal.
    pub signal: &'a StopRequest,
    /// Made by a signal, too.
    pub save: &'a SaveRequest,
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
    /// What this rank asks for now. The first one watches the time for all.
    pub fn after_step(&self) -> AfterStep {
        let by_signal = self.signal.is_requested();
        let enough = self.stop_after.is_some_and(|steps| self.steps >= steps);
        AfterStep {
            stop: (by_signal || enough).then_some(StopReason {
                rank: self.rank,
                by_signal,
            }),
            save: self.save.take() || self.rank == ROOT && self.is_time_to_save(),
        }
    }

    fn is_time_to_save(&self) -> bool {
        let every = self.checkpoint_every;
        every.is_over(self.unsaved_steps, self.saved.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_stop_and_save_when_any_asks() {
        let asks = |rank, save| AfterStep {
            stop: Some(StopReason {
                rank,
                by_signal: true,
            }),
            save,
        };
        let quiet = AfterStep::default();
        assert_eq!(AfterStep::agreed([]), quiet);
        assert_eq!(AfterStep::agreed([quiet, asks(1, true)]), asks(1, true));
        let agreed = AfterStep::agreed([asks(0, true), asks(1, false)]);
        assert_eq!(agreed, asks(0, true));
    }

    #[test]
    fn a_request_to_save_is_answered_once_and_only_the_first_rank_watches_the_time() {
        let (stop, save) = (StopRequest::new(), SaveRequest::new());
        let session = |rank| Session {
            rank,
            signal: &stop,
            save: &save,
            steps: 1,
            stop_after: None,
            checkpoint_every: Interval::Steps(1),
            unsaved_steps: 1,
            saved: Instant::now(),
        };
        assert!(session(0).after_step().save);
        assert!(!session(1).after_step().save);
        save.request();
        assert!(session(1).after_step().save);
        assert!(!session(1).after_step().save);
    }
}
