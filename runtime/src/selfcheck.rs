//! A few images that are the same on every machine, and the logits a network gives for them, by which emitted source
//! checks itself. Emits nothing.

use burn::tensor::{Device, Tensor, TensorData};
use termc_compiler::emit::{INPUT, LOGITS};
use termc_compiler::model::Model;
use termc_data::random::Key;

use crate::network::{KernelChoice, Network, Pass};
use crate::params::Params;
use crate::tensors::TensorFile;

/// Two, so that what couples the images of a batch is seen.
const IMAGES: usize = 2;

/// `input`, `[2, C, H, W]`, standard normal, and its `logits`, `[2, classes]`, by the composed operations.
pub fn case(model: &Model, params: &Params, device: &Device) -> TensorFile {
    let [_, channels, height, width] = model.input.dims(1);
    let shape = [IMAGES, channels, height, width];
    let key = Key::new(0).named("selfcheck");
    let count: usize = shape.iter().product();
    let pixels: Vec<f32> = (0..count as u64).map(|i| key.normal(i) as f32).collect();
    let images = TensorData::new(pixels, shape);
    let pass = Pass {
        kernels: KernelChoice::Composed,
        ..Pass::default()
    };
    let input = Tensor::from_data(images.clone(), device);
    let forward = Network::new(model).forward(params, input, &pass);
    let tensors = [(INPUT, images), (LOGITS, forward.logits.into_data())];
    TensorFile {
        tensors: tensors.map(|(name, data)| (name.to_owned(), data)).into(),
        metadata: [("termc.model".to_owned(), model.name.clone())].into(),
    }
}
