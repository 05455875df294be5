//! Data sets for `.term` models: reading, fetching, splitting, augmenting, and the batches made of them on threads.
//! Knows nothing of networks or devices.
//!
//! A [`Dataset`] is a training and a test [`Part`]: images as bytes with class labels. It is [`open`]ed by the name of
//! a [`DatasetSource`] or made by the caller, divided by [`split`] into [`Subset`]s, and a [`Loader`] turns a subset into
//! normalized, augmented [`Batch`]es:
//!
//! ```
//! use termc_data::{DatasetOptions, Loader, DatasetSource, SplitOptions, open, split};
//!
//! # fn main() -> Result<(), termc_data::Error> {
//! let digits = open(&DatasetSource::Digits, &DatasetOptions::default())?;
//! let options = SplitOptions { val: 0.1, limit: None, seed: 0 };
//! let parts = split(&digits, &options)?;
//! let loader = Loader::training(parts.train, 32, &digits.normalize, &[], 0)?;
//! for batch in loader.epoch(0, 0)? {
//!     let batch = batch?;
//!     assert_eq!(batch.shape[1..], [1, 8, 8]);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! All randomness is a function of a seed ([`random::Key`]), so that any batch of any epoch can be made again. Threads
//! of the loader never take the process with them: a panic there, a disk that does not answer and a [`StopRequest`] are
//! errors of [`EpochBatches`].

pub mod augment;
pub mod fetch;
pub mod pickle;
pub mod random;

mod arrangement;
mod cifar;
mod cifar_python;
mod compatible;
mod dataset;
mod digits;
mod error;
mod files;
mod folder;
mod found;
mod hub;
mod identity;
mod idx;
mod loader;
mod locate;
mod normalize;
mod npz;
mod picture;
mod published;
mod recognise;
mod source;
mod split;
mod stl10;
mod stop;

pub use arrangement::Arrangement;
pub use compatible::{Incompatible, require_compatible, takes_images};
pub use dataset::{Dataset, Drawn, Part, Subset};
pub use error::{Error, Fault};
pub use folder::visible_entries;
pub use identity::{Identity, short_hash};
pub use loader::{Batch, EpochBatches, LOADER_THREAD, Loader};
pub use normalize::{Normalizer, statistics};
pub use picture::{Fit, FittedImage, decode_fitted, decode_image, is_image, read_fitted};
pub use published::{DataFile, DatasetSpec, FileLayout, HubFiles, PythonFile, PythonFiles};
pub use source::{DatasetOptions, DatasetSource, PublishedDataset, expand_home, open, open_spec};
pub use split::{DatasetSplit, SplitOptions, split};
pub use stop::StopRequest;
