//! From the MODEL argument to a checked model: reads the file, the RUN folder, the weight file or standard input, and
//! shows what the compiler has to say. Does not interpret the language.

use std::io::Read;
use std::path::{Path, PathBuf};

use termc_compiler::diagnostics::{Diagnostic, Style, render};
use termc_compiler::freeze::freeze;
use termc_compiler::model::Model;
use termc_compiler::{Compiled, Options};
use termc_runtime::freeze::Card;
use termc_runtime::weights::{self, Weights};

use crate::cli::{ChangeArgs, ModelArgs};
use crate::failure::Failure;
use crate::terminal::Terminal;

/// The text of a model and where it came from.
#[derive(Clone, Debug)]
pub struct Text {
    /// As it is called in diagnostics.
    pub name: String,
    /// The source.
    pub text: String,
    /// Weights that came with it: of a RUN folder the best, of a weight file itself.
    pub weights: Option<PathBuf>,
    /// The RUN folder, if it is one.
    pub run: Option<PathBuf>,
    /// What it says of itself, if it is a frozen file.
    pub frozen: Option<Card>,
}

/// A checked model.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The model.
    pub model: Model,
    /// What was compiled, for pointing at lines.
    pub compiled: Compiled,
    /// Where it came from.
    pub text: Text,
}

/// Larger sources are refused unread: nobody writes them, and they would only fill the memory.
const LARGEST: u64 = 64 << 20;

/// Reads the text behind a MODEL argument.
pub fn read(path: &Path) -> Result<Text, Failure> {
    let file = |name: String, text: String| Text {
        name,
        text,
        weights: None,
        run: None,
        frozen: None,
    };
    if path == Path::new("-") {
        let text = decode(path, read_all(path, std::io::stdin().lock())?)?;
        return Ok(file("<stdin>".into(), text));
    }
    if path.is_dir() {
        return read_run(path);
    }
    if path.extension().is_some_and(|e| e == "safetensors") {
        return read_weights(path);
    }
    let handle = std::fs::File::open(path).map_err(|e| unreadable(path, &e))?;
    let text = decode(path, read_all(path, handle)?)?;
    Ok(file(path.display().to_string(), text))
}

fn read_run(folder: &Path) -> Result<Text, Failure> {
    let source = folder.join("model.term");
    if !source.is_file() {
        let message = format!(
            "`{}` is not a RUN folder: it lacks `model.term`",
            folder.display()
        );
        return Err(
            Failure::input(message).help("give a .term file or a folder that `termc train` made")
        );
    }
    let best = folder.join("best.safetensors");
    let last = folder.join("last.safetensors");
    let weights = [best, last].into_iter().find(|path| path.is_file());
    Ok(Text {
        weights,
        run: Some(folder.to_owned()),
        ..read(&source)?
    })
}

fn read_weights(path: &Path) -> Result<Text, Failure> {
    let file = weights::read(path)?;
    let Some(text) = file.source else {
        let message = format!(
            "`{}` does not say which model it belongs to",
            path.display()
        );
        return Err(Failure::input(message)
            .help("give the .term file as MODEL and this file to `--weights`"));
    };
    Ok(Text {
        name: path.display().to_string(),
        text,
        weights: Some(path.to_owned()),
        run: None,
        frozen: file.frozen,
    })
}

fn read_all(path: &Path, reader: impl Read) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(LARGEST + 1);
    limited
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(path, &e))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::input(format!(
            "`{}` is larger than 64 MiB; it cannot be a model",
            path.display()
        )));
    }
    Ok(bytes)
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::input(format!(
            "`{}` is not a text file: byte {at} is not UTF-8",
            path.display()
        ))
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::machine(format!("cannot read `{}`: {error}", path.display()));
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            failure.help("MODEL is a .term file, a RUN folder, a weight file or `-`")
        }
        _ => failure,
    }
}

/// The compiler's options from the command line's.
pub fn options(changes: &ChangeArgs) -> Options {
    Options {
        variant: changes.variant.clone(),
        sets: changes.sets.clone(),
    }
}

/// Reads and checks a model; shows warnings and errors.
pub fn load(arguments: &ModelArgs, terminal: &Terminal) -> Result<Loaded, Failure> {
    check(read(&arguments.model)?, &arguments.changes, terminal)
}

/// Checks a text; shows warnings and errors.
pub fn check(text: Text, changes: &ChangeArgs, terminal: &Terminal) -> Result<Loaded, Failure> {
    if text.frozen.is_some() && (changes.variant.is_some() || !changes.sets.is_empty()) {
        let message = format!("`{}` is frozen: it can no longer be changed", text.name);
        return Err(Failure::usage(message)
            .help("leave out `--variant` and `--set`, or change and freeze the trained model"));
    }
    let compiled = termc_compiler::compile(&text.name, &text.text, &options(changes));
    show(&compiled, &compiled.diagnostics, terminal);
    match compiled.model.clone() {
        Some(model) => Ok(Loaded {
            model: match text.frozen {
                Some(_) => freeze(&model).model,
                None => model,
            },
            compiled,
            text,
        }),
        None => Err(Failure::reported()),
    }
}

/// Shows findings on standard error.
pub fn show(compiled: &Compiled, diagnostics: &[Diagnostic], terminal: &Terminal) {
    let style = Style {
        color: terminal.colors_messages(),
        width: terminal.width(),
    };
    terminal.message(&render(&compiled.sources, diagnostics, style));
}

/// The weights to use: those named, else those the MODEL argument brought along.
pub fn weights_path(named: Option<&Path>, text: &Text) -> Result<PathBuf, Failure> {
    named
        .or(text.weights.as_deref())
        .map(Path::to_owned)
        .ok_or_else(|| {
            Failure::usage("the weights are not named")
                .help("add `--weights FILE`, or give a RUN folder as MODEL, which brings its own")
        })
}

/// Reads the weights to use: those named, else those the MODEL argument brought along.
pub fn weights(named: Option<&Path>, text: &Text) -> Result<Weights, Failure> {
    let path = weights_path(named, text)?;
    let weights = weights::read(&path)?;
    match (&text.frozen, &weights.frozen) {
        (None, Some(_)) => {
            let message = format!("`{}` holds the weights of a frozen model", path.display());
            Err(Failure::input(message).help("give that file itself as MODEL"))
        }
        (Some(_), None) => {
            let message = format!(
                "`{}` holds the weights of an unfrozen model",
                path.display()
            );
            Err(Failure::input(message).help("leave out `--weights`: a frozen file brings its own"))
        }
        _ => Ok(weights),
    }
}

/// Refuses what only a model that can still be trained is good for.
pub fn refuse_frozen(loaded: &Loaded, what: &str) -> Result<(), Failure> {
    if !loaded.model.frozen {
        return Ok(());
    }
    let message = format!("`{}` is frozen: {what}", loaded.text.name);
    Err(Failure::input(message).help("give the model or RUN folder that it was frozen from"))
}

/// Refuses to train what has nothing to train.
pub fn require_parameters(loaded: &Loaded) -> Result<(), Failure> {
    if loaded.model.parameter_count() > 0 {
        return Ok(());
    }
    let name = &loaded.model.name;
    let message = format!("model `{name}` has no parameters: there is nothing to train");
    Err(Failure::input(message).help("add `linear`, or blocks"))
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
