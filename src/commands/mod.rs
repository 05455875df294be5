//! The commands, one file each: arguments, and what is done with them.

pub mod bench;
pub mod check;
pub mod completions;
pub mod devices;
pub mod diff;
pub mod emit;
pub mod eval;
pub mod explain;
pub mod export;
pub mod fmt;
pub mod freeze;
pub mod graph;
pub mod import;
pub mod lsp;
pub mod man;
pub mod new;
pub mod predict;
pub mod report;
pub mod run;
pub mod summary;
pub mod sweep;
pub mod train;
pub mod variants;
