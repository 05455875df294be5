//! From a data set's name to the data set: parses names, finds or fetches files, reads them. Formats are elsewhere.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::arrangement::Arrangement;
use super::dataset::{Dataset, Part};
use super::error::Error;
use super::fetch::{self, FetchOptions};
use super::locate::{Location, Missing};
use super::picture::Fit;
use super::published::{DataFile, DatasetSpec, FileLayout, PythonFile};
use super::recognise::Mismatches;
use super::stop::StopRequest;
use super::{cifar, cifar_python, digits, folder, found, hub, idx, npz, stl10};

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
    /// Another one with its pixels arranged anew.
    Arranged(Arrangement, Box<DatasetSource>),
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
        let (arrangement, inner) = Arrangement::split(name);
        if !arrangement.is_none() {
            return inner.parse::<Self>()?.arranged(arrangement);
        }
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
            Self::Arranged(arrangement, inner) => write!(f, "{arrangement}{inner}"),
            named => match NAMES.iter().find(|(_, source)| source == named) {
                Some((name, _)) => f.write_str(name),
                None => Ok(()),
            },
        }
    }
}

impl DatasetSource {
    /// The same with its pixels arranged anew.
    ///
    /// # Errors
    /// If they are already.
    pub fn arranged(self, arrangement: Arrangement) -> Result<Self, Error> {
        match self {
            plain if arrangement.is_none() => Ok(plain),
            Self::Arranged(..) => Err(Error::UnknownName {
                name: format!("{arrangement}{self}"),
                known: "one arrangement of pixels, `permuted:SEED:sequence:NAME`".into(),
            }),
            plain => Ok(Self::Arranged(arrangement, Box::new(plain))),
        }
    }

    /// The same with its pixels arranged as those of a training were.
    ///
    /// # Errors
    /// If they are arranged in another way.
    pub fn arranged_as(self, trained: Arrangement) -> Result<Self, Error> {
        match self.arrangement() {
            own if own.is_none() => self.arranged(trained),
            own if own == trained => Ok(self),
            own => Err(Error::Inconsistent {
                what: "arrangement of pixels",
                expected: format!("`{trained}` as in training"),
                found: format!("`{own}`"),
            }),
        }
    }

    /// How its pixels are arranged.
    pub fn arrangement(&self) -> Arrangement {
        match self {
            Self::Arranged(arrangement, _) => *arrangement,
            _ => Arrangement::default(),
        }
    }

    /// The folder that it is, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Arranged(_, inner) => inner.folder(),
            _ => None,
        }
    }

    /// The same with the path of its folder, if it is one, changed.
    #[must_use]
    pub fn map_folder(self, f: impl FnOnce(&Path) -> PathBuf) -> Self {
        match self {
            Self::Folder(folder) => Self::Folder(f(&folder)),
            Self::Arranged(arrangement, inner) => {
                Self::Arranged(arrangement, Box::new(inner.map_folder(f)))
            }
            other => other,
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

/// The descriptions of all published data sets.
pub(super) fn all_published() -> impl Iterator<Item = DatasetSpec> {
    NAMES.into_iter().filter_map(|(_, source)| match source {
        DatasetSource::Published(named) => Some(named.spec()),
        _ => None,
    })
}

/// Bytes of decoded pixels of a folder that are kept in memory where nothing else is asked for.
const CACHE: usize = 2 << 30;

/// How to find and read a data set's files.
#[derive(Clone, Debug)]
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
    /// The part of each class of a folder that tests, for folders that have no `test` folder. If None, a folder of validation
    /// images tests where there is one, else `drawn`.
    pub test: Option<f64>,
    /// The part of each class of a folder that tests where nothing else says so.
    pub drawn: f64,
    /// Decides which images that are.
    pub seed: u64,
    /// Most bytes of a folder's decoded and fitted pixels that are kept in memory; the other images are decoded again
    /// whenever they are needed.
    pub cache: usize,
    /// Leave out image files that cannot be read, with a warning, instead of failing.
    pub skip_damaged: bool,
    /// Ends opening and fetching early.
    pub stop: StopRequest,
    /// How to fetch what is not there.
    pub fetch: FetchOptions,
}

impl Default for DatasetOptions {
    /// Fetches into the platform's cache folder; fits images to the first one's size; draws a fifth with seed 0; keeps 2 GiB.
    fn default() -> Self {
        Self {
            data_dir: None,
            offline: false,
            channels: None,
            size: None,
            fit: Fit::default(),
            test: None,
            drawn: 0.2,
            seed: 0,
            cache: CACHE,
            skip_damaged: false,
            stop: StopRequest::default(),
            fetch: FetchOptions::default(),
        }
    }
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
        DatasetSource::Digits => digits::open(options.fit),
        DatasetSource::Folder(folder) => folder::open(&expand_home(folder), options),
        DatasetSource::Published(named) => open_spec(&named.spec(), options),
        DatasetSource::Arranged(arrangement, inner) => arrangement.dataset(open(inner, options)?),
    }
}

/// Opens a data set by the description of its files, likewise.
pub fn open_spec(spec: &DatasetSpec, options: &DatasetOptions) -> Result<Dataset, Error> {
    let data_dir = options.folder()?;
    match Location::of(spec, &data_dir)? {
        Ok(location) => read(spec, location, options),
        Err(Missing { searched, file }) => {
            let found = found::other_data(spec, &data_dir);
            if options.offline {
                return Err(Error::Missing {
                    name: spec.name.clone(),
                    file,
                    searched,
                    found,
                });
            }
            let said = announcement(spec, &data_dir, &options.fetch, &found);
            options.fetch.notice.call(&said);
            let folder = fetch::fetch(spec, &data_dir, &options.fetch, &options.stop)?;
            read(spec, Location::Found(folder), options)
        }
    }
}

/// What is said before anything is fetched.
fn announcement(
    spec: &DatasetSpec,
    data_dir: &Path,
    options: &FetchOptions,
    found: &[String],
) -> String {
    let bytes: u64 = spec.archives.iter().map(|archive| archive.bytes).sum();
    let megabytes = bytes / 1_000_000;
    let first = spec.archives.first();
    let from = first.map_or(String::new(), |archive| archive.address(options));
    let mut text = format!(
        "{} is not in `{}` (looked for {}): fetching {megabytes} MB, `{from}`",
        spec.name,
        data_dir.display(),
        found::needed(spec),
    );
    for sentence in found {
        text += &format!("\n  {sentence}");
    }
    text
}

/// Reads both parts from where they are.
fn read(
    spec: &DatasetSpec,
    location: Location<'_>,
    options: &DatasetOptions,
) -> Result<Dataset, Error> {
    let mismatches = &mut Mismatches::default();
    let (train, test) = match location {
        Location::Found(folder) => (
            read_part(spec, &folder, &spec.train, 0, mismatches)?,
            read_part(spec, &folder, &spec.test, 1, mismatches)?,
        ),
        Location::Python(python, folder) => {
            let mut part = |files: &[PythonFile]| {
                cifar_python::read(spec, &folder, files, &python.labels, mismatches)
            };
            (part(&python.train)?, part(&python.test)?)
        }
        Location::Parquet(files, [train, test]) => (
            hub::read(spec, files, &train, 0, mismatches)?,
            hub::read(spec, files, &test, 1, mismatches)?,
        ),
        Location::Arrays(file) => npz::read(spec, &file, mismatches)?,
    };
    Ok(Dataset {
        name: spec.name.clone(),
        classes: spec.classes.clone(),
        shape: spec.shape,
        normalize: spec.normalize.clone(),
        fit: options.fit,
        drawn: None,
        train: Arc::new(train),
        validation: None,
        test: Arc::new(test),
        warnings: mismatches.warning(&spec.name).into_iter().collect(),
        notes: vec![],
    })
}

/// Reads part 0 (training) or 1 (test) from its files.
fn read_part(
    spec: &DatasetSpec,
    folder: &Path,
    files: &[DataFile],
    part: usize,
    mismatches: &mut Mismatches,
) -> Result<Part, Error> {
    match (spec.layout, files) {
        (FileLayout::Cifar10, files) => cifar::read(spec, folder, files, false),
        (FileLayout::Cifar100, files) => cifar::read(spec, folder, files, true),
        (FileLayout::Idx, [images, labels]) => {
            idx::read(spec, folder, [images, labels], part, mismatches)
        }
        (FileLayout::Stl10, [images, labels]) => {
            stl10::read(spec, folder, images, labels, mismatches)
        }
        (FileLayout::Idx | FileLayout::Stl10, files) => Err(Error::Inconsistent {
            what: "files of a part",
            expected: "an image file and a label file".into(),
            found: files.len().to_string(),
        }),
    }
}
