//! `termc summary`: every node of a model with its shape, parameters and cost.

use clap::{Args, ValueEnum};
use termc_compiler::summary::summary;

use crate::cli::ModelArgs;
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc summary`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// Images per batch that bytes are given for [default: the model's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,

    /// For people or for programs
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
}

/// Prints the summary.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = model::load(&arguments.model, terminal)?;
    let batch = arguments
        .batch
        .map_or(loaded.model.train.batch, |n| n as usize);
    let summary = summary(&loaded.model, batch);
    match arguments.format {
        Format::Table => terminal.print(&summary.table()),
        Format::Json => {
            let text = serde_json::to_string(&summary).map_err(Failure::machine)?;
            terminal.line(text)
        }
    }
}
