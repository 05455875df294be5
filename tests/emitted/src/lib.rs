//! The emitted source of the examples and of generated models, as they are and frozen, each in a module of its own, and a
//! table to run them by.
#![allow(
    clippy::approx_constant,
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    clippy::self_named_constructors,
    reason = "emitted: the author's names and numbers, and loops as they are in the model"
)]
#![deny(missing_docs, unreachable_pub)]
#![allow(
    clippy::too_long_first_doc_paragraph,
    reason = "the documentation is the author's"
)]

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

/// One emitted model.
pub struct Case {
    /// The example it comes from, below `examples/`, or `generated`.
    pub file: &'static str,
    /// The model, variant or member of a family; of generated models their seed.
    pub model: &'static str,
    /// Its canonical source, not frozen.
    pub source: &'static str,
    /// Whether it was frozen before it was emitted.
    pub frozen: bool,
    /// The logits of images with fresh parameters, on the CPU, where the source says how they start.
    pub fresh: Option<fn(TensorData) -> TensorData>,
    /// Channels, height and width of its images; a sequence is one pixel wide.
    pub input: [usize; 3],
    /// Number of its parameters, as the emitted source states it.
    pub parameters: usize,
    /// Loads weights from the contents of a file and yields the logits of images, on the CPU.
    pub logits: fn(&[u8], TensorData) -> Result<TensorData, String>,
    /// Loads weights likewise and yields the number of parameters that the logits of images have a gradient for, on the CPU
    /// with autodiff.
    pub trainable: fn(&[u8], TensorData) -> Result<usize, String>,
}

/// Sizes of an input as those of an image.
const fn plane(sizes: &[usize]) -> [usize; 3] {
    match sizes {
        [channels, height, width] => [*channels, *height, *width],
        [channels, length] => [*channels, *length, 1],
        // None such is there: the test that compares the sizes with the model's would fail.
        _ => [0; 3],
    }
}

/// Counts what has a gradient.
struct Count<'a> {
    gradients: &'a Gradients,
    found: usize,
}

impl ModuleVisitor for Count<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let gradient = param.val().grad(self.gradients);
        self.found += gradient.map_or(0, |gradient| gradient.shape().num_elements());
    }
}

fn with_gradient(model: &impl Module, logits: Tensor<2>) -> usize {
    let gradients = &logits.sum().backward();
    let mut count = Count {
        gradients,
        found: 0,
    };
    model.visit(&mut count);
    count.found
}

macro_rules! fresh {
    (false, $structure:path) => {
        None
    };
    (true, $structure:path) => {
        Some(|images| {
            let device = Device::flex();
            let model = <$structure>::new(&device);
            model
                .forward(Tensor::from_data(images, &device))
                .into_data()
        })
    };
}

macro_rules! case {
    ($module:ident::$structure:ident, $file:expr, $model:expr, $frozen:expr, $fresh:ident, $source:expr) => {
        Case {
            file: $file,
            model: $model,
            source: include_str!(concat!(env!("OUT_DIR"), "/", $source)),
            frozen: $frozen,
            input: plane(&$module::$structure::INPUT),
            parameters: $module::$structure::PARAMETERS,
            logits: |weights, images| {
                let device = Device::flex();
                let model = $module::$structure::from_bytes(weights, &device);
                let model = model.map_err(|error| error.to_string())?;
                let images = Tensor::from_data(images, &device);
                Ok(model.forward(images).into_data())
            },
            fresh: fresh!($fresh, $module::$structure),
            trainable: |weights, images| {
                let device = Device::flex().autodiff();
                let model = $module::$structure::from_bytes(weights, &device);
                let model = model.map_err(|error| error.to_string())?;
                let logits = model.forward(Tensor::from_data(images, &device));
                Ok(with_gradient(&model, logits))
            },
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/all.rs"));
