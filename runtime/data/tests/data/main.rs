//! Data sets, splits, augmentation, loading and fetching, as a user of the crate sees them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test's helpers make is the test's own"
)]

mod augment;
mod cifar_python;
mod compatible;
mod fetch;
mod folder;
mod formats;
mod forms;
#[cfg(feature = "parquet")]
mod hub;
mod loader;
mod loader_faults;
mod parts;
mod pictures;
mod server;
mod sets;
mod split;

use std::sync::Arc;

use termc_compiler::model::Normalize;
use termc_data::{Dataset, Part};

/// A part of `n` images of `shape`: image i has every pixel `i % 256` and label `i % classes`.
pub fn part(n: usize, shape: [usize; 3], classes: usize) -> Arc<Part> {
    let size = shape.iter().product();
    let images = (0..n).flat_map(|i| vec![(i % 256) as u8; size]).collect();
    let labels = (0..n).map(|i| (i % classes) as u16).collect();
    Arc::new(Part::new(shape, classes, images, labels).unwrap())
}

/// Leaves values as `byte / 255`.
pub fn plain(channels: usize) -> Normalize {
    Normalize {
        mean: vec![0.0; channels],
        std: vec![1.0; channels],
    }
}

/// A data set of such parts.
pub fn dataset(train: usize, test: usize, shape: [usize; 3], classes: usize) -> Dataset {
    Dataset {
        name: "made up".into(),
        classes: (0..classes).map(|c| format!("class {c}")).collect(),
        shape,
        normalize: plain(shape[0]),
        train: part(train, shape, classes),
        fit: termc_data::Fit::Crop,
        drawn: None,
        validation: None,
        test: part(test, shape, classes),
        warnings: vec![],
        notes: vec![],
    }
}
