//! `termc import`: weights of a published PyTorch checkpoint under the model's parameter paths.

use std::path::PathBuf;

use clap::Args;
use termc_compiler::summary::grouped;
use termc_runtime::import::NameMap;
use termc_runtime::model::import_checkpoint;

use crate::cli::ModelArgs;
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc import`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A checkpoint: `.pt`, `.pth`, `.ckpt` or `.safetensors`
    #[arg(value_name = "CKPT")]
    checkpoint: PathBuf,

    #[command(flatten)]
    model: ModelArgs,

    /// A JSON object from the checkpoint's names to the model's, for names termc does not know
    #[arg(long, value_name = "MAP")]
    names: Option<PathBuf>,

    /// The weight file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Converts the weights; every name that does not match is listed and nothing is written then.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let checked = model::load(&arguments.model, terminal)?;
    checked.refuse_frozen("weights cannot be imported into it")?;
    let names = match &arguments.names {
        Some(path) => NameMap::read(path)?,
        None => NameMap::default(),
    };
    let imported = import_checkpoint(&checked, &arguments.checkpoint, &names, &arguments.output)?;
    for name in &imported.ignored {
        terminal.note(&format!("left out `{name}`: no parameter"));
    }
    terminal.line(format!(
        "{} tensors, {} parameters, in `{}`",
        imported.tensors.len(),
        grouped(checked.model.parameter_count()),
        arguments.output.display()
    ))
}
