//! `termc export`: a model's weights under the names of the published PyTorch code, the inverse of `termc import`.

use std::path::PathBuf;

use clap::Args;
use termc_runtime::import::export;
use termc_runtime::tensors::TensorFile;
use termc_runtime::{Error, params, weights};

use crate::cli::ModelArgs;
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc export`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// The weights [default: those of the RUN folder or weight file given as MODEL]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// The .safetensors file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Converts the weights; every parameter without a published name is listed and nothing is written then.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = model::load(&arguments.model, terminal)?;
    model::refuse_frozen(&loaded, "its parameters have no published names")?;
    let path = model::weights_path(arguments.weights.as_deref(), &loaded.text)?;
    let tensors = weights::read(&path)?.tensors;
    params::check(&loaded.model, &tensors).map_err(Error::from)?;
    let tensors = export(&loaded.model, &tensors).map_err(|error| {
        Failure::input(error).help(
            "only models of the published layout have a place there, such as those in `examples/`",
        )
    })?;
    let count = tensors.len();
    // What PyTorch's own tools write there.
    let metadata = [("format".to_owned(), "pt".to_owned())].into();
    TensorFile { tensors, metadata }.write(&arguments.output)?;
    terminal.line(format!(
        "{count} tensors in `{}`",
        arguments.output.display()
    ))
}
