//! The fused operations of Terminator networks on tensors of [Burn](burn): on the CPU, and on every device of CubeCL. Knows
//! tensors only, nothing of models, data or training.
//!
//! [`KernelChoice`] has one method an operation. It checks shapes, and runs the operation on the device's own kernel where
//! that takes these tensors, else in its [composed] form. Kernels have gradients written by hand; the composed forms are the
//! statement of what they compute, and have the gradients that Burn derives.
//!
//! The way of a call: [`KernelChoice`] (shapes, kernel or composed form) -> [`backend::Kernels`] (by device) -> `autodiff` (what
//! is kept for the gradient, as [`Call::saved`] declares it) -> `cpu` or `cube`.

mod autodiff;
pub mod backend;
mod call;
mod choice;
pub mod composed;
mod cpu;
#[cfg(feature = "cube")]
mod cube;
mod device;
mod operations;
mod parts;
pub mod probe;
mod shapes;

pub use call::{Activation, Axis, Call, Edges, Finish, Kind, Over, Saved};
pub use choice::{KernelChoice, UnknownKernels};
pub use cpu::STATISTICS_BYTES;
pub use cpu::pool::{Pool, rounded};
pub use cpu::thread_pool::THREAD_NAME as POOL_THREAD;
pub use device::{cached_bytes, favours_few_operations, reserved_bytes};
pub use operations::Bias;
pub use parts::Parts;
