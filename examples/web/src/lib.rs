//! Reads a handwritten digit, without the standard library: 64 counts of dark pixels in, ten probabilities out.
#![cfg_attr(not(test), no_std)]

mod page;

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

use network::Digits;

#[allow(
    clippy::indexing_slicing,
    reason = "emitted: arrays of as many blocks as the model has"
)]
mod network {
    include!(concat!(env!("OUT_DIR"), "/digits.rs"));
}

/// Width and height of a picture.
pub const SIDE: usize = 8;
/// Cells of a picture.
pub const CELLS: usize = SIDE * SIDE;
/// Digits there are.
pub const DIGITS: usize = 10;

/// Most dark pixels in a cell, which stands for 4 by 4 of them.
const DARKEST: f32 = 16.0;
/// Mean and deviation of the training images, of which the largest value is 1: those the frozen file states.
const MEAN: f32 = 0.305_855_2;
const DEVIATION: f32 = 0.376_279_12;

/// How probable each digit is for a picture, given row by row as the counts of dark pixels, 0 to 16.
pub fn probabilities(picture: &[f32; CELLS]) -> [f32; DIGITS] {
    let device = Device::flex();
    let image = TensorData::new(picture.map(normalized).to_vec(), [1, 1, SIDE, SIDE]);
    let logits = Digits::embedded(&device).forward(Tensor::from_data(image, &device));
    let found = softmax(logits, 1).into_data();
    let mut probabilities = [0.0; DIGITS];
    for (probability, found) in probabilities.iter_mut().zip(found.iter::<f32>()) {
        *probability = found;
    }
    probabilities
}

/// As the data set has it: scaled to a byte, rounded half up, to the mean 0 and deviation 1 of the training images.
fn normalized(count: f32) -> f32 {
    let byte = (count * (255.0 / DARKEST) + 0.5) as u8;
    (f32::from(byte) / 255.0 - MEAN) / DEVIATION
}
