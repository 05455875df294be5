//! `termc graph`: a model as a page to look around in, a drawing for a paper, or text for Graphviz or Mermaid.

use std::path::PathBuf;

use clap::Args;
use termc_graph::{Error, Format, Options, graph};
use termc_runtime::tensors::write_atomic;

use crate::choice::one_of;
use crate::cli::ModelArgs;
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc graph`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// A page that needs no network, a drawing for a paper, or text for Graphviz or Mermaid
    #[arg(long, value_parser = one_of(&Format::ALL), default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    view: ViewArgs,

    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Which part of a model is shown, and how deep.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct ViewArgs {
    /// Show one block call or binding by its path, e.g. `b[0]`
    #[arg(long, value_name = "PATH")]
    at: Option<String>,

    /// How many levels of block calls are open; in the page, at first
    #[arg(long, value_name = "N", default_value_t = 0)]
    depth: usize,

    /// Width of an SVG drawing in centimetres: 8.5 is a column, 17 a page of two [default: 8.5]
    #[arg(long, value_name = "CM")]
    width: Option<f64>,
}

impl ViewArgs {
    /// For the crate that draws.
    pub fn options(self, format: Format) -> Result<Options, Failure> {
        if self.width.is_some() && format != Format::Svg {
            let message = format!("`--format {format}` has no width in centimetres");
            return Err(Failure::usage(message).help("leave out `--width`, or add `--format svg`"));
        }
        Ok(Options {
            format,
            at: self.at,
            depth: self.depth,
            width: self.width,
        })
    }
}

/// Writes the picture.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let options = arguments.view.options(arguments.format)?;
    let checked = model::load(&arguments.model, terminal)?;
    if checked.source.run.is_some() {
        terminal.note(
            "the training recorded no means and deviations of gradients and features; `termc report` computes those of \
             the features of its blocks",
        );
    }
    let picture = graph(&checked.model, &checked.compiled.sources, &options);
    write(&picture.map_err(refused)?, arguments.output, terminal)
}

/// Writes a picture to a file, or prints it.
pub fn write(picture: &str, output: Option<PathBuf>, terminal: &Terminal) -> Result<(), Failure> {
    match output {
        Some(path) => Ok(write_atomic(&path, picture.as_bytes())?),
        None => terminal.print(picture),
    }
}

/// What can be done about a picture that cannot be drawn.
pub fn refused(error: Error) -> Failure {
    let failure = Failure::usage(&error);
    match error {
        Error::NoSuchPath(_, nearest) if nearest.is_empty() => failure,
        Error::NoSuchPath(_, nearest) => {
            let nearest: Vec<String> = nearest.iter().map(|path| format!("`{path}`")).collect();
            failure.help(format!("there are {}", nearest.join(", ")))
        }
        Error::Width => failure.help("`--width 8.5` is a column of a paper"),
        Error::TooLarge(..) => failure.help(
            "choose a smaller `--depth`, or one block with `--at PATH`; the page saves whatever is open in it",
        ),
    }
}
