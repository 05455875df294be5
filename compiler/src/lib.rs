//! termc's compiler: text in; diagnostics, checked models and text out. It never does I/O and never touches tensors.

pub mod analysis;
mod check;
mod compile;
pub mod cost;
pub mod diagnostics;
mod dump;
pub mod emit;
pub mod freeze;
pub mod model;
mod ops;
mod overrides;
mod prune;
pub mod source;
pub mod summary;

pub use check::LANGUAGE;
pub use compile::{Compiled, Options, compile, compile_all, variant_names};
pub use dump::dump;
pub use ops::reference;
