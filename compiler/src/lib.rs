//! termc's compiler: text in; diagnostics, checked models and text out. It never does I/O and never touches tensors.

pub mod analysis;
#[doc(hidden)]
pub mod bug;
mod canonical;
mod compile;
pub mod cost;
mod defaults;
pub mod diagnostics;
mod dump;
mod elaborate;
pub mod emit;
pub mod explain;
pub mod freeze;
pub mod index;
mod language;
mod lower;
pub mod model;
mod overrides;
mod parts;
mod prelude;
mod primitives;
mod prune;
mod read;
mod reference;
mod request;
pub mod source;
mod structure;
pub mod summary;

pub use compile::{Compiled, compile, compile_all, model_names};
pub use dump::dump;
pub use language::limits::{MAX_BATCH, MAX_EPOCHS};
pub use reference::reference;
pub use request::{Files, NoFiles, Options};
pub use structure::structure;
