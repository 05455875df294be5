//! The files that the compiler reads: texts that are held here before those on disk.

use std::path::{Path, PathBuf};

use termc_compiler::Files;
use termc_files::Folder;

/// The files around a main file, where `held` has the texts of some of them.
pub struct Overlay<H> {
    held: H,
    root: PathBuf,
    folder: Folder,
}

impl<H: Fn(&Path) -> Option<String>> Overlay<H> {
    pub fn new(main: &Path, held: H) -> Self {
        Self {
            held,
            root: main.parent().unwrap_or(Path::new("")).to_owned(),
            folder: Folder::of(main),
        }
    }
}

impl<H: Fn(&Path) -> Option<String>> Files for Overlay<H> {
    fn read(&self, path: &str) -> Result<String, String> {
        // Paths of the language have slashes on every system.
        let parts = path.split('/');
        let full = parts.fold(self.root.clone(), |folder, part| folder.join(part));
        (self.held)(&full).map_or_else(|| self.folder.read(path), Ok)
    }
}
