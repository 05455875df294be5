//! A data set in memory (or as image files decoded on demand): images as bytes, labels, classes. Does no augmentation.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use termc_compiler::model::Normalize;

use super::error::DataError;
use super::folder;

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
    /// The training part.
    pub train: Arc<Part>,
    /// The test part.
    pub test: Arc<Part>,
}

/// Images and labels. Immutable.
pub struct Part {
    shape: [usize; 3],
    classes: usize,
    images: Images,
    labels: Vec<u16>,
}

/// Where the images are.
enum Images {
    /// All of them, `[N, C, H, W]`.
    Memory(Vec<u8>),
    /// One file each, decoded when asked for.
    Files(Vec<PathBuf>),
}

impl Part {
    /// A part held in memory: `images` is `[N, C, H, W]` with values 0 to 255, each label is below `classes`.
    pub fn new(
        shape: [usize; 3],
        classes: usize,
        images: Vec<u8>,
        labels: Vec<u16>,
    ) -> Result<Self, DataError> {
        let expected = labels.len() * shape.iter().product::<usize>();
        if images.len() != expected {
            return Err(DataError::Inconsistent {
                what: "pixel count",
                expected: expected.to_string(),
                found: images.len().to_string(),
            });
        }
        Self::with(shape, classes, Images::Memory(images), labels)
    }

    /// A part whose images stay in their files; the caller has checked their sizes.
    pub(crate) fn files(
        shape: [usize; 3],
        classes: usize,
        files: Vec<PathBuf>,
        labels: Vec<u16>,
    ) -> Result<Self, DataError> {
        Self::with(shape, classes, Images::Files(files), labels)
    }

    fn with(
        shape: [usize; 3],
        classes: usize,
        images: Images,
        labels: Vec<u16>,
    ) -> Result<Self, DataError> {
        if let Some(label) = labels.iter().find(|&&label| usize::from(label) >= classes) {
            return Err(DataError::Inconsistent {
                what: "label",
                expected: format!("less than {classes}"),
                found: label.to_string(),
            });
        }
        Ok(Self {
            shape,
            classes,
            images,
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

    /// The class of image `index`.
    pub fn label(&self, index: usize) -> Result<usize, DataError> {
        let label = self.labels.get(index).copied().map(usize::from);
        label.ok_or_else(|| self.out_of_range(index))
    }

    /// Image `index`: `[C, H, W]`, values 0 to 255. Fails on an index out of range and on unreadable image files.
    pub fn image(&self, index: usize) -> Result<Cow<'_, [u8]>, DataError> {
        let size = self.shape.iter().product::<usize>();
        match &self.images {
            Images::Memory(all) => {
                let image = all.get(index * size..(index + 1) * size);
                image
                    .map(Cow::Borrowed)
                    .ok_or_else(|| self.out_of_range(index))
            }
            Images::Files(files) => {
                let file = files.get(index).ok_or_else(|| self.out_of_range(index))?;
                folder::decode(file, self.shape).map(Cow::Owned)
            }
        }
    }

    /// The file that image `index` comes from, where images are files.
    pub fn file(&self, index: usize) -> Option<&PathBuf> {
        match &self.images {
            Images::Memory(_) => None,
            Images::Files(files) => files.get(index),
        }
    }

    fn out_of_range(&self, index: usize) -> DataError {
        DataError::Inconsistent {
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

    /// The images at these indices, in this order.
    pub fn new(part: Arc<Part>, indices: Vec<usize>) -> Result<Self, DataError> {
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
