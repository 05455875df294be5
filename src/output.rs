//! The file that a command is to write: refused before any work where it cannot be written, or is one that the command
//! reads.

use std::io::{Error as IoError, ErrorKind};
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};
use termc_runtime::Error;
use termc_runtime::data::expand_home;
use termc_runtime::model::CheckedSource;
use termc_runtime::train::RunFolder;

use crate::failure::Failure;

/// The name of a file to write, of a command that does not write to standard output.
pub fn file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match path == Path::new("-") {
        true => Err("`-` is standard output, which this command does not write to; expected the name of a file"),
        false => Ok(expand_home(&path)),
    })
}

/// What to write: what is asked for, else what the name of the file to write ends in, else the usual.
pub fn format<F: Copy>(
    asked: Option<F>,
    output: &Option<PathBuf>,
    endings: &[(&str, F)],
    usual: F,
) -> F {
    let ending = output.as_deref().and_then(Path::extension);
    let ended = |(known, _): &&(&str, F)| ending.is_some_and(|e| e.eq_ignore_ascii_case(known));
    let named = endings.iter().find(ended).map(|(_, format)| *format);
    asked.or(named).unwrap_or(usual)
}

/// The file to write, as [`require`] demands it; None for standard output, whose name is `-`.
pub fn or_standard<'a>(
    output: &'a Option<PathBuf>,
    models: &[&CheckedSource],
    reads: &[PathBuf],
) -> Result<Option<&'a Path>, Failure> {
    let named = output.as_deref().filter(|path| *path != Path::new("-"));
    named.map(|path| require(path, models, reads)).transpose()?;
    Ok(named)
}

/// Refuses a file to write that is one of those read or of the models', or that lies in no folder.
pub fn require(output: &Path, models: &[&CheckedSource], reads: &[PathBuf]) -> Result<(), Failure> {
    for read in reads {
        refuse_read(output, read)?;
    }
    for checked in models {
        let source = &checked.source;
        let read = [&source.file, &source.weights, &source.run];
        for read in read.into_iter().flatten() {
            refuse_read(output, read)?;
        }
        for used in checked.compiled.sources.list() {
            refuse_read(output, Path::new(&used.name))?;
        }
    }
    let folder = match output.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let kind = match (folder.is_dir(), output.is_dir()) {
        (true, false) => return Ok(()),
        (true, true) => ErrorKind::IsADirectory,
        (false, _) if folder.exists() => ErrorKind::NotADirectory,
        (false, _) => ErrorKind::NotFound,
    };
    let failure = Failure::from(Error::file("write", output)(IoError::from(kind)));
    Err(match kind {
        ErrorKind::NotFound => {
            failure.help(format!("make the folder `{}` first", folder.display()))
        }
        _ => failure,
    })
}

/// Refuses a file to write that is this one, or a part of the record of this RUN folder.
fn refuse_read(output: &Path, read: &Path) -> Result<(), Failure> {
    let same = match (output.canonicalize(), read.canonicalize()) {
        (Ok(output), Ok(read)) => output == read && output.is_file(),
        _ => false,
    };
    if !same && !RunFolder::holds(read, output) {
        return Ok(());
    }
    let message = format!(
        "`{}` is what this command reads and would be overwritten",
        output.display()
    );
    Err(Failure::usage(message).help("name another file"))
}
