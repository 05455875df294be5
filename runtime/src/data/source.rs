//! From a data set's name to the data set: parses names, finds or fetches files, reads them. Formats are elsewhere.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use super::dataset::{Dataset, Part};
use super::error::DataError;
use super::fetch::{self, Settings};
use super::named::{File, Layout, Spec};
use super::{cifar, digits, files, folder, idx, stl10};

/// Where a data set comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The embedded digits.
    Digits,
    /// A published data set.
    Named(Named),
    /// A folder of images, `train/CLASS/*` and `test/CLASS/*`.
    Folder(PathBuf),
}

/// The published data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// CIFAR-10.
    Cifar10,
    /// CIFAR-100 with fine labels.
    Cifar100,
    /// MNIST.
    Mnist,
    /// FashionMNIST.
    FashionMnist,
    /// STL-10, the labelled images.
    Stl10,
}

/// Names as `--dataset` takes them (in any case), apart from `folder:DIR`.
const NAMES: [(&str, Source); 6] = [
    ("digits", Source::Digits),
    ("CIFAR10", Source::Named(Named::Cifar10)),
    ("CIFAR100", Source::Named(Named::Cifar100)),
    ("MNIST", Source::Named(Named::Mnist)),
    ("FashionMNIST", Source::Named(Named::FashionMnist)),
    ("STL10", Source::Named(Named::Stl10)),
];

impl FromStr for Source {
    type Err = DataError;

    fn from_str(name: &str) -> Result<Self, DataError> {
        if let Some(folder) = name.strip_prefix("folder:") {
            return Ok(Self::Folder(folder.into()));
        }
        let known = NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        known.map(|(_, source)| source.clone()).ok_or_else(|| {
            let known: Vec<&str> = NAMES.iter().map(|(n, _)| *n).collect();
            DataError::UnknownName {
                name: name.into(),
                known: format!("{}, folder:DIR", known.join(", ")),
            }
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "folder:{}", folder.display()),
            named => match NAMES.iter().find(|(_, source)| source == named) {
                Some((name, _)) => f.write_str(name),
                None => Ok(()),
            },
        }
    }
}

impl Named {
    /// Its files, classes and statistics.
    pub fn spec(self) -> Spec {
        match self {
            Self::Cifar10 => Spec::cifar10(),
            Self::Cifar100 => Spec::cifar100(),
            Self::Mnist => Spec::mnist(),
            Self::FashionMnist => Spec::fashion_mnist(),
            Self::Stl10 => Spec::stl10(),
        }
    }
}

/// How to find a data set's files.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Folder with the files or with the data set's official subfolder; the platform's cache folder if None.
    pub data_dir: Option<PathBuf>,
    /// Never use the network.
    pub offline: bool,
    /// How to fetch what is not there.
    pub fetch: Settings,
}

impl Options {
    /// The folder that data sets are looked for in.
    pub fn folder(&self) -> Result<PathBuf, DataError> {
        if let Some(folder) = &self.data_dir {
            return Ok(folder.clone());
        }
        let project = directories::ProjectDirs::from("", "", "termc");
        let cache = project.map(|dirs| dirs.cache_dir().join("data"));
        cache.ok_or(DataError::NoCacheFolder)
    }
}

/// Opens a data set; fetches a published one whose files are not there (unless offline).
pub fn open(source: &Source, options: &Options) -> Result<Dataset, DataError> {
    match source {
        Source::Digits => digits::open(),
        Source::Folder(folder) => folder::open(folder),
        Source::Named(named) => open_spec(&named.spec(), options),
    }
}

/// Opens a data set by the description of its files, likewise.
pub fn open_spec(spec: &Spec, options: &Options) -> Result<Dataset, DataError> {
    let data_dir = options.folder()?;
    let folder = match locate(spec, &data_dir)? {
        Place::At(folder) => folder,
        Place::Nowhere { looked, file } if options.offline => {
            return Err(DataError::Missing {
                name: spec.name.clone(),
                file,
                looked,
            });
        }
        Place::Nowhere { .. } => fetch::fetch(spec, &data_dir, &options.fetch)?,
    };
    read(spec, &folder)
}

/// Where a data set is.
enum Place {
    /// In this folder.
    At(PathBuf),
    /// Nowhere: the folders looked into and a file they lack.
    Nowhere { looked: Vec<PathBuf>, file: String },
}

/// Looks for a folder that holds all files of a data set: its subfolders of the data folder, then that folder itself.
/// A subfolder that holds only some of the files is an error.
fn locate(spec: &Spec, data_dir: &Path) -> Result<Place, DataError> {
    let lacking = |folder: &Path| {
        spec.files()
            .find(|file| files::find(folder, file).is_none())
            .map(|file| file.name.clone())
    };
    let holds_any = |folder: &Path| spec.files().any(|f| files::find(folder, f).is_some());
    let mut looked = Vec::new();
    for subfolder in &spec.folders {
        let folder = data_dir.join(subfolder);
        match lacking(&folder) {
            None => return Ok(Place::At(folder)),
            Some(file) if holds_any(&folder) => {
                return Err(DataError::Incomplete {
                    name: spec.name.clone(),
                    folder,
                    file,
                });
            }
            Some(_) => looked.push(folder),
        }
    }
    match lacking(data_dir) {
        None => Ok(Place::At(data_dir.to_owned())),
        Some(file) => {
            looked.push(data_dir.to_owned());
            Ok(Place::Nowhere { looked, file })
        }
    }
}

/// Reads both parts from a folder that holds all files.
fn read(spec: &Spec, folder: &Path) -> Result<Dataset, DataError> {
    Ok(Dataset {
        name: spec.name.clone(),
        classes: spec.classes.clone(),
        shape: spec.shape,
        normalize: spec.normalize.clone(),
        train: Arc::new(read_part(spec, folder, &spec.train)?),
        test: Arc::new(read_part(spec, folder, &spec.test)?),
    })
}

fn read_part(spec: &Spec, folder: &Path, parts: &[File]) -> Result<Part, DataError> {
    match (spec.layout, parts) {
        (Layout::Cifar10, files) => cifar::read(spec, folder, files, false),
        (Layout::Cifar100, files) => cifar::read(spec, folder, files, true),
        (Layout::Idx, [images, labels]) => idx::read(spec, folder, images, labels),
        (Layout::Stl10, [images, labels]) => stl10::read(spec, folder, images, labels),
        (Layout::Idx | Layout::Stl10, files) => Err(DataError::Inconsistent {
            what: "files of a part",
            expected: "an image file and a label file".into(),
            found: files.len().to_string(),
        }),
    }
}
