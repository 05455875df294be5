//! What a sweep prints and writes when it ends: the table for people and programs, the page, and what failed.

use std::path::Path;

use termc_compiler::summary::grouped;
use termc_runtime::sweep::{Ledger, Mean, Objective, Row, page};
use termc_runtime::tensors::write_atomic;

use super::Arguments;
use crate::cli::Format;
use crate::failure::Failure;
use crate::terminal::{Accent, Terminal};

/// Prints the table, and writes it and the page into the folder.
pub fn tell(
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
    for (folder, trouble) in &ledger.troubles {
        if ledger.is_left(folder) {
            terminal.warn(&format!(
                "left after {} attempts: {folder}: {}",
                trouble.attempts, trouble.message
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
        "standard_errors_from_first": row.apart,
        "failed": row.left,
    })
}

/// Aligned columns, the best marked.
fn table(found: &[Row<'_>], objective: Objective, terminal: &Terminal) -> String {
    let cell = |mean: &Option<Mean>| match mean {
        Some(Mean {
            mean,
            deviation: Some(deviation),
            count,
        }) => format!("{mean:.4} ± {deviation:.4} ({count})"),
        Some(Mean { mean, .. }) => format!("{mean:.4}"),
        None => "-".into(),
    };
    let heading = [
        "model",
        "parameters",
        "multiply-adds",
        &objective.to_string(),
        "test accuracy",
        "from the first",
    ]
    .map(str::to_owned);
    let lines: Vec<[String; 6]> = found
        .iter()
        .map(|row| {
            let apart = row
                .apart
                .map_or_else(String::new, |apart| format!("{apart:+.1} s.e."));
            [
                row.member.name.clone(),
                grouped(row.member.parameters),
                grouped(row.member.multiply_adds),
                cell(&row.objective),
                cell(&row.test),
                apart,
            ]
        })
        .collect();
    let value = |row: &Row<'_>| {
        let sign = if objective.is_accuracy() { 1.0 } else { -1.0 };
        row.objective.map(|mean| sign * mean.mean)
    };
    let best = found
        .iter()
        .filter_map(value)
        .fold(f64::NEG_INFINITY, f64::max);
    let mut widths = [0; 6];
    for line in std::iter::once(&heading).chain(&lines) {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let text = |line: &[String; 6]| {
        let cells = line.iter().zip(widths).enumerate();
        let cells: Vec<String> = cells
            .map(|(i, (cell, width))| match i {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        cells.join("  ")
    };
    let mut out = terminal.accent(Accent::Dim, text(&heading).trim_end()) + "\n";
    for (row, line) in found.iter().zip(&lines) {
        let line = text(line);
        out += &match value(row) == Some(best) {
            true => terminal.accent(Accent::Bold, line.trim_end()) + "  best",
            false => line.trim_end().to_owned(),
        };
        out.push('\n');
    }
    out
}
