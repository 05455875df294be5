//! The image files that arguments mean: files as they are named, of folders those that a training would take, in the order of
//! their names. Decodes nothing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use termc_runtime::Error;
use termc_runtime::data::{expand_home, is_image, visible_entries};

use crate::failure::Failure;
use crate::terminal::Terminal;

/// All image files.
pub fn find(arguments: &[PathBuf], terminal: &Terminal) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Found::default();
    for path in arguments {
        let path = expand_home(path);
        match path.is_dir() {
            true => found.folder(&path)?,
            false => found.files.push(path),
        }
    }
    if found.others > 0 {
        let files = if found.others == 1 { "file" } else { "files" };
        terminal.warn(&format!(
            "{} other {files} in the folders left out: no images",
            found.others
        ));
    }
    match found.files.is_empty() {
        true => Err(Failure::input("there are no image files in what was named")),
        false => Ok(found.files),
    }
}

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    /// Files that are no images.
    others: usize,
    /// Folders by their true paths: links may lead back.
    seen: HashSet<PathBuf>,
}

impl Found {
    fn folder(&mut self, folder: &Path) -> Result<(), Failure> {
        let failed = |source| {
            Failure::from(Error::File {
                action: "read",
                path: folder.to_owned(),
                source,
            })
        };
        if !self.seen.insert(folder.canonicalize().map_err(failed)?) {
            return Ok(());
        }
        for path in visible_entries(folder).map_err(Error::from)? {
            if path.is_dir() {
                self.folder(&path)?;
            } else if is_image(&path).unwrap_or(true) {
                // One that cannot be opened is told of with those that cannot be decoded.
                self.files.push(path);
            } else {
                self.others += 1;
            }
        }
        Ok(())
    }
}
