//! The `.term` files of a folder: those on disk, and those that are only open.

use std::path::{Path, PathBuf};

/// More files of a folder are not looked at for who uses whom.
const MOST_FILES: usize = 200;

/// Those of a folder in order, with those of the open files that lie there.
pub fn term_files<'a>(folder: &Path, open: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let is_term = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "term");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let on_disk = entries.map(|entry| entry.path()).filter(is_term);
    let open = open.filter(|path| path.parent() == Some(folder)).cloned();
    let mut all: Vec<PathBuf> = on_disk
        .take(MOST_FILES)
        .chain(open.filter(is_term))
        .collect();
    all.sort();
    all.dedup();
    all
}
