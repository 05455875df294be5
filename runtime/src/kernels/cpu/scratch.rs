//! Memory for the length of one task: each thread keeps its own and asks nobody. Tasks that end with a result take it
//! from [`pool`](super::pool).

use std::cell::RefCell;
use std::mem;
use std::ops::{Deref, DerefMut};

use super::pool::{self, Buffer};

thread_local! {
    static KEPT: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// Values of arbitrary contents, until dropped.
pub struct Room {
    values: Buffer,
    len: usize,
}

/// Room for `len` values.
pub fn room(len: usize) -> Room {
    // The last one given back fits the next asker best.
    let kept = KEPT.with_borrow_mut(Vec::pop);
    let fitting = kept.filter(|values| values.len() >= len);
    let values = fitting.unwrap_or_else(|| pool::take(len));
    Room { values, len }
}

impl Deref for Room {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[..self.len]
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.len]
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let values = mem::replace(&mut self.values, Buffer::EMPTY);
        KEPT.with_borrow_mut(|kept| kept.push(values));
    }
}
