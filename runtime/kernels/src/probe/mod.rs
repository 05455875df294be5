//! Asks what devices this machine has and whether they can be used, without starting code that panics where they cannot, and
//! says where their compiled kernels are kept. Computes nothing.

#[cfg(feature = "cube")]
pub mod cache;
#[cfg(not(feature = "cube"))]
#[path = "no_cache.rs"]
pub mod cache;
#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(any(feature = "vulkan", feature = "metal"))]
pub mod graphics;
#[cfg(feature = "rocm")]
pub mod rocm;
#[cfg(feature = "cuda")]
mod toolkit;

#[cfg(feature = "cuda")]
pub use toolkit::{Parts, Version};

/// A device that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number among those of its kind, from 0.
    pub index: usize,
    /// As it calls itself.
    pub name: String,
    /// Bytes of its memory, where it tells.
    pub memory: Option<u64>,
    /// Bytes of its memory that nobody uses, where it tells.
    pub free: Option<u64>,
    /// Tells one card from another, whatever number a process gives it, where the device tells.
    pub card: Option<String>,
}
