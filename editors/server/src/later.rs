//! What takes longer than a keystroke may: variants and members of families, checked on a copy of the texts.

use std::collections::HashMap;
use std::path::PathBuf;

use termc_compiler::Compiled;

use crate::analysis::check_all;
use crate::overlay::Overlay;

/// A file whose variants and families are still to be checked.
pub struct Unfinished {
    pub path: PathBuf,
    pub turn: u64,
    pub text: String,
    pub documents: HashMap<PathBuf, String>,
}

/// What came of that.
pub struct Checked {
    pub path: PathBuf,
    pub turn: u64,
    pub found: Compiled,
}

impl Unfinished {
    pub fn check(self) -> Checked {
        let files = Overlay::new(&self.path, |path| self.documents.get(path).cloned());
        let found = check_all(&self.path, &self.text, &files);
        Checked {
            path: self.path,
            turn: self.turn,
            found,
        }
    }
}
