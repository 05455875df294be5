//! Where the files of a published data set are, in whichever of its forms. Reads none of them.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::files;
use super::published::{DatasetSpec, HubFiles, PythonFiles};

/// Where a data set is.
#[derive(Debug)]
pub(super) enum Location<'a> {
    /// Its own files, in this folder.
    Found(PathBuf),
    /// Its Python version in this folder.
    Python(&'a PythonFiles, PathBuf),
    /// Parquet files of the training and the test part.
    Parquet(&'a HubFiles, [Vec<PathBuf>; 2]),
    /// An `.npz` file.
    Arrays(PathBuf),
}

/// That a data set is nowhere.
#[derive(Debug)]
pub(super) struct Missing {
    /// The folders searched.
    pub searched: Vec<PathBuf>,
    /// A file they lack.
    pub file: String,
}

impl<'a> Location<'a> {
    /// Looks for a folder that holds all files of a data set: its subfolders of the data folder, then that folder itself; then
    /// likewise for its Python version, Parquet files and arrays. A subfolder that holds only some of the files is an error.
    pub fn of(spec: &'a DatasetSpec, data_dir: &Path) -> Result<Result<Self, Missing>, Error> {
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
                None => return Ok(Ok(Self::Found(folder))),
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
            return Ok(Ok(Self::Found(data_dir.to_owned())));
        };
        searched.push(data_dir.to_owned());
        if let Some(python) = &spec.python
            && let Some(folder) = python_folder(spec, python, data_dir)?
        {
            return Ok(Ok(Self::Python(python, folder)));
        }
        if let Some(hub) = &spec.hub
            && let Some(parts) = parquet_files(spec, hub, data_dir)?
        {
            return Ok(Ok(Self::Parquet(hub, parts)));
        }
        let arrays = spec.arrays.iter().map(|name| data_dir.join(name));
        if let Some(file) = arrays.into_iter().find(|path| path.is_file()) {
            return Ok(Ok(Self::Arrays(file)));
        }
        Ok(Err(Missing { searched, file }))
    }
}

/// The folder with all files of a Python version, None if there are none.
fn python_folder(
    spec: &DatasetSpec,
    python: &PythonFiles,
    data_dir: &Path,
) -> Result<Option<PathBuf>, Error> {
    let files = || python.train.iter().chain(&python.test);
    let folder = data_dir.join(&python.folder);
    let lacking = |folder: &Path| files().find(|file| !folder.join(&file.name).is_file());
    let any = || files().any(|file| folder.join(&file.name).is_file());
    match lacking(&folder) {
        None => Ok(Some(folder)),
        Some(file) if any() => Err(Error::Incomplete {
            name: spec.name.clone(),
            file: file.name.clone(),
            folder,
        }),
        Some(_) if lacking(data_dir).is_none() => Ok(Some(data_dir.to_owned())),
        Some(_) => Ok(None),
    }
}

/// The Parquet files of both parts, None if there are none: in the data folder, in one with the repository's name, or in a
/// snapshot of the hub's cache; there directly, in the folder of its configuration, or in one called `data`.
fn parquet_files(
    spec: &DatasetSpec,
    hub: &HubFiles,
    data_dir: &Path,
) -> Result<Option<[Vec<PathBuf>; 2]>, Error> {
    let repository = hub.repository.rsplit('/').next().unwrap_or_default();
    let cache = format!("datasets--{}", hub.repository.replace('/', "--"));
    let mut roots = vec![data_dir.to_owned(), data_dir.join(repository)];
    for root in [data_dir, &data_dir.join("hub")] {
        roots.extend(listed(&root.join(&cache).join("snapshots")));
    }
    for root in roots {
        for folder in [root.clone(), root.join(&hub.config), root.join("data")] {
            let parts = ["train", "test"].map(|part| part_files(&folder, part));
            match parts.each_ref().map(Vec::is_empty) {
                [false, false] => return Ok(Some(parts)),
                [true, true] => {}
                [no_train, _] => {
                    let part = if no_train { "train" } else { "test" };
                    return Err(Error::Incomplete {
                        name: spec.name.clone(),
                        folder,
                        file: format!("{part}-*.parquet"),
                    });
                }
            }
        }
    }
    Ok(None)
}

/// `PART-*.parquet`, `PART.parquet`, and what is in a folder `PART`, in the order of their names.
fn part_files(folder: &Path, part: &str) -> Vec<PathBuf> {
    let is_parquet = |path: &PathBuf| path.extension().is_some_and(|e| e == "parquet");
    let of_part = |path: &PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let rest = stem.and_then(|stem| stem.strip_prefix(part));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let mut files: Vec<PathBuf> = listed(folder)
        .filter(|path| is_parquet(path) && of_part(path))
        .collect();
    files.extend(listed(&folder.join(part)).filter(is_parquet));
    files.sort();
    files
}

/// What a folder holds, nothing where it cannot be read.
pub(super) fn listed(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path()))
}
