//! The files that a `.term` file uses, read from the folder of the main file. Knows folders, sizes and UTF-8; what a path
//! may be, and who uses whom, is the compiler's business.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use termc_compiler::{Files, NoFiles};

/// Larger files are refused unread: the compiler takes no text of that size.
const LARGEST: u64 = 4 << 20;

/// The folder of a main file, and what was read from it.
#[derive(Debug, Default)]
pub struct Folder {
    root: Option<PathBuf>,
    read: RefCell<Vec<PathBuf>>,
}

impl Folder {
    /// No folder: the text comes from standard input, a weight file or a RUN folder, and stands alone.
    pub fn none() -> Self {
        Self::default()
    }

    /// The folder that this file lies in.
    pub fn of(main: &Path) -> Self {
        let folder = main.parent().unwrap_or(Path::new(""));
        Self {
            root: Some(folder.to_owned()),
            read: RefCell::default(),
        }
    }

    /// The files that were asked for so far, whether or not they could be read, in order.
    pub fn asked(&self) -> Vec<PathBuf> {
        self.read.borrow().clone()
    }

    fn text(&self, root: &Path, path: &str) -> Result<String, String> {
        // Paths of the language have `/` between their parts on every system.
        let path: PathBuf = std::iter::once(root)
            .chain(path.split('/').map(Path::new))
            .collect();
        if !self.read.borrow().contains(&path) {
            self.read.borrow_mut().push(path.clone());
        }
        let file = File::open(&path).map_err(|error| error.to_string())?;
        // A pipe or a device may never end.
        if !file
            .metadata()
            .map_err(|error| error.to_string())?
            .is_file()
        {
            return Err("it is not a file".into());
        }
        let mut bytes = vec![];
        let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
        read.map_err(|error| error.to_string())?;
        if bytes.len() as u64 > LARGEST {
            return Err(format!("it is larger than {} MiB", LARGEST >> 20));
        }
        String::from_utf8(bytes).map_err(|error| {
            format!(
                "it is not a text file: byte {}",
                error.utf8_error().valid_up_to()
            )
        })
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<String, String> {
        match &self.root {
            Some(root) => self.text(root, path),
            None => NoFiles.read(path),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_from_the_folder_of_the_main_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("parts")).unwrap();
        std::fs::write(folder.path().join("parts/a.term"), "const a = 1\n").unwrap();
        std::fs::write(folder.path().join("parts/b.term"), [b'x', 0xff]).unwrap();
        let large = vec![b' '; LARGEST as usize + 1];
        std::fs::write(folder.path().join("parts/c.term"), large).unwrap();
        let files = Folder::of(&folder.path().join("main.term"));
        assert_eq!(files.read("parts/a.term").unwrap(), "const a = 1\n");
        let refused = |path: &str| files.read(path).unwrap_err();
        assert_eq!(refused("parts/b.term"), "it is not a text file: byte 1");
        assert_eq!(refused("parts/c.term"), "it is larger than 4 MiB");
        assert!(!refused("parts/none.term").is_empty());
        assert!(!refused("parts").is_empty());
        // Once each, so that a build script watches them, those that are not there as well.
        files.read("parts/a.term").unwrap();
        let parts = folder.path().join("parts");
        let asked = ["a.term", "b.term", "c.term", "none.term"].map(|name| parts.join(name));
        assert_eq!(files.asked(), [&asked[..], &[parts]].concat());
    }

    #[test]
    fn a_text_without_a_folder_reads_nothing() {
        let files = Folder::none();
        assert!(files.read("a.term").is_err());
        assert!(files.asked().is_empty());
    }
}
