//! The `termc` program from outside: what each command prints, writes and exits with. One module per topic, in
//! `commands/`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unforeseen has failed"
)]

#[path = "commands/check.rs"]
mod check;
#[path = "commands/devices.rs"]
mod devices;
#[path = "commands/emit.rs"]
mod emit;
#[path = "commands/eval.rs"]
mod eval;
#[path = "commands/export.rs"]
mod export;
#[path = "commands/faults.rs"]
mod faults;
#[path = "commands/freeze.rs"]
mod freeze;
#[path = "commands/going_on.rs"]
mod going_on;
#[path = "commands/graph.rs"]
mod graph;
#[path = "commands/import.rs"]
mod import;
#[path = "commands/look.rs"]
mod look;
#[cfg(all(unix, feature = "mpi"))]
#[path = "commands/mpi.rs"]
mod mpi;
#[path = "commands/output.rs"]
mod output;
#[path = "commands/own.rs"]
mod own;
#[cfg(unix)]
#[path = "commands/panel.rs"]
mod panel;
#[path = "commands/parity.rs"]
mod parity;
#[path = "commands/pictures.rs"]
mod pictures;
#[path = "commands/predict.rs"]
mod predict;
#[path = "commands/resume.rs"]
mod resume;
#[path = "commands/run.rs"]
mod run;
#[path = "commands/summary.rs"]
mod summary;
#[path = "commands/support.rs"]
mod support;
#[path = "commands/sweep.rs"]
mod sweep;
#[path = "commands/train.rs"]
mod train;
