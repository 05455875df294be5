//! `termc emit`: a model as source code of its own.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use termc_compiler::emit::{self, EmitOptions};
use termc_runtime::tensors::write_atomic;

use crate::cli::ModelArgs;
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc emit`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// What the source is written for
    #[arg(long, value_enum, default_value_t, value_name = "TARGET")]
    target: Target,

    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Target {
    /// Rust, needing only the crate `burn`
    #[default]
    Burn,
    /// Python, needing only `torch` and `safetensors`
    Pytorch,
}

/// Writes the source.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = model::load(&arguments.model, terminal)?;
    let options = EmitOptions {
        sources: &loaded.compiled.sources,
    };
    let emitted = match arguments.target {
        Target::Burn => emit::rust(&loaded.model, &options),
        Target::Pytorch => emit::pytorch(&loaded.model, &options),
    };
    match &arguments.output {
        Some(path) => Ok(write_atomic(path, emitted.source.as_bytes())?),
        None => terminal.print(&emitted.source),
    }
}
