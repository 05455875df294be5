//! A data set in memory (or as image files decoded on demand): images as bytes, labels, classes. Does no augmentation.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use termc_compiler::model::Normalize;

use super::error::Error;
use super::picture::{Fit, decode_fitted};

/// Images of one size with class labels, in a training and a test part.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its name as given to `--dataset`.
    pub name: String,
    /// Class names in label order.
    pub classes: Vec<String>,
    /// `[channels, height, width]` of every image.
    pub shape: [usize; 3],
    /// Channel statistics of the training part, used where the model states none.
    pub normalize: Normalize,
    /// How images of other sizes become ones of `shape`: those in its files, and those that a model is asked about later.
    pub fit: Fit,
    /// How the test part was drawn, where the data set has none of its own.
    pub drawn: Option<Drawn>,
    /// The training part.
    pub train: Arc<Part>,
    /// Images to choose the best weights by, where the data set itself sets some aside.
    pub validation: Option<Arc<Part>>,
    /// The test part.
    pub test: Arc<Part>,
    /// What its user should mind: one sentence each, such as files that were left out.
    pub warnings: Vec<String>,
    /// What was done to get it, likewise, such as how many images were resized.
    pub notes: Vec<String>,
}

/// How a test part was drawn from the training images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// The part of each class.
    pub fraction: f64,
    /// Decided which images.
    pub seed: u64,
}

/// Images and labels. Immutable.
pub struct Part {
    shape: [usize; 3],
    classes: usize,
    pixels: PixelStorage,
    labels: Vec<u16>,
}

/// SHA-256 of the concatenated SHA-256 of each image's `[C, H, W]` bytes.
pub(crate) type PixelHash = [u8; 32];

/// Reads image `index` of a part: `[C, H, W]` bytes.
type ReadImage = dyn Fn(usize) -> Result<Vec<u8>, Error> + Send + Sync;

/// Where the pixels are.
enum PixelStorage {
    /// All of them in memory, `[N, C, H, W]`.
    Memory(Vec<u8>),
    /// One file each; decoded when asked for, unless their pixels are kept.
    Files { images: Vec<FileImage>, fit: Fit },
    /// Wherever the caller has them.
    Function(Box<ReadImage>),
}

/// An image in a file.
pub(crate) struct FileImage {
    pub path: PathBuf,
    /// Of the pixels as they were found.
    pub hash: PixelHash,
    /// `[C, H, W]`, where they are kept in memory.
    pub pixels: Option<Box<[u8]>>,
}

impl Part {
    /// A part held in memory: `images` is `[N, C, H, W]` with values 0 to 255, each label is below `classes`. Fails if
    /// the sizes do not belong together or one of them is 0.
    pub fn new(
        shape: [usize; 3],
        classes: usize,
        images: Vec<u8>,
        labels: Vec<u16>,
    ) -> Result<Self, Error> {
        let expected = labels.len() * shape.iter().product::<usize>();
        if images.len() != expected {
            return Err(Error::Inconsistent {
                what: "pixel count",
                expected: expected.to_string(),
                found: images.len().to_string(),
            });
        }
        Self::with(shape, classes, PixelStorage::Memory(images), labels)
    }

    /// A part whose images are read when asked for: `read(index)` returns `[C, H, W]` bytes and is called from several
    /// threads at once. Fails like [`Part::new`].
    pub fn from_fn(
        shape: [usize; 3],
        classes: usize,
        labels: Vec<u16>,
        read: impl Fn(usize) -> Result<Vec<u8>, Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let read = PixelStorage::Function(Box::new(read));
        Self::with(shape, classes, read, labels)
    }

    /// A part whose images are files; those whose pixels are not kept are fitted to `shape` whenever they are read.
    pub(crate) fn files(
        shape: [usize; 3],
        classes: usize,
        images: Vec<FileImage>,
        fit: Fit,
        labels: Vec<u16>,
    ) -> Result<Self, Error> {
        let files = PixelStorage::Files { images, fit };
        Self::with(shape, classes, files, labels)
    }

    fn with(
        shape: [usize; 3],
        classes: usize,
        pixels: PixelStorage,
        labels: Vec<u16>,
    ) -> Result<Self, Error> {
        let inconsistent = |what, expected: &str, found: String| {
            Err(Error::Inconsistent {
                what,
                expected: expected.to_owned(),
                found,
            })
        };
        if shape.contains(&0) {
            return inconsistent("image shape", "no size of 0", format!("{shape:?}"));
        }
        if classes == 0 {
            return inconsistent("number of classes", "at least 1", "0".into());
        }
        if let Some(label) = labels.iter().find(|&&label| usize::from(label) >= classes) {
            let expected = format!("less than {classes}");
            return inconsistent("label", &expected, label.to_string());
        }
        Ok(Self {
            shape,
            classes,
            pixels,
            labels,
        })
    }

    /// `[channels, height, width]` of every image.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Number of classes of the data set (not only those that occur here).
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The class of every image.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// The class of image `index`. Fails on an index out of range.
    pub fn label(&self, index: usize) -> Result<usize, Error> {
        let label = self.labels.get(index).copied().map(usize::from);
        label.ok_or_else(|| self.out_of_range(index))
    }

    /// Image `index`: `[C, H, W]`, values 0 to 255. Fails on an index out of range and on unreadable image files.
    pub fn image(&self, index: usize) -> Result<Cow<'_, [u8]>, Error> {
        if index >= self.len() {
            return Err(self.out_of_range(index));
        }
        let size = self.shape.iter().product::<usize>();
        match &self.pixels {
            PixelStorage::Memory(all) => {
                let image = all.get(index * size..(index + 1) * size);
                let image = image.map(Cow::Borrowed);
                image.ok_or_else(|| self.out_of_range(index))
            }
            PixelStorage::Files { images, fit } => {
                let image = images.get(index).ok_or_else(|| self.out_of_range(index))?;
                match &image.pixels {
                    Some(pixels) => Ok(Cow::Borrowed(pixels)),
                    None => decode_fitted(&image.path, self.shape, *fit).map(Cow::Owned),
                }
            }
            PixelStorage::Function(read) => {
                let image = read(index)?;
                if image.len() != size {
                    return Err(Error::Inconsistent {
                        what: "pixel count of an image",
                        expected: size.to_string(),
                        found: image.len().to_string(),
                    });
                }
                Ok(Cow::Owned(image))
            }
        }
    }

    /// The file that image `index` comes from, where images are files.
    pub fn file(&self, index: usize) -> Option<&PathBuf> {
        match &self.pixels {
            PixelStorage::Files { images, .. } => images.get(index).map(|image| &image.path),
            PixelStorage::Memory(_) | PixelStorage::Function(_) => None,
        }
    }

    /// A hash of all pixels; None where they are read by a function.
    pub(crate) fn pixel_hash(&self) -> Option<PixelHash> {
        match &self.pixels {
            PixelStorage::Memory(all) => {
                let size = self.shape.iter().product::<usize>();
                let images = all.par_chunks_exact(size.max(1)).map(image_hash);
                Some(combined_hash(images.collect::<Vec<_>>().iter()))
            }
            PixelStorage::Files { images, .. } => {
                Some(combined_hash(images.iter().map(|image| &image.hash)))
            }
            PixelStorage::Function(_) => None,
        }
    }

    fn out_of_range(&self, index: usize) -> Error {
        Error::Inconsistent {
            what: "image index",
            expected: format!("less than {}", self.len()),
            found: index.to_string(),
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({} images of {:?})", self.len(), self.shape)
    }
}

/// The hash of one image's bytes.
pub(crate) fn image_hash(image: &[u8]) -> PixelHash {
    Sha256::digest(image).into()
}

/// The hash of a part from those of its images.
fn combined_hash<'a>(images: impl Iterator<Item = &'a PixelHash>) -> PixelHash {
    let mut hash = Sha256::new();
    images.for_each(|image| hash.update(image));
    hash.finalize().into()
}

/// Some images of a part, in a fixed order.
#[derive(Clone, Debug)]
pub struct Subset {
    part: Arc<Part>,
    indices: Arc<[usize]>,
}

impl Subset {
    /// Every image of a part, in its order.
    pub fn all(part: Arc<Part>) -> Self {
        let indices = (0..part.len()).collect();
        Self { part, indices }
    }

    /// The images at these indices, in this order. Fails on an index out of range.
    pub fn new(part: Arc<Part>, indices: Vec<usize>) -> Result<Self, Error> {
        match indices.iter().find(|&&index| index >= part.len()) {
            Some(&index) => Err(part.out_of_range(index)),
            None => Ok(Self {
                part,
                indices: indices.into(),
            }),
        }
    }

    /// The part it belongs to.
    pub fn part(&self) -> &Arc<Part> {
        &self.part
    }

    /// Positions in the part.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// Whether it has no images.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }
}
