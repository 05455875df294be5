//! `termc import`: weights of a published PyTorch checkpoint under the model's parameter paths.

use std::path::PathBuf;

use clap::Args;
use termc_compiler::summary::grouped;
use termc_runtime::device::Cpu;
use termc_runtime::import::{NameMap, import, read};
use termc_runtime::params::Params;
use termc_runtime::{Error, weights};

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
    let loaded = model::load(&arguments.model, terminal)?;
    model::refuse_frozen(&loaded, "weights cannot be imported into it")?;
    let map = match &arguments.names {
        Some(path) => NameMap::read(path)?,
        None => NameMap::default(),
    };
    let foreign = read(&arguments.checkpoint)?;
    let imported = import(&loaded.model, foreign, &map).map_err(|error| {
        Failure::input(error).help(
            "choose the model and variant the checkpoint was trained with, or give `--names` a JSON object such as \
             {\"their.name\": \"our.name\"}",
        )
    })?;
    let count = imported.tensors.len();
    let params = Params::<Cpu>::from_tensors(&loaded.model, &imported.tensors, &Default::default())
        .map_err(Error::from)?;
    weights::write(&arguments.output, &loaded.model, &params)?;
    for name in &imported.ignored {
        terminal.note(&format!("left out `{name}`: no parameter"));
    }
    terminal.line(format!(
        "{count} tensors, {} parameters, in `{}`",
        grouped(loaded.model.parameter_count()),
        arguments.output.display()
    ))
}
