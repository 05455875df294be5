//! termc's compiler: text in; diagnostics, checked models and text out. It never does I/O and never touches tensors.

pub mod model;
