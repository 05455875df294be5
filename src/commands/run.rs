//! `termc run`: a model on tensors from a file, with loss, gradients and inner values where asked for.

use std::path::PathBuf;

use clap::Args;
use termc_runtime::Model;
use termc_runtime::model::{RunInput, RunOptions};

use crate::cli::{ComputeArgs, ModelArgs};
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::{model, output};

/// Arguments of `termc run`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// The weights [default: those of the RUN folder or weight file given as MODEL]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// A .safetensors file with `input`, `[N, C, H, W]`, and for the loss `labels`, `[N]`
    #[arg(long, value_name = "FILE")]
    input: PathBuf,

    /// The .safetensors file to write: `logits`, with labels `loss.*`
    #[arg(long, value_name = "FILE", value_parser = output::file())]
    output: PathBuf,

    /// Also write the gradient of the total loss, `grad.PARAMETER`; needs labels
    #[arg(long)]
    gradients: bool,

    /// Also write the value of every named node, `node.NAME`
    #[arg(long)]
    trace: bool,

    #[command(flatten)]
    compute: ComputeArgs,
}

/// Runs the model.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let checked = model::load(&arguments.model, terminal)?;
    let mut reads = vec![arguments.input.clone()];
    reads.extend(arguments.weights.clone());
    output::require(&arguments.output, &[&checked], &reads)?;
    let weights = model::weights(&checked, arguments.weights.as_deref(), terminal)?;
    if arguments.gradients {
        checked.refuse_frozen("it has no gradients")?;
    }
    let compute = arguments.compute.select(terminal)?;
    let input = RunInput::read(&arguments.input, &checked.model)?;
    let options = RunOptions {
        gradients: arguments.gradients,
        trace: arguments.trace,
    };
    let model = Model::new(checked, &weights.tensors, compute)?;
    let names = model.run_to_file(&input, options, &arguments.output)?;
    terminal.note(&format!(
        "{} tensors in `{}`: {}",
        names.len(),
        arguments.output.display(),
        shortened(&names)
    ));
    Ok(())
}

/// The last names.
fn shortened(names: &[String]) -> String {
    let shown = names.len().min(6);
    let dots = if shown < names.len() { "..., " } else { "" };
    let last = names.get(names.len() - shown..).unwrap_or_default();
    format!("{dots}{}", last.join(", "))
}
