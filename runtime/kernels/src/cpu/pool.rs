//! Buffers of float32 that are reused instead of returned to the system: fresh large allocations cost a page fault per
//! 4 KiB and would be zeroed. Buffers become tensors without copying and come back when the tensor is dropped.

use std::alloc::{Layout as Memory, alloc_zeroed, dealloc, handle_alloc_error};
use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::{DType, Shape};
use burn_std::{AccessError, AccessPolicy, AllocationController, AllocationProperty, Bytes};

/// Cache line, in bytes.
const ALIGN: usize = 64;
/// Below this many bytes in total nothing is given back to the system.
const FLOOR: usize = 64 << 20;

/// Owned memory: always initialised, aligned to a cache line.
struct Block {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: a block is the only owner of its memory.
unsafe impl Send for Block {}
// SAFETY: shared access only reads.
unsafe impl Sync for Block {}

impl Block {
    fn memory(bytes: usize) -> Memory {
        match Memory::from_size_align(bytes, ALIGN) {
            Ok(memory) => memory,
            Err(_) => handle_alloc_error(Memory::new::<u8>()),
        }
    }

    fn new(bytes: usize) -> Self {
        let memory = Self::memory(bytes);
        // SAFETY: sizes are at least one cache line, see `take`.
        let start = unsafe { alloc_zeroed(memory) };
        match NonNull::new(start) {
            Some(start) => Self { start, bytes },
            None => handle_alloc_error(memory),
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with the same layout.
        unsafe { dealloc(self.start.as_ptr(), Self::memory(self.bytes)) }
    }
}

/// Free blocks by size, and the sums that bound them. Of blocks `T`, it knows their sizes only.
pub struct Pool<T> {
    free: BTreeMap<usize, Vec<T>>,
    free_bytes: usize,
    live_bytes: usize,
    /// Most bytes in use at a time, in this window of [`WINDOW`] loans and in the one before.
    peaks: [usize; 2],
    loans: usize,
}

/// Loans after which a peak that was not reached again is forgotten: more than a training step has.
const WINDOW: usize = 1 << 14;

static POOL: Mutex<Pool<Block>> = Mutex::new(Pool::new());

fn pool() -> MutexGuard<'static, Pool<Block>> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Pool<T> {
    /// Nothing taken, nothing free.
    pub const fn new() -> Self {
        Self {
            free: BTreeMap::new(),
            free_bytes: 0,
            live_bytes: 0,
            peaks: [0; 2],
            loans: 0,
        }
    }

    /// Bytes taken from the system, in use or free.
    pub fn held_bytes(&self) -> usize {
        self.live_bytes + self.free_bytes
    }

    /// A free block of at least `bytes`, at most a quarter larger, if there is one, its size, or else `bytes`, and the free
    /// blocks that no longer fit under the bound.
    pub fn lend(&mut self, bytes: usize) -> (Option<T>, usize, Vec<T>) {
        let found = self.free.range(bytes..=bytes + bytes / 4).next();
        let found = found.map(|(size, _)| *size);
        let block = found.and_then(|size| self.pop(size));
        let size = found.unwrap_or(bytes);
        let surplus = self.count(size);
        (block, size, surplus)
    }

    fn pop(&mut self, size: usize) -> Option<T> {
        let blocks = self.free.get_mut(&size)?;
        let block = blocks.pop();
        if blocks.is_empty() {
            self.free.remove(&size);
        }
        if block.is_some() {
            self.free_bytes -= size;
        }
        block
    }

    /// Counts a block as used; returns the free blocks that no longer fit under the bound.
    fn count(&mut self, bytes: usize) -> Vec<T> {
        self.live_bytes += bytes;
        self.loans += 1;
        if self.loans == WINDOW {
            self.loans = 0;
            self.peaks = [0, self.peaks[0]];
        }
        self.peaks[0] = self.peaks[0].max(self.live_bytes);
        let peak = self.peaks[0].max(self.peaks[1]);
        let bound = (peak + peak / 4).max(FLOOR);
        let mut surplus = Vec::new();
        while self.live_bytes + self.free_bytes > bound {
            let Some((&largest, _)) = self.free.last_key_value() else {
                break;
            };
            surplus.extend(self.pop(largest));
        }
        surplus
    }

    /// A block of this size is free again.
    pub fn give_back(&mut self, size: usize, block: T) {
        self.live_bytes -= size;
        self.free_bytes += size;
        self.free.entry(size).or_default().push(block);
    }
}

/// A buffer of float32 values: exclusive, aligned to a cache line, with arbitrary contents until written.
pub struct Buffer {
    block: Option<Block>,
    len: usize,
}

/// The size of the block for so many bytes.
pub fn rounded(bytes: usize) -> usize {
    bytes.max(1).next_multiple_of(ALIGN)
}

/// A buffer of `len` values with arbitrary contents.
pub fn take(len: usize) -> Buffer {
    let bytes = rounded(len * 4);
    let (found, _, surplus) = pool().lend(bytes);
    drop(surplus);
    let block = found.unwrap_or_else(|| Block::new(bytes));
    Buffer {
        block: Some(block),
        len,
    }
}

/// A buffer of `len` zeros.
pub fn zeros(len: usize) -> Buffer {
    let mut buffer = take(len);
    buffer.fill(0.0);
    buffer
}

impl Buffer {
    /// No values.
    pub const EMPTY: Self = Self {
        block: None,
        len: 0,
    };

    /// The tensor of these values; `shape` has as many elements as the buffer.
    pub fn into_tensor(mut self, shape: impl Into<Shape>) -> FlexTensor {
        let shape = shape.into();
        debug_assert_eq!(shape.num_elements(), self.len);
        let len = self.len * 4;
        let block = self.block.take();
        // SAFETY: blocks are initialised over their whole length, which is at least `len`.
        let bytes = unsafe { Bytes::from_controller(Box::new(Lease(block)), len) };
        FlexTensor::new(bytes, Layout::contiguous(shape), DType::F32)
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &self.block {
            // SAFETY: initialised, aligned, and long enough by construction.
            Some(b) => unsafe { std::slice::from_raw_parts(b.start.as_ptr().cast(), self.len) },
            None => &[],
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        match &mut self.block {
            // SAFETY: as above, and exclusively owned.
            Some(b) => unsafe { std::slice::from_raw_parts_mut(b.start.as_ptr().cast(), self.len) },
            None => &mut [],
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(block) = self.block.take() {
            pool().give_back(block.bytes, block);
        }
    }
}

/// A block in use as a tensor's memory.
struct Lease(Option<Block>);

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(block) = self.0.take() {
            pool().give_back(block.bytes, block);
        }
    }
}

impl AllocationController for Lease {
    fn alloc_align(&self) -> usize {
        ALIGN
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    unsafe fn memory_mut(
        &mut self,
        _: AccessPolicy,
    ) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        Ok(match &mut self.0 {
            // SAFETY: the block owns `bytes` bytes.
            Some(b) => unsafe { std::slice::from_raw_parts_mut(b.start.as_ptr().cast(), b.bytes) },
            None => &mut [],
        })
    }

    fn memory(&self, _: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        Ok(match &self.0 {
            // SAFETY: the block owns `bytes` bytes.
            Some(b) => unsafe { std::slice::from_raw_parts(b.start.as_ptr().cast(), b.bytes) },
            None => &[],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_tensor_gives_its_memory_back() {
        let mut buffer = take(100_003);
        buffer.fill(2.0);
        let address = buffer.as_ptr();
        let tensor = buffer.into_tensor([100_003]);
        assert_eq!(tensor.as_slice::<f32>().unwrap()[100_002], 2.0);
        drop(tensor);
        assert_eq!(take(100_003).as_ptr(), address);
    }

    #[test]
    fn what_is_no_longer_needed_goes_back_to_the_system() {
        let mut pool = Pool::new();
        pool.lend(FLOOR * 8);
        pool.give_back(FLOOR * 8, ());
        let mut freed = 0;
        for _ in 0..2 * WINDOW {
            let (_, size, surplus) = pool.lend(1 << 10);
            freed += surplus.len();
            pool.give_back(size, ());
        }
        assert_eq!(freed, 1);
        assert!(pool.held_bytes() <= FLOOR);
    }

    #[test]
    fn copies_of_a_tensor_are_independent() {
        let mut buffer = take(70_001);
        buffer.fill(1.0);
        let first = buffer.into_tensor([70_001]);
        let mut second = first.clone();
        second.storage_mut::<f32>()[0] = 5.0;
        assert_eq!(first.as_slice::<f32>().unwrap()[0], 1.0);
        assert_eq!(second.as_slice::<f32>().unwrap()[0], 5.0);
    }
}
