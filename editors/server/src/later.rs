//! What takes longer than a keystroke may: variants and members of families, checked on a copy of the texts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use termc_compiler::{Compiled, Files};
use termc_files::Folder;

use crate::analysis::check_all;

/// A file whose variants and families are still to be checked.
pub struct Unfinished {
    pub path: PathBuf,
    pub text: String,
    pub documents: HashMap<PathBuf, String>,
}

/// What came of that.
pub struct Checked {
    pub path: PathBuf,
    pub text: String,
    pub found: Compiled,
}

impl Unfinished {
    pub fn check(self) -> Checked {
        let files = Snapshot {
            documents: self.documents,
            root: self.path.parent().unwrap_or(Path::new("")).to_owned(),
            folder: Folder::of(&self.path),
        };
        let found = check_all(&self.path, &self.text, &files);
        Checked {
            path: self.path,
            text: self.text,
            found,
        }
    }
}

/// The texts of a moment.
struct Snapshot {
    documents: HashMap<PathBuf, String>,
    root: PathBuf,
    folder: Folder,
}

impl Files for Snapshot {
    fn read(&self, path: &str) -> Result<String, String> {
        match self.documents.get(&joined(&self.root, path)) {
            Some(text) => Ok(text.clone()),
            None => self.folder.read(path),
        }
    }
}

/// A path of the language below a folder.
pub fn joined(root: &Path, path: &str) -> PathBuf {
    path.split('/')
        .fold(root.to_owned(), |folder, part| folder.join(part))
}
