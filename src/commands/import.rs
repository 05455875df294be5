//! `termc import`: weights of a published PyTorch checkpoint under the model's parameter paths.

use std::path::PathBuf;

use clap::Args;
use termc_compiler::summary::grouped;
use termc_runtime::import::{Imported, MOST_NAMES, NameMap};
use termc_runtime::model::import_checkpoint;

use crate::cli::ModelArgs;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::{model, output};

/// Arguments of `termc import`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A checkpoint of PyTorch (`.pt`, `.pth`, `.ckpt`, of any version from 0.1.10) or a safetensors file
    #[arg(value_name = "CKPT")]
    checkpoint: PathBuf,

    #[command(flatten)]
    model: ModelArgs,

    /// A JSON object from the checkpoint's names to the model's, for names termc does not know
    #[arg(long, value_name = "MAP")]
    names: Option<PathBuf>,

    /// Which weights, where a checkpoint holds several, such as `ema` [default: those that were trained]
    #[arg(long, value_name = "NAME")]
    take: Option<String>,

    /// The weight file to write
    #[arg(short, long, value_name = "FILE", value_parser = output::file())]
    output: PathBuf,
}

/// Converts the weights; every name that does not match is listed and nothing is written then.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let checked = model::load(&arguments.model, terminal)?;
    checked.refuse_frozen("weights cannot be imported into it")?;
    let mut reads = vec![arguments.checkpoint.clone()];
    reads.extend(arguments.names.clone());
    output::require(&arguments.output, &[&checked], &reads)?;
    let names = match &arguments.names {
        Some(path) => NameMap::read(path)?,
        None => NameMap::default(),
    };
    let imported = import_checkpoint(
        &checked,
        &arguments.checkpoint,
        &names,
        arguments.take.as_deref(),
        &arguments.output,
    )?;
    tell(&imported, terminal);
    terminal.line(format!(
        "{} tensors, {} parameters, in `{}`",
        imported.tensors.len(),
        grouped(checked.model.parameter_count()),
        arguments.output.display()
    ))
}

/// What was taken and what was left.
fn tell(imported: &Imported, terminal: &Terminal) {
    if let Some(class) = &imported.module {
        terminal.note(&format!(
            "it holds a whole object of class `{class}`: its parameters were read, and nothing of it was run"
        ));
    }
    if let Some(taken) = &imported.taken {
        let others = match taken.others.as_slice() {
            [] => String::new(),
            others => format!("; there is also {} (`--take NAME`)", others.join(", ")),
        };
        terminal.note(&format!("took {}{others}", taken.told()));
    }
    let names = imported.ignored.iter().take(MOST_NAMES);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    match imported.ignored.len() {
        0 => {}
        count if count > names.len() => terminal.note(&format!(
            "left out {} and {} more: no parameters",
            names.join(", "),
            count - names.len()
        )),
        1 => terminal.note(&format!("left out {}: no parameter", names.join(", "))),
        _ => terminal.note(&format!("left out {}: no parameters", names.join(", "))),
    }
}
