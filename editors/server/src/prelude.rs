//! The prelude as files: an editor opens them like others, so that definitions in it can be gone to.

use std::path::{Path, PathBuf};

use termc_compiler::index::prelude_files;

/// Where the prelude's files are written for editors to show: the user's cache, a folder for each version.
pub fn folder() -> PathBuf {
    let of = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let cache = of("XDG_CACHE_HOME")
        .or_else(|| of("LOCALAPPDATA"))
        .or_else(|| Some(of("HOME")?.join(".cache")));
    cache
        .unwrap_or_else(std::env::temp_dir)
        .join("termc")
        .join(concat!("prelude-", env!("CARGO_PKG_VERSION")))
}

/// Writes the prelude; an editor says so where that fails, for it cannot open the file.
pub fn write(folder: &Path) {
    for (name, text) in prelude_files() {
        let path = folder.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|there| there == text) {
            continue;
        }
        let written = path
            .parent()
            .map(std::fs::create_dir_all)
            .and_then(Result::ok);
        if written.is_some() && std::fs::write(&path, text).is_err() {
            return;
        }
    }
}

/// The name that the compiler gives to a file of the prelude, from its path below the folder.
pub fn name(below: &Path) -> String {
    below.to_string_lossy().replace('\\', "/")
}
