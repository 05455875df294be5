//! `termc export`: a model's weights under the names of the published PyTorch code, the inverse of `termc import`.

use std::path::PathBuf;

use clap::Args;
use termc_runtime::model::export_checkpoint;

use crate::cli::ModelArgs;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::{model, output};

/// Arguments of `termc export`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// The weights [default: those of the RUN folder or weight file given as MODEL]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// The .safetensors file to write
    #[arg(short, long, value_name = "FILE", value_parser = output::file())]
    output: PathBuf,
}

/// Converts the weights; every parameter without a published name is listed and nothing is written then.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let checked = model::load(&arguments.model, terminal)?;
    output::require(&arguments.output, &[&checked], arguments.weights.as_slice())?;
    checked.refuse_frozen("its parameters have no published names")?;
    let weights = model::weights(&checked, arguments.weights.as_deref(), terminal)?;
    let count = export_checkpoint(&checked, &weights, &arguments.output)?;
    terminal.line(format!(
        "{count} tensors in `{}`",
        arguments.output.display()
    ))
}
