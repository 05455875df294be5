//! Images in, class names and probabilities out. All images of a call are one batch, which matters unless the model is
//! frozen. Finds no files.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};
use rayon::prelude::*;
use termc_compiler::model::Model as CheckedModel;
use termc_data::{Fit, FittedImage, Normalizer, read_fitted, takes_images};

use super::{Model, ModelError, fetch};
use crate::Error;
use crate::train::scores::probability;

/// Images as bytes, 0 to 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageBatch {
    shape: [usize; 3],
    pixels: Vec<u8>,
    resized: usize,
    recoloured: usize,
}

impl ImageBatch {
    /// Images of `shape` `[channels, height, width]`; `pixels` is `[N, channels, height, width]`, row-major.
    ///
    /// # Errors
    /// If the pixels are not a whole number of images, or none.
    pub fn from_pixels(shape: [usize; 3], pixels: Vec<u8>) -> Result<Self, Error> {
        let size: usize = shape.iter().product();
        match size > 0 && !pixels.is_empty() && pixels.len().is_multiple_of(size) {
            true => Ok(Self {
                shape,
                pixels,
                resized: 0,
                recoloured: 0,
            }),
            false => Err(ModelError::PixelCount {
                pixels: pixels.len(),
                shape,
            }
            .into()),
        }
    }

    /// Reads image files as [`read_fitted`] does, fitted to `shape` `[channels, height, width]`; channels are 1 or 3.
    ///
    /// # Errors
    /// If a file cannot be read, or is of another size and that has to be exact, or there are none.
    pub fn read(shape: [usize; 3], files: &[impl AsRef<Path>], fit: Fit) -> Result<Self, Error> {
        let images: Result<Vec<_>, _> = files
            .iter()
            .map(|file| read_fitted(file.as_ref(), shape, fit))
            .collect();
        Self::of_fitted(shape, images?)
    }

    fn of_fitted(shape: [usize; 3], images: Vec<FittedImage>) -> Result<Self, Error> {
        let count = |of: fn(&FittedImage) -> bool| images.iter().filter(|image| of(image)).count();
        let (resized, recoloured) = (
            count(|image| image.resized),
            count(|image| image.recoloured),
        );
        let pixels = images.into_iter().flat_map(|image| image.pixels).collect();
        Ok(Self {
            resized,
            recoloured,
            ..Self::from_pixels(shape, pixels)?
        })
    }

    /// How many of the files had another size than the images have now.
    pub fn resized(&self) -> usize {
        self.resized
    }

    /// How many of them had colour where the images have one channel, or none where they have three.
    pub fn recoloured(&self) -> usize {
        self.recoloured
    }

    /// Reads those of some image files that can be read, as [`read`](Self::read) does, and gives for each file what is wrong
    /// with it; None where no file can be read.
    pub fn read_each(
        shape: [usize; 3],
        files: &[impl AsRef<Path> + Sync],
        fit: Fit,
    ) -> (Option<Self>, Vec<Result<(), Error>>) {
        let read = files
            .par_iter()
            .map(|file| read_fitted(file.as_ref(), shape, fit));
        let read: Vec<_> = read.collect();
        let (mut images, mut outcomes) = (Vec::new(), Vec::new());
        for outcome in read {
            outcomes.push(outcome.map(|image| images.push(image)).map_err(Error::from));
        }
        (Self::of_fitted(shape, images).ok(), outcomes)
    }

    /// Number of images, at least one.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.size()
    }

    /// Never.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    fn size(&self) -> usize {
        self.shape.iter().product::<usize>().max(1)
    }
}

/// The probabilities that a model gives an image's classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    probabilities: Vec<f64>,
    classes: Arc<[String]>,
}

impl Prediction {
    /// The most probable class's label.
    pub fn label(&self) -> usize {
        self.ranked().first().map_or(0, |(label, ..)| *label)
    }

    /// The most probable class's name.
    pub fn class(&self) -> &str {
        self.name(self.label())
    }

    /// The most probable class's probability.
    pub fn probability(&self) -> f64 {
        self.ranked().first().map_or(0.0, |(.., p)| *p)
    }

    /// By label; the sum is 1.
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// Label, name and probability of every class, the most probable first; of equals the one with the smaller label.
    pub fn ranked(&self) -> Vec<(usize, &str, f64)> {
        let all = self.probabilities.iter().enumerate();
        let mut all: Vec<_> = all
            .map(|(label, p)| (label, self.name(label), *p))
            .collect();
        all.sort_by(|a, b| b.2.total_cmp(&a.2));
        all
    }

    fn name(&self, label: usize) -> &str {
        self.classes.get(label).map_or("?", String::as_str)
    }
}

/// The shape `[channels, height, width]` of an image that a model takes. A sequence is the rows of a square one after the
/// other where it has as many positions as one, else one column of pixels.
pub fn image_shape(model: &CheckedModel) -> [usize; 3] {
    let [_, shape @ ..] = model.input.dims(1);
    match (shape, model.input.sizes.as_slice()) {
        ([channels, ..], [positions]) if positions.isqrt().pow(2) == *positions => {
            [channels, positions.isqrt(), positions.isqrt()]
        }
        (shape, _) => shape,
    }
}

impl Model {
    /// Reads image files of any size, fitted to the model's as in its training.
    ///
    /// # Errors
    /// If a file cannot be read, there are none, or nothing says how the training fitted them: see
    /// [`preprocessing`](Self::preprocessing).
    pub fn read_images(&self, files: &[impl AsRef<Path>]) -> Result<ImageBatch, Error> {
        let fit = self.preprocessing()?.fit;
        ImageBatch::read(image_shape(self.checked()), files, fit)
    }

    /// Classifies images, all together as one batch.
    ///
    /// # Errors
    /// If they are not of the size that the model takes, an answer is not finite, or nothing says what their pixels are
    /// normalized with: see [`preprocessing`](Self::preprocessing).
    pub fn predict(&self, images: &ImageBatch) -> Result<Vec<Prediction>, Error> {
        let model = self.checked();
        let shape = images.shape;
        if !takes_images(&model.input, shape) {
            return Err(ModelError::ImageShape {
                model: model.name.clone(),
                expected: image_shape(model),
                found: shape,
            }
            .into());
        }
        let preprocessing = self.preprocessing()?;
        let [channels, height, width] = shape;
        let normalizer = Normalizer::new(&preprocessing.normalize, channels)?;
        let mut pixels = vec![0f32; images.pixels.len()];
        let each = images.pixels.chunks_exact(images.size());
        for (image, out) in each.zip(pixels.chunks_exact_mut(images.size())) {
            normalizer.apply(&preprocessing.arrangement.image(image, channels), out);
        }
        let data = TensorData::new(pixels, [images.len(), channels, height, width]);
        let input = Tensor::<4>::from_data(data, &self.compute.device.device);
        let logits: Vec<f32> = fetch(self.logits(input))?.iter::<f32>().collect();
        let rows = logits.chunks_exact(model.classes.max(1));
        let mut not_finite = rows
            .enumerate()
            .filter(|(_, row)| row.iter().any(|l| !l.is_finite()));
        if let Some((image, _)) = not_finite.next() {
            return Err(ModelError::NotFinite {
                image: format!("image {image} of the batch"),
                images: 1 + not_finite.count() as u64,
            }
            .into());
        }
        let classes: Arc<[String]> = preprocessing.classes.clone().into();
        let rows = logits.chunks_exact(model.classes.max(1));
        let predictions = rows.map(|row| Prediction {
            probabilities: (0..row.len()).map(|c| probability(row, c)).collect(),
            classes: classes.clone(),
        });
        Ok(predictions.collect())
    }
}
