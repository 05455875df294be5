//! Runs checked models with Burn: networks, losses, optimizers, weights, devices. Never parses or checks source text.

pub mod agreement;
pub mod bench;
pub mod composed;
pub mod data;
pub mod device;
pub mod error;
pub mod freeze;
pub mod import;
pub mod kernels;
pub mod loss;
pub mod network;
pub mod objective;
pub mod optim;
pub mod params;
pub mod random;
pub mod report;
pub mod schedule;
pub mod selfcheck;
pub mod tensors;
pub mod train;
pub mod weights;

pub use error::{Error, Fault};
