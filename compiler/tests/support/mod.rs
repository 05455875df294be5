//! What the tests of the compiler share: compiling with files from a folder. Asserts nothing.
#![allow(
    dead_code,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests, each of which uses some of it"
)]

pub mod generate;
pub mod random;

use std::path::{Path, PathBuf};

use termc_compiler::diagnostics::{Style, render};
use termc_compiler::{Compiled, Options};
use termc_files::Folder;

/// The folder of the whole project.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// A text that uses no files.
pub fn compile(text: &str, options: &Options) -> Compiled {
    termc_compiler::compile("case.term", text, options, &Folder::none())
}

/// A text that uses no files, with all its models, variants and members of families.
pub fn compile_all(text: &str, options: &Options) -> Compiled {
    termc_compiler::compile_all("case.term", text, options, &Folder::none())
}

/// One model of a file; diagnostics call it by its name alone.
pub fn compile_file(path: &Path, model: Option<String>) -> Compiled {
    let options = Options {
        model,
        ..Options::default()
    };
    let (name, text) = read(path);
    termc_compiler::compile(&name, &text, &options, &Folder::of(path))
}

/// All models of a file.
pub fn compile_whole_file(path: &Path) -> Compiled {
    let (name, text) = read(path);
    termc_compiler::compile_all(&name, &text, &Options::default(), &Folder::of(path))
}

fn read(path: &Path) -> (String, String) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    (name, std::fs::read_to_string(path).unwrap())
}

/// The findings as people read them, without colours.
pub fn shown(compiled: &Compiled) -> String {
    render(&compiled.sources, &compiled.diagnostics, Style::default())
}
