//! Memory for the length of one task: each thread keeps its own and asks nobody. Tasks that end with a result take it
//! from [`pool`](super::pool).

use std::cell::RefCell;
use std::mem;
use std::ops::{Deref, DerefMut};

use super::pool::{self, Buffer};

thread_local! {
    static FREE: RefCell<Vec<Buffer>> = const { RefCell::new(Vec::new()) };
}

/// Values of arbitrary contents, until dropped.
pub struct Scratch {
    values: Buffer,
    len: usize,
}

/// Memory for `len` values.
pub fn take(len: usize) -> Scratch {
    // The last one given back fits the next asker best.
    let free = FREE.with_borrow_mut(Vec::pop);
    let fitting = free.filter(|values| values.len() >= len);
    let values = fitting.unwrap_or_else(|| pool::take(len));
    Scratch { values, len }
}

impl Deref for Scratch {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[..self.len]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[..self.len]
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let values = mem::replace(&mut self.values, Buffer::EMPTY);
        FREE.with_borrow_mut(|free| free.push(values));
    }
}
