//! Runs checked models with Burn.

pub mod kernels;
