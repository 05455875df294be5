//! Splitting work over the threads of the pool in fixed parts, and writing parts of one slice from several threads. Which
//! thread takes a part never matters to the result.
//!
//! [`Rows`] and [`Columns`] are safe: a part is lent to one task at a time, and asking for it twice is a panic.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};

use super::thread_pool::ThreadPool;

/// Runs `task(0)`, ..., `task(count - 1)`, in any order, on all threads.
pub fn each(count: usize, task: impl Fn(usize) + Send + Sync) {
    ThreadPool::get().run(count, &task);
}

/// Values that one thread goes through before another would have begun.
const FEW: usize = 1 << 12;

/// As [`each`] for tasks that go through `values` values each: few are left to one thread.
pub fn each_of(count: usize, values: usize, task: impl Fn(usize) + Send + Sync) {
    match count.saturating_mul(values) <= FEW {
        true => (0..count).for_each(task),
        false => each(count, task),
    }
}

/// The address of a slice that is lent in parts.
struct Address<'a> {
    start: *mut f32,
    len: usize,
    borrow: PhantomData<&'a mut [f32]>,
    lent: Vec<AtomicBool>,
}

// SAFETY: parts are disjoint and each is lent to one borrower at a time, see `lend`.
unsafe impl Send for Address<'_> {}
// SAFETY: as above.
unsafe impl Sync for Address<'_> {}

impl<'a> Address<'a> {
    fn new(slice: &'a mut [f32], parts: usize) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            borrow: PhantomData,
            lent: (0..parts).map(|_| AtomicBool::new(false)).collect(),
        }
    }

    /// Takes part `index`; it is given back when the result is dropped.
    fn lend(&self, index: usize) -> Lent<'_> {
        let lent = &self.lent[index];
        assert!(
            !lent.swap(true, Ordering::Acquire),
            "part {index} is lent twice"
        );
        Lent(lent)
    }
}

/// A part that is in use.
struct Lent<'a>(&'a AtomicBool);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A mutable slice in rows of equal length, the last one perhaps shorter, which different threads write.
pub struct Rows<'a> {
    address: Address<'a>,
    length: usize,
}

impl<'a> Rows<'a> {
    /// Rows of `length` values.
    pub fn new(slice: &'a mut [f32], length: usize) -> Self {
        let count = slice.len().div_ceil(length.max(1));
        Self {
            address: Address::new(slice, count),
            length: length.max(1),
        }
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.address.lent.len()
    }

    /// Row `index`, until the result is dropped.
    ///
    /// # Panics
    /// If there is no such row, or someone has it.
    pub fn row(&self, index: usize) -> Row<'_> {
        let lent = self.address.lend(index);
        let start = index * self.length;
        let len = self.length.min(self.address.len - start);
        // SAFETY: inside the slice, since `index` is below the number of rows; disjoint from other rows, and lent to
        // nobody else until `lent` is dropped.
        let values = unsafe { std::slice::from_raw_parts_mut(self.address.start.add(start), len) };
        Row {
            values,
            _lent: lent,
        }
    }
}

/// One row of [`Rows`].
pub struct Row<'a> {
    values: &'a mut [f32],
    _lent: Lent<'a>,
}

impl Deref for Row<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.values
    }
}

impl DerefMut for Row<'_> {
    fn deref_mut(&mut self) -> &mut [f32] {
        self.values
    }
}

/// Row-major matrices of equal size, one after the other, in blocks of neighbouring columns, which different threads write.
pub struct Columns<'a> {
    address: Address<'a>,
    rows: usize,
    columns: usize,
    /// Where blocks begin, rising, and the end of the last one.
    bounds: Vec<usize>,
}

impl<'a> Columns<'a> {
    /// Matrices of `rows` and `columns`, in blocks of `width` columns, the last one of each matrix perhaps narrower.
    pub fn new(slice: &'a mut [f32], rows: usize, columns: usize, width: usize) -> Self {
        let starts = (0..columns).step_by(width);
        Self::cut(slice, rows, starts.chain([columns]).collect())
    }

    /// Matrices of `rows`, in blocks of columns that begin at `bounds`, rising from 0; the last bound is the number of columns.
    ///
    /// # Panics
    /// If the bounds are no such.
    pub fn cut(slice: &'a mut [f32], rows: usize, bounds: Vec<usize>) -> Self {
        assert!(
            bounds.first() == Some(&0) && bounds.is_sorted(),
            "bounds must rise from 0"
        );
        let columns = bounds[bounds.len() - 1];
        let matrices = slice.len() / (rows * columns).max(1);
        Self {
            address: Address::new(slice, matrices * (bounds.len() - 1)),
            rows,
            columns,
            bounds,
        }
    }

    /// Block `index` of a matrix, until the result is dropped.
    ///
    /// # Panics
    /// If there is no such block, or someone has it.
    pub fn block(&self, matrix: usize, index: usize) -> Block<'_> {
        let blocks = self.bounds.len() - 1;
        assert!(index < blocks, "a matrix has no block {index}");
        let lent = self.address.lend(matrix * blocks + index);
        Block {
            // SAFETY: inside the slice, since there is such a matrix.
            start: unsafe { self.address.start.add(matrix * self.rows * self.columns) },
            rows: self.rows,
            columns: self.columns,
            from: self.bounds[index],
            to: self.bounds[index + 1],
            _lent: lent,
        }
    }
}

/// Some columns of all rows of a matrix.
pub struct Block<'a> {
    start: *mut f32,
    rows: usize,
    columns: usize,
    from: usize,
    to: usize,
    _lent: Lent<'a>,
}

impl Block<'_> {
    /// The first value of the whole matrix, whose rows lie `columns` apart; only this block's columns may be written.
    pub fn matrix(&mut self) -> *mut f32 {
        self.start
    }

    /// The columns of one row.
    pub fn row(&mut self, index: usize) -> &mut [f32] {
        assert!(index < self.rows, "a block has no row {index}");
        let at = index * self.columns + self.from;
        // SAFETY: inside the matrix; these columns are nobody else's while the block is lent.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(at), self.to - self.from) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_blocks_cover_the_slice() {
        let mut slice = vec![0.0; 10];
        let rows = Rows::new(&mut slice, 4);
        each(rows.count(), |i| rows.row(i).fill(i as f32));
        assert_eq!(slice, [0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0]);
        let mut slice = vec![0.0; 12];
        let columns = Columns::new(&mut slice, 2, 3, 2);
        each(4, |i| {
            let mut block = columns.block(i / 2, i % 2);
            (0..2).for_each(|row| block.row(row).fill(i as f32));
        });
        assert_eq!(
            slice,
            [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 2.0, 2.0, 3.0]
        );
    }

    #[test]
    #[should_panic(expected = "lent twice")]
    fn a_row_is_lent_once_at_a_time() {
        let mut slice = vec![0.0; 8];
        let rows = Rows::new(&mut slice, 4);
        let _first = rows.row(1);
        rows.row(1);
    }

    #[test]
    fn a_row_that_was_given_back_is_lent_again() {
        let mut slice = vec![0.0; 8];
        let rows = Rows::new(&mut slice, 4);
        rows.row(1)[0] = 1.0;
        assert_eq!(rows.row(1)[0], 1.0);
    }
}
