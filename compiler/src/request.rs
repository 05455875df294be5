//! What is asked of the compiler: which model of a file, with which changes, and where used files come from.

/// What to make of a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The model, variant or member of a family, `SlowSize[3]`; None is the first of the file.
    pub model: Option<String>,
    /// Overrides `path=value`, applied after the variant.
    pub sets: Vec<String>,
}

/// Gives the texts of the files that a file uses.
pub trait Files {
    /// The text of a file. `path` is relative to the folder of the main file, with
    /// `/` between its parts, none of which is `.` or `..`.
    ///
    /// # Errors
    /// Why it cannot be read, in words that follow "cannot read `path`: ".
    fn read(&self, path: &str) -> Result<String, String>;
}

/// No files: what a text has that stands in no folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _path: &str) -> Result<String, String> {
        Err("this text has no folder".into())
    }
}
