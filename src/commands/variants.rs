//! `termc variants`: the models, variants and members of families of a file with their size and cost, which of them are the
//! same, and of rejected ones the reason.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use termc_compiler::summary::grouped;
use termc_compiler::{Options, cost, model_names, structure};

use crate::columns::Columns;
use crate::failure::Failure;
use crate::model;
use crate::terminal::{Accent, Terminal};

/// Arguments of `termc variants`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A .term file, a RUN folder, a weight file, or `-`
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

/// Aligned columns under a heading.
fn table(lines: &[Line], terminal: &Terminal) -> String {
    let cells = |line: &Line| -> Vec<String> {
        let figures = line.outcome.as_ref().ok().map(|figures| &figures.cells);
        let figures = figures.into_iter().flatten().cloned();
        std::iter::once(line.name.clone()).chain(figures).collect()
    };
    let heading: Vec<String> = std::iter::once("model")
        .chain(COLUMNS)
        .map(str::to_owned)
        .collect();
    let rows: Vec<Vec<String>> = lines.iter().map(cells).collect();
    let columns = Columns::of(std::iter::once(&heading).chain(&rows).map(Vec::as_slice));
    let mut out = terminal.accent(Accent::Dim, &columns.line(&heading)) + "\n";
    for (line, row) in lines.iter().zip(&rows) {
        out += &match &line.outcome {
            Ok(figures) => {
                let same = figures.same_as.as_ref();
                let same = same.map_or_else(String::new, |first| format!("  the same as {first}"));
                columns.line(row) + &same
            }
            Err(reason) => format!("{}  rejected: {reason}", columns.first(&line.name)),
        };
        out.push('\n');
    }
    out
}
