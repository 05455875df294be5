//! A program around an embedded model: pictures in, class names and probabilities out. The model is `digits.term`.

pub mod batch;
pub mod classifier;
pub mod picture;
pub mod service;

/// The emitted model.
mod network {
    include!(concat!(env!("OUT_DIR"), "/digits.rs"));
}
