//! `termc variants`: the variants of a file with their size and cost; rejected ones with the reason.

use std::path::PathBuf;

use clap::Args;
use termc_compiler::summary::grouped;
use termc_compiler::{Options, compile, cost, variant_names};

use crate::failure::Failure;
use crate::model;
use crate::terminal::{Accent, Terminal};

/// Arguments of `termc variants`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A .term file or `-`
    #[arg(value_name = "MODEL")]
    model: PathBuf,
}

/// One line: the name, and its figures or why it is rejected.
struct Line(String, Result<[String; 3], String>);

/// Prints one line per variant, the model itself first.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let text = model::read(&arguments.model)?;
    let variants = variant_names(&text.text).into_iter().map(Some);
    let mut lines = Vec::new();
    for variant in std::iter::once(None).chain(variants) {
        let options = Options {
            variant: variant.clone(),
            ..Options::default()
        };
        let compiled = compile(&text.name, &text.text, &options);
        lines.push(match (&compiled.model, variant) {
            (Some(model), variant) => {
                let cost = cost::total(model);
                let figures = [model.parameter_count(), cost.flops, cost.fixed_flops];
                let name = variant.unwrap_or_else(|| model.name.clone());
                Line(name, Ok(figures.map(grouped)))
            }
            (None, None) => {
                model::show(&compiled, &compiled.diagnostics, terminal);
                return Err(Failure::reported());
            }
            (None, Some(name)) => {
                let error = compiled.diagnostics.iter().find(|d| d.is_error());
                let reason = error.map(|d| format!("{} {}", d.code.name(), d.message));
                Line(name, Err(reason.unwrap_or_default()))
            }
        });
    }
    terminal.print(&table(&lines, terminal))?;
    if lines.iter().any(|line| line.1.is_err()) {
        return Err(Failure::input("some variants are rejected")
            .help("`termc check --variant NAME` shows where and why"));
    }
    Ok(())
}

/// Aligned columns under a heading, names to the left and figures to the right.
fn table(lines: &[Line], terminal: &Terminal) -> String {
    let heading = ["parameters", "FLOPs per image", "FLOPs per pass"].map(str::to_owned);
    let figures = lines.iter().filter_map(|line| line.1.as_ref().ok());
    let mut widths = [0; 3];
    for row in std::iter::once(&heading).chain(figures) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let names = lines.iter().map(|line| line.0.chars().count());
    let names = names.max().unwrap_or(0).max("variant".len());
    let row = |name: &str, cells: &[String; 3]| {
        let cells = cells.iter().zip(widths);
        let cells: String = cells
            .map(|(cell, width)| format!("  {cell:>width$}"))
            .collect();
        format!("{name:<names$}{cells}")
    };
    let mut out = terminal.accent(Accent::Dim, &row("variant", &heading)) + "\n";
    for Line(name, figures) in lines {
        out += &match figures {
            Ok(figures) => row(name, figures),
            Err(reason) => format!("{name:<names$}  rejected: {reason}"),
        };
        out.push('\n');
    }
    out
}
