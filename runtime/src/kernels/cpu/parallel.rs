//! Splitting work over the threads of the team in fixed parts, and writing disjoint parts of one slice from several
//! threads. Which thread takes a part never matters to the result.

use std::marker::PhantomData;

use super::team::Team;

/// Runs `task(0)`, ..., `task(count - 1)`, in any order, on all threads.
pub fn each(count: usize, task: impl Fn(usize) + Send + Sync) {
    Team::get().run(count, &task);
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

/// A mutable slice of which different threads write different parts.
pub struct Shared<'a> {
    start: *mut f32,
    len: usize,
    borrow: PhantomData<&'a mut [f32]>,
}

// SAFETY: the parts handed out are disjoint, as `part` demands.
unsafe impl Send for Shared<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shared<'_> {}

impl<'a> Shared<'a> {
    /// Shares `slice` until the borrow ends.
    pub fn new(slice: &'a mut [f32]) -> Self {
        Self {
            start: slice.as_mut_ptr(),
            len: slice.len(),
            borrow: PhantomData,
        }
    }

    /// The values `start .. start + len`.
    ///
    /// # Safety
    /// No two parts in use at the same time overlap.
    #[allow(clippy::mut_from_ref, reason = "disjointness is the caller's promise")]
    pub unsafe fn part(&self, start: usize, len: usize) -> &'a mut [f32] {
        assert!(start + len <= self.len, "a part must lie inside its slice");
        // SAFETY: inside the slice (checked), disjoint from other parts (the caller's promise).
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), len) }
    }
}
