//! From the MODEL argument to a checked model, and what the compiler has to say about it on the terminal. Files are read
//! by the runtime; the language is the compiler's business.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use termc_compiler::diagnostics::{Diagnostic, Style, render};
use termc_compiler::{Compiled, Options};
use termc_runtime::Error;
use termc_runtime::data::{Arrangement, Dataset};
pub use termc_runtime::model::{CheckedSource, ModelSource};
use termc_runtime::train::Settings;
use termc_runtime::weights::Weights;

use crate::cli::{ChangeArgs, DataArgs, ModelArgs};
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Reads the text behind a MODEL argument; `-` is standard input.
pub fn read(path: &Path) -> Result<ModelSource, Failure> {
    if path == Path::new("-") {
        return Ok(ModelSource::from_reader(
            "<stdin>",
            std::io::stdin().lock(),
        )?);
    }
    ModelSource::read(path).map_err(|error| {
        let missing =
            matches!(&error, Error::File { source, .. } if source.kind() == ErrorKind::NotFound);
        let failure = Failure::from(error);
        match missing {
            true => failure.help("MODEL is a .term file, a RUN folder, a weight file or `-`"),
            false => failure,
        }
    })
}

/// The compiler's options from the command line's.
pub fn options(changes: &ChangeArgs) -> Options {
    Options {
        model: changes.name.clone(),
        sets: changes.sets.clone(),
    }
}

/// Reads and checks a model; shows warnings and errors.
pub fn load(arguments: &ModelArgs, terminal: &Terminal) -> Result<CheckedSource, Failure> {
    check(read(&arguments.model)?, &arguments.changes, terminal)
}

/// Checks a text; shows warnings and errors.
pub fn check(
    source: ModelSource,
    changes: &ChangeArgs,
    terminal: &Terminal,
) -> Result<CheckedSource, Failure> {
    check_named_by("--model", source, changes, terminal)
}

/// The same where another option names the model.
pub fn check_named_by(
    option: &str,
    source: ModelSource,
    changes: &ChangeArgs,
    terminal: &Terminal,
) -> Result<CheckedSource, Failure> {
    let mut compiled = source.compile(&options(changes))?;
    compiled.sources.rename("--model", option);
    show(&compiled, &compiled.diagnostics, terminal);
    match compiled.model.is_none() {
        true => Err(Failure::reported()),
        false => Ok(source.checked(compiled)?),
    }
}

/// Reads the weights to use, those named or those that the model brings, and says what is to be known of them.
pub fn weights(
    checked: &CheckedSource,
    named: Option<&Path>,
    terminal: &Terminal,
) -> Result<Weights, Failure> {
    let weights = checked.weights(named)?;
    if let Some(warning) = &weights.warning {
        terminal.warn(warning);
    }
    Ok(weights)
}

/// Opens the data set to answer about, the one that the training recorded if none is named, and says what is to be known of
/// it.
pub fn dataset(
    checked: &CheckedSource,
    named: &DataArgs,
    settings: Option<&Settings>,
    terminal: &Terminal,
) -> Result<Dataset, Failure> {
    let dataset = checked.open_dataset(&named.choice(terminal)?, settings);
    let dataset = dataset.map_err(|error| {
        let failure = Failure::from(error);
        match settings.is_some() && named.dataset.is_none() {
            true => failure.or_help(MOVED),
            false => failure,
        }
    })?;
    terminal.warn_of(&dataset);
    if let Some(settings) = settings
        && named.fit.is_none_or(|fit| fit == settings.fit)
        && (named.dataset.is_none() || dataset.drawn.is_some() || dataset.name == settings.dataset)
        && let Some(change) = settings.data_change(&dataset)
    {
        let drawn = match dataset.drawn {
            Some(_) => {
                "; the test part is drawn from all images, so some of it may have been trained on"
            }
            None => "",
        };
        terminal.warn(&format!("{change}{drawn}"));
    }
    Ok(dataset)
}

/// The data set that a call names, as a record names it: arranged as in the training `recorded` if that is known, a folder with
/// its whole path, so that it is found from anywhere.
pub fn named_dataset(named: &DataArgs, recorded: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(mut source) = named.dataset()? else {
        return Ok(None);
    };
    if let Some(recorded) = recorded {
        let trained = Arrangement::of(recorded);
        source = source.arranged_as(trained).map_err(Error::from)?;
    }
    Ok(Some(source.map_folder(absolute).to_string()))
}

/// A path that means the same wherever a command is called.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What to do about a data set that is not what or where it was.
pub const MOVED: &str = "put the files back as they were, or name the folder they lie in now with `--dataset` or `--data-dir`";

/// Shows findings on standard error.
pub fn show(compiled: &Compiled, diagnostics: &[Diagnostic], terminal: &Terminal) {
    let style = Style {
        color: terminal.colors_messages(),
        width: terminal.width(),
    };
    terminal.message(&render(&compiled.sources, diagnostics, style));
}

/// A place in a source, as text: the file and line, the line itself, and a mark below it.
pub fn point(compiled: &Compiled, span: termc_compiler::model::Span, label: &str) -> String {
    let Some(at) = compiled.sources.locate(span) else {
        return String::new();
    };
    let (number, column) = compiled.sources.line_column(span);
    let line = at
        .source
        .text
        .lines()
        .nth(number.saturating_sub(1))
        .unwrap_or("");
    let written = at.source.text.get(at.start..at.end).unwrap_or("");
    let first = written.lines().next().unwrap_or("");
    let marks = "^".repeat(first.chars().count().max(1));
    let indent = " ".repeat(column.saturating_sub(1));
    let (name, gutter) = (&at.source.name, " ".repeat(number.to_string().len()));
    format!(
        "{gutter}--> {name}:{number}:{column}\n{gutter} |\n{number} | {line}\n{gutter} | {indent}{marks} {label}"
    )
}
