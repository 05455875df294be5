//! The emitted source of every example and variant, as it is and frozen, each in a module of its own, and a table to
//! run them by.
#![deny(missing_docs, unreachable_pub)]
#![allow(
    clippy::too_long_first_doc_paragraph,
    reason = "the documentation is the author's"
)]

use burn::backend::Flex;
use burn::tensor::{Tensor, TensorData};

/// One emitted model.
pub struct Case {
    /// The example it comes from, below `examples/`.
    pub file: &'static str,
    /// The variant; None is the model itself.
    pub variant: Option<&'static str>,
    /// Whether it was frozen before it was emitted.
    pub frozen: bool,
    /// Channels, height and width of its images.
    pub input: [usize; 3],
    /// Number of its parameters, as the emitted source states it.
    pub parameters: usize,
    /// Loads weights from the contents of a file and yields the logits of images, on the CPU.
    pub logits: fn(&[u8], TensorData) -> Result<TensorData, String>,
    /// The logits of images with fresh parameters.
    pub fresh: fn(TensorData) -> TensorData,
}

macro_rules! case {
    ($module:ident::$model:ident, $file:expr, $variant:expr, $frozen:expr) => {
        Case {
            file: $file,
            variant: $variant,
            frozen: $frozen,
            input: $module::$model::<Flex>::INPUT,
            parameters: $module::$model::<Flex>::PARAMETERS,
            logits: |weights, images| {
                let device = Default::default();
                let model = $module::$model::<Flex>::from_bytes(weights, &device);
                let model = model.map_err(|error| error.to_string())?;
                let images = Tensor::from_data(images, &device);
                Ok(model.forward(images).into_data())
            },
            fresh: |images| {
                let device = Default::default();
                let model = $module::$model::<Flex>::new(&device);
                model
                    .forward(Tensor::from_data(images, &device))
                    .into_data()
            },
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/all.rs"));
