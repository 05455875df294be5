//! How `termc predict` writes an image's answer. Computes nothing.

use std::path::{Path, PathBuf};

use serde_json::json;
use termc_compiler::summary::csv;
use termc_runtime::model::Prediction;

use super::Format;
use crate::failure::Failure;
use crate::terminal::{Accent, Terminal};

/// Writes answers one after the other.
pub struct Writer<'a> {
    format: Format,
    top: usize,
    /// Of the longest path.
    width: usize,
    terminal: &'a Terminal,
}

impl<'a> Writer<'a> {
    /// For these files; of each the `top` most probable classes, of which there are so many. Writes the heading, if there is one.
    pub fn begin(
        format: Format,
        top: usize,
        files: &[PathBuf],
        terminal: &'a Terminal,
    ) -> Result<Self, Failure> {
        let width = files
            .iter()
            .map(|file| file.display().to_string().chars().count());
        if let Format::Csv = format {
            let names = (1..=top).flat_map(|i| [format!("class_{i}"), format!("probability_{i}")]);
            let names: Vec<String> = std::iter::once("image".to_owned()).chain(names).collect();
            terminal.print(&csv::line(names.iter().map(String::as_str)))?;
        }
        Ok(Self {
            format,
            top,
            width: width.max().unwrap_or(0),
            terminal,
        })
    }

    /// Writes an image's answer.
    pub fn write(&mut self, file: &Path, prediction: &Prediction) -> Result<(), Failure> {
        let ranked = prediction.ranked();
        let top: Vec<(&str, f64)> = (ranked.iter().take(self.top))
            .map(|(_, class, probability)| (*class, *probability))
            .collect();
        let path = file.display().to_string();
        match self.format {
            Format::Table => {
                let widths = ranked.iter().map(|(_, class, _)| class.chars().count());
                let width = widths.max().unwrap_or(0);
                let answers = top
                    .iter()
                    .map(|(class, p)| format!("  {class:<width$} {:>6.2} %", 100.0 * p));
                let answers: String = answers.collect();
                let padded = format!("{path:<width$}", width = self.width);
                self.terminal
                    .line(self.terminal.accent(Accent::Bold, &padded) + &answers)
            }
            Format::Csv => {
                let answers = top
                    .iter()
                    .flat_map(|(class, p)| [(*class).to_owned(), p.to_string()]);
                let fields: Vec<String> = std::iter::once(path).chain(answers).collect();
                self.terminal
                    .print(&csv::line(fields.iter().map(String::as_str)))
            }
            Format::Jsonl => {
                let answers = top
                    .iter()
                    .map(|(class, p)| json!({"class": class, "probability": p}));
                let answers: Vec<_> = answers.collect();
                self.terminal
                    .line(json!({"image": path, "classes": answers}).to_string())
            }
        }
    }
}
