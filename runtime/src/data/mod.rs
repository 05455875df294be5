//! Data sets, their splits, augmentation and the batches made from them. Knows nothing of networks or devices.

pub mod augment;
mod cifar;
mod dataset;

mod digits;
mod error;
pub mod fetch;
mod files;
mod fit;
mod folder;
pub(crate) mod identity;
mod idx;
mod loader;
mod named;
mod normalize;
mod source;
mod split;
mod stl10;

pub use dataset::{Dataset, Part, Subset};
pub use error::DataError;
pub use fit::{Mismatch, fit};
pub use folder::decode as decode_image;
pub use identity::Identity;
pub use loader::{Batch, Epoch, Loader};
pub use named::{File, Layout, Spec};
pub use normalize::{Normalizer, statistics};
pub use source::{Named, Options, Source, open, open_spec};
pub use split::{Split, SplitOptions, split};
