//! `termc check`: everything that is wrong with a model, or its size if nothing is.

use clap::{Args, ValueEnum};
use serde_json::json;
use termc_compiler::compile_all;
use termc_compiler::cost;
use termc_compiler::diagnostics::json as findings;
use termc_compiler::model::Model;
use termc_compiler::summary::grouped;

use crate::cli::{Format, ModelArgs};
use crate::failure::Failure;
use crate::model;
use crate::terminal::{Accent, Terminal};

/// Arguments of `termc check`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// How findings are written: for people on standard error, or as one JSON object on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    /// Fail on these findings, too
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Deny {
    Warnings,
}

/// Checks all models, variants and members of families, or the chosen one; of a file that has none, its blocks.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let text = model::read(&arguments.model.model)?;
    let options = model::options(&arguments.model.changes);
    let compiled = compile_all(&text.name, &text.text, &options, &text.files());
    let warnings = compiled
        .diagnostics
        .iter()
        .filter(|d| !d.is_error())
        .count();
    let denied = arguments.deny.is_some() && warnings > 0;
    match arguments.format {
        Format::Human => {
            model::show(&compiled, &compiled.diagnostics, terminal);
            match &compiled.model {
                Some(model) => terminal.line(line(model, terminal))?,
                None if !compiled.has_errors() => terminal.line(no_model(compiled.blocks))?,
                None => {}
            }
        }
        Format::Json => {
            let object = json!({
                "ok": !compiled.has_errors() && !denied,
                "model": compiled.model.as_ref().map(figures),
                "diagnostics": findings(&compiled.sources, &compiled.diagnostics),
            });
            terminal.line(object.to_string())?;
        }
    }
    if compiled.has_errors() {
        return Err(Failure::reported());
    }
    // The process ends here: giving a large model back piece by piece would only take time.
    std::mem::forget(compiled.model);
    match warnings {
        _ if !denied => Ok(()),
        1 => Err(Failure::input("1 warning, and warnings are denied")),
        n => Err(Failure::input(format!(
            "{n} warnings, and warnings are denied"
        ))),
    }
}

/// Calls of the file's own blocks; those of the prelude would count every part of them.
fn blocks(model: &Model) -> usize {
    let calls = model.instances.iter();
    calls.filter(|i| i.parent.is_some() && !i.prelude).count()
}

/// What is said of a sound file that only others use.
fn no_model(blocks: usize) -> String {
    let sound = match blocks {
        0 => "nothing is wrong".to_owned(),
        1 => "nothing is wrong with its block by itself".to_owned(),
        n => format!("nothing is wrong with its {n} blocks by themselves"),
    };
    format!("{sound}; the file defines no model")
}

fn line(model: &Model, terminal: &Terminal) -> String {
    let cost = cost::total(model);
    format!(
        "{}: {} blocks, {} parameters, {} FLOPs per image and {} per pass",
        terminal.accent(Accent::Bold, &model.name),
        blocks(model),
        grouped(model.parameter_count()),
        grouped(cost.flops),
        grouped(cost.fixed_flops),
    )
}

fn figures(model: &Model) -> serde_json::Value {
    json!({
        "name": model.name,
        "blocks": blocks(model),
        "parameters": model.parameter_count(),
        "cost": cost::total(model),
    })
}
