//! Whether a step is the last of a session, and whether a checkpoint follows it. On several nodes each says what it
//! wishes, and all do what they agree on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::settings::Interval;

/// Why a training is to stop before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The node that was asked to; 0 where there is only one.
    pub node: usize,
    /// By a signal, not because it has made as many steps as it should.
    pub signal: bool,
}

/// What is to follow a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The end of this session.
    pub stop: Option<Stop>,
    /// A checkpoint within the epoch.
    pub save: bool,
}

/// What a node's own wish depends on, as of a step.
pub struct Due<'a> {
    /// The node.
    pub node: usize,
    /// Set by a signal.
    pub signal: &'a AtomicBool,
    /// Steps of this session, this one included.
    pub done: usize,
    /// Steps after which the session ends.
    pub enough: Option<usize>,
    /// How often to save.
    pub every: Interval,
    /// Steps since the last checkpoint.
    pub since: usize,
    /// When that was.
    pub saved: Instant,
}

impl Due<'_> {
    /// What the node wishes now.
    pub fn wish(&self) -> Wish {
        let signal = self.signal.load(Ordering::Relaxed);
        let enough = self.enough.is_some_and(|steps| self.done >= steps);
        Wish {
            stop: (signal || enough).then_some(Stop {
                node: self.node,
                signal,
            }),
            save: self.every.is_over(self.since, self.saved.elapsed()),
        }
    }
}
