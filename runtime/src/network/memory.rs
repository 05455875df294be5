//! Predicts the memory of training on the CPU from a simulation of its buffers. Computes no value.

mod calls;
mod simulation;

use self::simulation::Simulation;
use super::Network;

/// What the process holds before it has a model: the program's own pages, threads, the allocator's reserve. Measured on
/// Linux: 22 to 26 MiB, by how many pages of the program's file the kernel maps at once.
const PROGRAM: usize = 24 << 20;
/// Vectors of all parameters outside the pool: weights and gradient side by side at the update, and what the allocator
/// keeps of such. Measured.
const VECTORS: usize = 8;
/// No batch is larger.
const LARGEST: usize = 1 << 20;

impl Network {
    /// The most memory, in bytes, that a process holds while it trains in float32 on the CPU with batches of `batch`
    /// images, the data set apart.
    pub fn training_bytes(&self, batch: usize) -> u64 {
        let mut simulation = Simulation::new(&self.model, &self.fused, batch);
        // The second step finds what the first one left in the pool.
        simulation.step();
        simulation.step();
        (PROGRAM + VECTORS * simulation.vector_bytes() + simulation.peak_bytes()) as u64
    }

    /// The largest batch that needs at most so many bytes; none if not even one image does.
    pub fn largest_batch(&self, bytes: u64) -> Option<usize> {
        let fits = |batch: usize| self.training_bytes(batch) <= bytes;
        if !fits(1) {
            return None;
        }
        let (mut low, mut high) = (1, 2);
        while high < LARGEST && fits(high) {
            (low, high) = (high, high * 2);
        }
        while high - low > 1 {
            let middle = low.midpoint(high);
            match fits(middle) {
                true => low = middle,
                false => high = middle,
            }
        }
        Some(low)
    }
}
