//! What a sweep prints and writes when it ends: the table for people and programs, the page, and what failed.

use std::path::Path;

use termc_compiler::summary::grouped;
use termc_runtime::sweep::{Ledger, Mean, Objective, Row, page};
use termc_runtime::tensors::write_atomic;

use super::Arguments;
use crate::cli::Format;
use crate::columns::Columns;
use crate::failure::Failure;
use crate::terminal::{Accent, Terminal};

/// Prints the table, and writes it and the page into the folder.
pub fn report(
    arguments: &Arguments,
    ledger: &Ledger,
    found: &[Row<'_>],
    dir: &Path,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let objective = arguments.objective;
    let title = format!(
        "{} models of {}",
        found.len(),
        arguments.model.file_name().unwrap_or_default().display()
    );
    let written = format!("termc {}", env!("CARGO_PKG_VERSION"));
    let html = page(&title, ledger, found, objective, &written);
    write_atomic(&dir.join("sweep.html"), html.as_bytes())?;
    let json = serde_json::Value::Array(found.iter().map(|row| object(row, objective)).collect());
    write_atomic(&dir.join("table.json"), format!("{json}\n").as_bytes())?;
    match arguments.format {
        Format::Json => terminal.line(json.to_string())?,
        Format::Human => terminal.print(&table(found, objective, terminal))?,
    }
    for (folder, failure) in &ledger.failures {
        if ledger.has_failed(folder) {
            terminal.warn(&format!(
                "{folder} failed {} times: {}",
                failure.attempts, failure.message
            ));
        }
    }
    match arguments.format {
        Format::Json => Ok(()),
        Format::Human => terminal.line(dir.join("sweep.html").display().to_string()),
    }
}

/// A row for programs. Times differ from run to run and are on the page alone.
fn object(row: &Row<'_>, objective: Objective) -> serde_json::Value {
    serde_json::json!({
        "model": row.member.name,
        "parameters": row.member.parameters,
        "multiply_adds": row.member.multiply_adds,
        "objective": objective.to_string(),
        "value": row.objective,
        "test_accuracy": row.test,
        "standard_errors_from_first": row.standard_errors,
        "left_out_after_epoch": row.left_out,
        "failed": row.failed,
    })
}

/// Aligned columns, the best marked.
fn table(found: &[Row<'_>], objective: Objective, terminal: &Terminal) -> String {
    let objective_name = objective.to_string();
    let heading = [
        "model",
        "parameters",
        "multiply-adds",
        &objective_name,
        "test accuracy",
        "from the first",
    ]
    .map(str::to_owned);
    let cell = |mean: Option<Mean>| mean.map_or_else(|| "-".into(), |mean| mean.to_string());
    let cells = |row: &Row<'_>| {
        let errors = row.standard_errors;
        [
            row.member.name.clone(),
            grouped(row.member.parameters),
            grouped(row.member.multiply_adds),
            cell(row.objective),
            match row.left_out {
                Some(epoch) => format!("left out after epoch {epoch}"),
                None => cell(row.test),
            },
            errors.map_or_else(String::new, |errors| format!("{errors:+.1} s.e.")),
        ]
    };
    let lines: Vec<[String; 6]> = found.iter().map(cells).collect();
    let columns = Columns::of(
        std::iter::once(&heading)
            .chain(&lines)
            .map(<[_; 6]>::as_slice),
    );
    let rank = |row: &Row<'_>| row.objective.map(|mean| objective.rank(mean.mean));
    let ended = found.iter().filter(|row| row.left_out.is_none());
    let best = ended.filter_map(rank).reduce(f64::max);
    let mut out = terminal.accent(Accent::Dim, &columns.line(&heading)) + "\n";
    for (row, line) in found.iter().zip(&lines) {
        let line = columns.line(line);
        out += &match best.is_some() && row.left_out.is_none() && rank(row) == best {
            true => terminal.accent(Accent::Bold, &line) + "  best",
            false => line,
        };
        out.push('\n');
    }
    out
}
