//! `termc variants`: the models, variants and members of families of a file with their size and cost, which of them are the
//! same, and of rejected ones the reason.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use termc_compiler::summary::grouped;
use termc_compiler::{Options, cost, model_names, structure};

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
struct Line {
    name: String,
    outcome: Result<Figures, String>,
}

struct Figures {
    cells: [String; COLUMNS.len()],
    /// The first model above that is the same.
    same_as: Option<String>,
}

const COLUMNS: [&str; 4] = [
    "parameters",
    "multiply-adds per image",
    "FLOPs per image",
    "FLOPs per pass",
];

/// Prints one line per model in the order of the file.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let source = model::read(&arguments.model)?;
    let names = model_names(&source.text);
    if names.is_empty() {
        // Says what is wrong with the file.
        let compiled = source.compile(&Options::default())?;
        model::show(&compiled, &compiled.diagnostics, terminal);
        return Err(Failure::reported());
    }
    let mut lines: Vec<Line> = vec![];
    let mut known: HashMap<u64, String> = HashMap::new();
    for name in names {
        let options = Options {
            model: Some(name.clone()),
            ..Options::default()
        };
        let compiled = source.compile(&options)?;
        let outcome = match &compiled.model {
            Some(model) => {
                let cost = cost::total(model);
                let figures = [
                    model.parameter_count(),
                    cost.multiply_adds,
                    cost.flops,
                    cost.fixed_flops,
                ];
                let first = known
                    .entry(structure(model))
                    .or_insert_with(|| name.clone());
                Ok(Figures {
                    cells: figures.map(grouped),
                    same_as: Some(first.clone()).filter(|first| *first != name),
                })
            }
            None => {
                let error = compiled.diagnostics.iter().find(|d| d.is_error());
                let reason = error.map(|d| format!("{} {}", d.code.name(), d.message));
                Err(reason.unwrap_or_default())
            }
        };
        lines.push(Line { name, outcome });
    }
    terminal.print(&table(&lines, terminal))?;
    if lines.iter().any(|line| line.outcome.is_err()) {
        return Err(Failure::input("some models are rejected")
            .help("`termc check --model NAME` shows where and why"));
    }
    Ok(())
}

/// Aligned columns under a heading, names to the left and figures to the right.
fn table(lines: &[Line], terminal: &Terminal) -> String {
    let heading = COLUMNS.map(str::to_owned);
    let figures = lines.iter().filter_map(|line| line.outcome.as_ref().ok());
    let mut widths = [0; COLUMNS.len()];
    for row in std::iter::once(&heading).chain(figures.map(|figures| &figures.cells)) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.len().max(*width);
        }
    }
    let names = lines.iter().map(|line| line.name.chars().count());
    let names = names.max().unwrap_or(0).max("model".len());
    let row = |name: &str, cells: &[String; COLUMNS.len()]| {
        let cells = cells.iter().zip(widths);
        let cells: String = cells
            .map(|(cell, width)| format!("  {cell:>width$}"))
            .collect();
        format!("{name:<names$}{cells}")
    };
    let mut out = terminal.accent(Accent::Dim, &row("model", &heading)) + "\n";
    for Line { name, outcome } in lines {
        out += &match outcome {
            Ok(figures) => {
                let same = figures.same_as.as_ref();
                let same = same.map_or_else(String::new, |first| format!("  the same as {first}"));
                row(name, &figures.cells) + &same
            }
            Err(reason) => format!("{name:<names$}  rejected: {reason}"),
        };
        out.push('\n');
    }
    out
}
