//! What lies in a data folder and does not serve, in words: so that nobody wonders why a data set is not found. Reads none of
//! it.

use std::path::{Path, PathBuf};

use super::locate::{Location, listed};
use super::published::DatasetSpec;
use super::source::all_published;

/// At most so many things are named.
const NAMED: usize = 5;

/// Says of a folder without the data set what else it has, a sentence each.
pub(super) fn other_data(spec: &DatasetSpec, data_dir: &Path) -> Vec<String> {
    let shown = data_dir.display();
    let others = all_published().filter(|other| other.name != spec.name);
    let others: Vec<(String, PathBuf)> = others
        .filter_map(|other| {
            let path = match Location::of(&other, data_dir).ok()?.ok()? {
                Location::Found(folder) | Location::Python(_, folder) => folder,
                Location::Arrays(file) => file,
                Location::Parquet(_, [train, _]) => train.into_iter().next()?,
            };
            Some((other.name, path))
        })
        // Folders without a name of their own may hold any data set with files of these names.
        .filter(|(_, path)| path != data_dir)
        .collect();
    let mut found: Vec<String> = others
        .iter()
        .map(|(name, path)| format!("`{}` is {name}", path.display()))
        .collect();
    if data_dir.join("train").is_dir() {
        found.push(format!(
            "`{shown}` has a folder `train`; folders of images are given as `--dataset folder:{shown}`"
        ));
    }
    let named = |path: &PathBuf| others.iter().any(|(_, known)| known == path);
    let files = listed(data_dir).filter(|path| path.is_file() && !named(path));
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        let what = if ends(&[
            ".tar.gz", ".tgz", ".tar", ".zip", ".7z", ".tar.xz", ".tar.bz2",
        ]) {
            "an archive: unpack it there"
        } else if ends(&[".mat"]) {
            "a file for MATLAB, which is not read"
        } else if ends(&[
            ".pt",
            ".pth",
            ".pkl",
            ".pickle",
            ".pkl.gz",
            ".h5",
            ".hdf5",
            ".tfrecord",
        ]) {
            "a file of a framework, which is not read"
        } else if ends(&[".csv", ".arff", ".arrow"]) {
            "a table, which is not read"
        } else if ends(&[".npz", ".npy"]) {
            "NumPy's, but not under a name of this data set"
        } else if ends(&[".parquet"]) {
            "a Parquet file, but not called `train-...` or `test-...`"
        } else {
            continue;
        };
        found.push(format!("`{}` is {what}", path.display()));
    }
    let more = found.len().saturating_sub(NAMED);
    found.truncate(NAMED);
    if more > 0 {
        found.push(format!("and {more} more"));
    }
    found
}

/// Which files of a data set are read, in words.
pub(super) fn needed(spec: &DatasetSpec) -> String {
    let first = |name: &String| format!("`{name}`");
    let mut forms: Vec<String> = spec.folders.iter().take(1).map(first).collect();
    forms.extend(spec.python.iter().map(|python| first(&python.folder)));
    forms.extend(
        spec.hub
            .iter()
            .map(|hub| format!("`{}/train-*.parquet` and `test-*.parquet`", hub.config)),
    );
    forms.extend(spec.arrays.iter().take(1).map(first));
    forms.join(", or ")
}
