//! Memory for the length of one task: each thread keeps its own and asks nobody. Tasks that end with a result take it
//! from [`pool`](super::pool).

use std::cell::Cell;

thread_local! {
    static KEPT: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// Runs `task` with `len` values of arbitrary contents.
pub fn with<R>(len: usize, task: impl FnOnce(&mut [f32]) -> R) -> R {
    // Taken, not borrowed: a task that waits for others may run one of them meanwhile.
    let mut kept = KEPT.take();
    if kept.len() < len {
        kept.resize(len, 0.0);
    }
    let result = task(&mut kept[..len]);
    KEPT.set(kept);
    result
}
