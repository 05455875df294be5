//! From a data set's name to the data set: parses names, finds or fetches files, reads them. Formats are elsewhere.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dataset::{Dataset, Part};
use super::error::Error;
use super::fetch::{self, FetchOptions};
use super::picture::Fit;
use super::published::{DataFile, DatasetSpec, FileLayout, PythonFiles};
use super::stop::StopRequest;
use super::{cifar, cifar_python, digits, files, folder, idx, stl10};

/// Where a data set comes from; written and read as `--dataset` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DatasetSource {
    /// The embedded digits.
    Digits,
    /// A published data set.
    Published(PublishedDataset),
    /// A folder of images, `train/CLASS/*` and `test/CLASS/*`.
    Folder(PathBuf),
}

/// The published data sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishedDataset {
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
const NAMES: [(&str, DatasetSource); 6] = [
    ("digits", DatasetSource::Digits),
    (
        "CIFAR10",
        DatasetSource::Published(PublishedDataset::Cifar10),
    ),
    (
        "CIFAR100",
        DatasetSource::Published(PublishedDataset::Cifar100),
    ),
    ("MNIST", DatasetSource::Published(PublishedDataset::Mnist)),
    (
        "FashionMNIST",
        DatasetSource::Published(PublishedDataset::FashionMnist),
    ),
    ("STL10", DatasetSource::Published(PublishedDataset::Stl10)),
];

impl FromStr for DatasetSource {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        if let Some(folder) = name.strip_prefix("folder:") {
            return Ok(Self::Folder(expand_home(Path::new(folder))));
        }
        let known = NAMES.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        known.map(|(_, source)| source.clone()).ok_or_else(|| {
            let known: Vec<&str> = NAMES.iter().map(|(n, _)| *n).collect();
            Error::UnknownName {
                name: name.into(),
                known: format!("{}, folder:DIR", known.join(", ")),
            }
        })
    }
}

impl fmt::Display for DatasetSource {
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

impl TryFrom<String> for DatasetSource {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        name.parse()
    }
}

impl From<DatasetSource> for String {
    fn from(source: DatasetSource) -> Self {
        source.to_string()
    }
}

impl PublishedDataset {
    /// Its files, classes and statistics.
    pub fn spec(self) -> DatasetSpec {
        match self {
            Self::Cifar10 => DatasetSpec::cifar10(),
            Self::Cifar100 => DatasetSpec::cifar100(),
            Self::Mnist => DatasetSpec::mnist(),
            Self::FashionMnist => DatasetSpec::fashion_mnist(),
            Self::Stl10 => DatasetSpec::stl10(),
        }
    }
}

/// How to find and read a data set's files.
#[derive(Clone, Debug, Default)]
pub struct DatasetOptions {
    /// Folder with the files or with the data set's official subfolder; the platform's cache folder if None.
    pub data_dir: Option<PathBuf>,
    /// Never use the network.
    pub offline: bool,
    /// Channels that the images of folders are converted to, 1 or 3: what the model takes. If None, 1 where all files
    /// are grey and 3 elsewhere.
    pub channels: Option<usize>,
    /// Height and width that images of folders are fitted to: what the model takes. If None, those of the first image.
    pub size: Option<[usize; 2]>,
    /// How images of other sizes are fitted.
    pub fit: Fit,
    /// Leave out image files that cannot be read, with a warning, instead of failing.
    pub skip_damaged: bool,
    /// Ends opening and fetching early.
    pub stop: StopRequest,
    /// How to fetch what is not there.
    pub fetch: FetchOptions,
}

impl DatasetOptions {
    /// The folder that data sets are searched for in.
    pub fn folder(&self) -> Result<PathBuf, Error> {
        if let Some(folder) = &self.data_dir {
            return Ok(expand_home(folder));
        }
        let project = directories::ProjectDirs::from("", "", "termc");
        let cache = project.map(|dirs| dirs.cache_dir().join("data"));
        cache.ok_or(Error::NoCacheFolder)
    }
}

/// A path whose first component `~` is replaced by the user's home folder, which no shell does inside `folder:~/D` and
/// `--data-dir=~/D`. Other paths are returned unchanged.
pub fn expand_home(path: &Path) -> PathBuf {
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    match path.strip_prefix("~").ok().zip(home()) {
        Some((rest, home)) => home.join(rest),
        None => path.to_owned(),
    }
}

/// Opens a data set; fetches a published one whose files are not there (unless offline).
pub fn open(source: &DatasetSource, options: &DatasetOptions) -> Result<Dataset, Error> {
    match source {
        DatasetSource::Digits => digits::open(),
        DatasetSource::Folder(folder) => folder::open(&expand_home(folder), options),
        DatasetSource::Published(named) => open_spec(&named.spec(), options),
    }
}

/// Opens a data set by the description of its files, likewise.
pub fn open_spec(spec: &DatasetSpec, options: &DatasetOptions) -> Result<Dataset, Error> {
    let data_dir = options.folder()?;
    match locate(spec, &data_dir)? {
        Location::Found(folder) => read(spec, &folder),
        Location::Python(python, folder) => read_python(spec, python, &folder),
        Location::Missing { searched, file } if options.offline => Err(Error::Missing {
            name: spec.name.clone(),
            file,
            searched,
        }),
        Location::Missing { .. } => {
            let folder = fetch::fetch(spec, &data_dir, &options.fetch, &options.stop)?;
            read(spec, &folder)
        }
    }
}

/// Where a data set is.
enum Location<'a> {
    /// In this folder.
    Found(PathBuf),
    /// Its Python version in this folder.
    Python(&'a PythonFiles, PathBuf),
    /// Nowhere: the folders searched and a file they lack.
    Missing {
        searched: Vec<PathBuf>,
        file: String,
    },
}

/// Looks for a folder that holds all files of a data set: its subfolders of the data folder, then that folder itself; then
/// likewise for its Python version. A subfolder that holds only some of the files is an error.
fn locate<'a>(spec: &'a DatasetSpec, data_dir: &Path) -> Result<Location<'a>, Error> {
    let lacking = |folder: &Path| {
        spec.files()
            .find(|file| files::find(folder, file).is_none())
            .map(|file| file.name.clone())
    };
    let holds_any = |folder: &Path| spec.files().any(|f| files::find(folder, f).is_some());
    let mut searched = Vec::new();
    for subfolder in &spec.folders {
        let folder = data_dir.join(subfolder);
        match lacking(&folder) {
            None => return Ok(Location::Found(folder)),
            Some(file) if holds_any(&folder) => {
                return Err(Error::Incomplete {
                    name: spec.name.clone(),
                    folder,
                    file,
                });
            }
            Some(_) => searched.push(folder),
        }
    }
    let Some(file) = lacking(data_dir) else {
        return Ok(Location::Found(data_dir.to_owned()));
    };
    searched.push(data_dir.to_owned());
    if let Some(python) = &spec.python
        && let Some(folder) = locate_python(spec, python, data_dir)?
    {
        return Ok(Location::Python(python, folder));
    }
    Ok(Location::Missing { searched, file })
}

/// The folder with all files of a Python version, None if there are none.
fn locate_python(
    spec: &DatasetSpec,
    python: &PythonFiles,
    data_dir: &Path,
) -> Result<Option<PathBuf>, Error> {
    let names = || python.train.iter().chain(&python.test);
    let folder = data_dir.join(&python.folder);
    let lacking = |folder: &Path| names().find(|name| !folder.join(name).is_file());
    match lacking(&folder) {
        None => Ok(Some(folder)),
        Some(file) if names().any(|name| folder.join(name).is_file()) => Err(Error::Incomplete {
            name: spec.name.clone(),
            file: file.clone(),
            folder,
        }),
        Some(_) if lacking(data_dir).is_none() => Ok(Some(data_dir.to_owned())),
        Some(_) => Ok(None),
    }
}

/// Reads both parts from a folder that holds all files.
fn read(spec: &DatasetSpec, folder: &Path) -> Result<Dataset, Error> {
    let train = read_part(spec, folder, &spec.train, 0)?;
    let test = read_part(spec, folder, &spec.test, 1)?;
    Ok(dataset(spec, train, test))
}

/// Reads both parts of the Python version.
fn read_python(spec: &DatasetSpec, python: &PythonFiles, folder: &Path) -> Result<Dataset, Error> {
    let part = |names: &[String]| {
        let files: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
        cifar_python::read(spec, &files, &python.labels)
    };
    Ok(dataset(spec, part(&python.train)?, part(&python.test)?))
}

fn dataset(spec: &DatasetSpec, train: Part, test: Part) -> Dataset {
    Dataset {
        name: spec.name.clone(),
        classes: spec.classes.clone(),
        shape: spec.shape,
        normalize: spec.normalize.clone(),
        train: Arc::new(train),
        test: Arc::new(test),
        warnings: vec![],
    }
}

/// Reads part 0 (training) or 1 (test) from its files.
fn read_part(
    spec: &DatasetSpec,
    folder: &Path,
    files: &[DataFile],
    part: usize,
) -> Result<Part, Error> {
    match (spec.layout, files) {
        (FileLayout::Cifar10, files) => cifar::read(spec, folder, files, false),
        (FileLayout::Cifar100, files) => cifar::read(spec, folder, files, true),
        (FileLayout::Idx, [images, labels]) => {
            let first_labels = spec.first_labels.and_then(|all| all.get(part).copied());
            idx::read(spec, folder, images, labels, first_labels)
        }
        (FileLayout::Stl10, [images, labels]) => stl10::read(spec, folder, images, labels),
        (FileLayout::Idx | FileLayout::Stl10, files) => Err(Error::Inconsistent {
            what: "files of a part",
            expected: "an image file and a label file".into(),
            found: files.len().to_string(),
        }),
    }
}
