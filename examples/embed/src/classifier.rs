//! The embedded network as a function from pictures to answers. Decodes nothing.

use std::io;

use burn::tensor::{Device, Tensor, TensorData};
use serde::Serialize;

use crate::network::Digits;
use crate::picture::{PIXELS, Picture, SIDE};

/// Names of the classes, in the order of the logits.
const NAMES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// A class and how probable it is.
#[derive(Clone, Debug, Serialize)]
pub struct Guess {
    /// Name of the class.
    pub class: &'static str,
    /// From 0 to 1; those of one picture add up to 1.
    pub probability: f64,
}

/// All classes, the most probable first; empty where the network's numbers are not finite.
pub type Answer = Vec<Guess>;

/// The network with its trained parameters, on the CPU.
#[derive(Debug)]
pub struct Classifier(Digits);

impl Classifier {
    /// Unpacks the embedded parameters.
    ///
    /// # Errors
    /// If they are not the model's, which the build prevents.
    pub fn new() -> io::Result<Self> {
        Digits::embedded(&Device::flex()).map(Self)
    }

    /// Answers for all pictures in one forward pass; what a picture gets does not depend on the others.
    pub fn classify(&self, pictures: &[Picture]) -> Vec<Answer> {
        if pictures.is_empty() {
            return vec![];
        }
        let mut pixels = Vec::with_capacity(pictures.len() * PIXELS);
        pixels.extend(pictures.iter().flat_map(Picture::pixels));
        let data = TensorData::new(pixels, [pictures.len(), 1, SIDE, SIDE]);
        let images = Tensor::from_data(data, &Device::flex());
        let logits: Vec<f64> = self.0.forward(images).into_data().iter().collect();
        logits.chunks_exact(NAMES.len()).map(answer).collect()
    }
}

/// Softmax, sorted.
fn answer(logits: &[f64]) -> Answer {
    if logits.iter().any(|logit| !logit.is_finite()) {
        return vec![];
    }
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|x| (x - largest).exp()).sum();
    let guess = |(class, logit): (&'static str, &f64)| Guess {
        class,
        probability: (logit - largest).exp() / total,
    };
    let mut guesses: Answer = NAMES.into_iter().zip(logits).map(guess).collect();
    guesses.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    guesses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_gets_the_same_answer_alone_and_in_company() {
        let classifier = Classifier::new().unwrap();
        let picture = |name| Picture::sample(name);
        let pictures = ["3", "7", "8"].map(picture);
        let together = classifier.classify(&pictures);
        assert_eq!(together.len(), 3);
        for (picture, answer) in pictures.into_iter().zip(together) {
            let alone = classifier.classify(&[picture]).remove(0);
            for (a, b) in alone.iter().zip(&answer) {
                assert_eq!(a.class, b.class);
                assert_eq!(a.probability.to_bits(), b.probability.to_bits());
            }
            let sum: f64 = answer.iter().map(|guess| guess.probability).sum();
            assert!((sum - 1.0).abs() < 1e-9);
        }
        assert!(classifier.classify(&[]).is_empty());
    }
}
