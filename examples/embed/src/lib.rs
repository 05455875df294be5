//! A program around an embedded model: pictures in, class names and probabilities out. The model is `digits.term`.

pub mod batch;
pub mod classifier;
pub mod connections;
pub mod decoder;
pub mod picture;
pub mod service;

/// The emitted model.
#[allow(
    clippy::indexing_slicing,
    reason = "emitted: arrays of as many blocks as the model has"
)]
mod network {
    include!(concat!(env!("OUT_DIR"), "/digits.rs"));
}
