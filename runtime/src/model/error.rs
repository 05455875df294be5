//! Why a model cannot be loaded or asked for something. States what is wrong; advice is for whoever shows it.

use std::path::PathBuf;

use super::evaluate::EvaluatedPart;
use crate::import::{ExportError, ImportError, NotThere};

/// Any error of this module that is not one of a file, a device or a data set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A folder that no training made.
    #[error("`{}` is not a RUN folder: it lacks `model.term`", .0.display())]
    NotRunFolder(PathBuf),
    /// A weight file of another program.
    #[error("`{}` does not say which model it belongs to", .0.display())]
    NoSource(PathBuf),
    /// More bytes than a model can have.
    #[error("`{0}` is larger than 64 MiB; it cannot be a model")]
    TooLarge(String),
    /// Not UTF-8.
    #[error("`{name}` is not a text file: byte {offset} is not UTF-8")]
    NotText {
        /// The file.
        name: String,
        /// The first byte that is wrong, from 0.
        offset: usize,
    },
    /// The compiler refuses the source; the diagnostics, rendered for people.
    #[error("{0}")]
    Diagnostics(String),
    /// A source that says neither what its classes are called nor how pixels are normalized.
    #[error("`{0}` tells neither the names of the classes nor how pixels are normalized")]
    NoPreprocessing(String),
    /// A folder of pictures and a place to search for data sets.
    #[error("`folder:{}` says itself where it is, no other place is searched for it", .0.display())]
    DataDirOfFolder(PathBuf),
    /// What is asked of a data set that only folders of pictures have.
    #[error("`{option}`: {why}")]
    OfFolders {
        /// How it is asked.
        option: &'static str,
        /// What this data set has instead.
        why: &'static str,
    },
    /// A frozen model cannot be overridden.
    #[error("`{0}` is frozen: it can no longer be changed")]
    FrozenChanged(String),
    /// Something that only a trainable model can do.
    #[error("`{name}` is frozen: {problem}")]
    Frozen {
        /// The file.
        name: String,
        /// What cannot be done.
        problem: &'static str,
    },
    /// A model without anything to train.
    #[error("model `{0}` has no parameters: there is nothing to train")]
    NoParameters(String),
    /// A model all of whose parameters are fixed.
    #[error("all parameters of model `{0}` are fixed: there is nothing to train")]
    NothingTrained(String),
    /// The source brings no weights and none are named.
    #[error("the weights are not named")]
    NoWeights,
    /// A RUN folder whose training has not saved any weights.
    #[error("`{}` holds no weights yet", .0.display())]
    NoWeightsYet(PathBuf),
    /// A source that cannot be frozen because it brings no weights.
    #[error("`{0}` has no weights to freeze")]
    NothingToFreeze(String),
    /// Weights of a frozen model for one that is not.
    #[error("`{}` holds the weights of a frozen model", .0.display())]
    WeightsOfFrozen(PathBuf),
    /// Weights of a trainable model for a frozen one.
    #[error("`{}` holds the weights of an unfrozen model", .0.display())]
    WeightsOfUnfrozen(PathBuf),
    /// Frozen weights to begin a training with.
    #[error("`{}` is frozen: no training can begin with its weights", .0.display())]
    StartFrozen(PathBuf),
    /// The weights that a training began with are others now.
    #[error("`{}` no longer holds the weights that the training began with", .0.display())]
    OtherStart(PathBuf),
    /// Neither the caller nor the source says which data set.
    #[error("the data set is not named")]
    NoDataset,
    /// The data set's classes are not the ones of the training.
    #[error(
        "class {label} is `{found}` in `{dataset}`; the model was trained with `{trained}` there"
    )]
    OtherClasses {
        /// The first class that differs.
        label: usize,
        /// Its name in the data set.
        found: String,
        /// The data set.
        dataset: String,
        /// Its name in training.
        trained: String,
    },
    /// Images of another size than the model takes.
    #[error("images are {found:?} (channels, height, width); model `{model}` takes {expected:?}")]
    ImageShape {
        /// The model.
        model: String,
        /// What it takes.
        expected: [usize; 3],
        /// What was given.
        found: [usize; 3],
    },
    /// Pixels that are not a whole number of images, or none.
    #[error(
        "{pixels} pixel values are not one or more images of {shape:?} (channels, height, width)"
    )]
    PixelCount {
        /// How many there are.
        pixels: usize,
        /// Of one image.
        shape: [usize; 3],
    },
    /// A loss or gradient without labels.
    #[error("`{0}` has no `labels`")]
    NoLabels(String),
    /// A tensor file without images.
    #[error("`{0}` has no tensor `input`")]
    NoInput(String),
    /// Tensors that do not fit the model.
    #[error("`{name}` {problem}")]
    Input {
        /// The file.
        name: String,
        /// What is wrong, as the end of a sentence that starts with the file's name.
        problem: String,
    },
    /// Logits that are not all finite.
    #[error(
        "the model's answer for {image} is not finite, and so for {images} in all: its weights, or the statistics of the batch, \
         are out of range"
    )]
    NotFinite {
        /// The first image.
        image: String,
        /// How many there are.
        images: u64,
    },
    /// A part that only a RUN folder tells of.
    #[error("only a RUN folder tells which images are its part `{0}`")]
    PartOfRun(EvaluatedPart),
    /// A part without images.
    #[error("the part `{0}` has no images")]
    EmptyPart(EvaluatedPart),
    /// A test image that is not there.
    #[error("there is no test image {index}; there are {images}")]
    NoTestImage {
        /// The position asked for.
        index: usize,
        /// How many there are.
        images: usize,
    },
    /// A type of activations that the device does not compute with.
    #[error("`{precision}` is not for this device: {device} computes in 32-bit floats")]
    Precision {
        /// The type.
        precision: String,
        /// The device.
        device: String,
    },
    /// A checkpoint whose names or shapes are not the model's.
    #[error(transparent)]
    Import(Box<ImportError>),
    /// A set of weights that the checkpoint does not have.
    #[error(transparent)]
    Take(#[from] NotThere),
    /// Parameters that the published code has no place for.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A model that cannot be emitted without the standard library.
    #[error("`{name}` {problem}")]
    Emit {
        /// The file.
        name: String,
        /// Why, as the end of a sentence that starts with the file's name.
        problem: String,
    },
}

// By hand, since the error is boxed: it is far larger than the others.
impl From<ImportError> for ModelError {
    fn from(error: ImportError) -> Self {
        Self::Import(Box::new(error))
    }
}
