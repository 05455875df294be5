//! Without GPUs nothing is compiled while a program runs, and nothing is kept.

use std::path::Path;

/// Nothing is kept.
pub fn keep(_folder: &Path) {}

/// Nothing is kept.
pub fn activate(_name: &str) {}

/// There is nothing to count.
pub fn count_compilations() {}

/// There are none.
pub fn compilations() -> usize {
    0
}
