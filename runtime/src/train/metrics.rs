//! The record of a training: one object per row in `metrics.jsonl`, the same rows in `metrics.csv` and as TensorBoard
//! events. Knows nothing of how the numbers come about.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use termc_compiler::model::Graph;

use super::tensorboard;
use crate::Error;
use crate::objective::TermValues;
use crate::tensors::write_atomic;

/// The rows for spreadsheets.
pub(super) const TABLE: &str = "metrics.csv";

/// What a row sums up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Span {
    /// The steps since the last such row.
    Step,
    /// A whole epoch, or a whole part of the data.
    Epoch,
}

/// Which part of the data was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Seen by the optimizer.
    Train,
    /// Chooses the best epoch.
    Val,
    /// Looked at once, at the end.
    Test,
}

impl Split {
    /// `train`, `val` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }
}

/// One line of the record. Numbers that are not finite are left out, as JSON has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What it sums up.
    pub span: Span,
    /// Part of the data.
    pub split: Split,
    /// Counted from 1.
    pub epoch: usize,
    /// Optimizer steps done.
    pub step: usize,
    /// Sum of the terms.
    pub loss: Option<f64>,
    /// Fraction whose most probable class is the right one.
    pub top1: Option<f64>,
    /// Fraction whose five most probable classes hold the right one.
    pub top5: Option<f64>,
    /// Learning rate of the last step.
    pub lr: Option<f64>,
    /// Throughput.
    pub images_per_second: Option<f64>,
    /// Fraction of the time in which the device waited for images.
    pub loading: Option<f64>,
    /// Since the training began, pauses left out.
    pub seconds: f64,
    /// The loss terms, each by its path `loss.NAME`; null where one is not finite.
    #[serde(flatten)]
    pub terms: BTreeMap<String, Option<f64>>,
}

impl Row {
    /// A row with its loss terms and nothing else.
    pub fn new(span: Span, split: Split, epoch: usize, step: usize, terms: &TermValues) -> Self {
        let finite = |value: f64| Some(value).filter(|v| v.is_finite());
        Self {
            span,
            split,
            epoch,
            step,
            loss: finite(terms.total),
            top1: None,
            top5: None,
            lr: None,
            images_per_second: None,
            loading: None,
            seconds: 0.0,
            terms: (terms.terms.iter())
                .map(|term| (path(&term.name), finite(term.value)))
                .collect(),
        }
    }

    /// A loss term by its name.
    pub fn term(&self, name: &str) -> Option<f64> {
        self.terms.get(&path(name)).copied().flatten()
    }
}

/// The path of a loss term.
fn path(name: &str) -> String {
    format!("loss.{name}")
}

/// `terms` are the paths of the loss terms.
fn csv_header(terms: &[String]) -> String {
    let terms: String = terms.iter().map(|path| format!("{path},")).collect();
    format!("span,split,epoch,step,loss,{terms}top1,top5,lr,images_per_second,loading,seconds\n")
}

fn csv_line(row: &Row, terms: &[String]) -> String {
    let span = match row.span {
        Span::Step => "step",
        Span::Epoch => "epoch",
    };
    let head = format!("{span},{},{},{}", row.split.name(), row.epoch, row.step);
    let terms = terms
        .iter()
        .map(|path| row.terms.get(path).copied().flatten());
    let others = [
        row.top1,
        row.top5,
        row.lr,
        row.images_per_second,
        row.loading,
        Some(row.seconds),
    ];
    let numbers = [row.loss].into_iter().chain(terms).chain(others);
    let cells = numbers.map(|n| n.map(|v| v.to_string()).unwrap_or_default());
    format!("{head},{}\n", cells.collect::<Vec<_>>().join(","))
}

/// The open files. Rows are appended; a resumed training first drops those its checkpoint does not know.
#[derive(Debug)]
pub struct Log {
    jsonl: (PathBuf, File),
    csv: (PathBuf, File),
    events: (PathBuf, File),
    rows: usize,
    /// The paths of the loss terms.
    terms: Vec<String>,
}

impl Log {
    /// Opens the record of a training of `model` in a RUN folder and keeps its first `rows` rows.
    ///
    /// # Errors
    /// If the files cannot be read or written, or hold fewer rows.
    pub fn open(folder: &Path, model: &Graph, rows: usize) -> Result<Self, Error> {
        Self::of_terms(
            folder,
            model.loss.iter().map(|term| path(&term.name)).collect(),
            rows,
        )
    }

    fn of_terms(folder: &Path, terms: Vec<String>, rows: usize) -> Result<Self, Error> {
        let jsonl = folder.join("metrics.jsonl");
        let csv = folder.join(TABLE);
        keep_lines(&jsonl, rows)?;
        // The table is made of the rows again: a spreadsheet may have written another one in its place.
        let lines = read(folder)?;
        let lines = lines.iter().map(|row| csv_line(row, &terms));
        let table = std::iter::once(csv_header(&terms)).chain(lines);
        write_atomic(&csv, table.collect::<String>().as_bytes())?;
        let events = folder.join(tensorboard::FILE);
        tensorboard::keep(&events, rows, now())?;
        Ok(Self {
            jsonl: (jsonl.clone(), append(&jsonl)?),
            csv: (csv.clone(), append(&csv)?),
            events: (events.clone(), append(&events)?),
            rows,
            terms,
        })
    }

    /// Rows so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Appends a row.
    ///
    /// # Errors
    /// If the disk refuses it.
    pub fn append(&mut self, row: &Row) -> Result<(), Error> {
        let json = serde_json::to_string(row).map_err(|e| Error::Input(e.to_string()))?;
        write(&mut self.jsonl, format!("{json}\n").as_bytes())?;
        write(&mut self.csv, csv_line(row, &self.terms).as_bytes())?;
        write(&mut self.events, &tensorboard::event(row, now()))?;
        self.rows += 1;
        Ok(())
    }

    /// Waits until all rows are on the disk.
    ///
    /// # Errors
    /// If the disk refuses it.
    pub fn sync(&self) -> Result<(), Error> {
        for (path, file) in [&self.jsonl, &self.csv, &self.events] {
            file.sync_data().map_err(Error::file("write", path))?;
        }
        Ok(())
    }
}

/// Reads all rows of a RUN folder's record.
///
/// # Errors
/// If the file cannot be read or a line is not a row.
pub fn read(folder: &Path) -> Result<Vec<Row>, Error> {
    let path = folder.join("metrics.jsonl");
    let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    let row = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|e| Error::Content {
            path: path.clone(),
            problem: format!("has no row in line {}: {e}", number + 1),
        })
    };
    // A line without its end was being written when the training died.
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let text = text.get(..whole).unwrap_or_default();
    text.lines().enumerate().map(row).collect()
}

/// Seconds since 1970; only shown, never computed with.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

fn write((path, file): &mut (PathBuf, File), bytes: &[u8]) -> Result<(), Error> {
    file.write_all(bytes).map_err(Error::file("write", path))
}

fn append(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options
        .append(true)
        .open(path)
        .map_err(Error::file("write", path))
}

/// Makes a file consist of its first `lines` lines.
fn keep_lines(path: &Path, lines: usize) -> Result<(), Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(Error::file("read", path)(e)),
    };
    let kept: Vec<&str> = text.split_inclusive('\n').take(lines).collect();
    if kept.len() < lines || kept.last().is_some_and(|line| !line.ends_with('\n')) {
        return Err(Error::Content {
            path: path.to_owned(),
            problem: format!("has fewer than the {lines} rows its checkpoint counts"),
        });
    }
    write_atomic(path, kept.concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::TermValue;

    fn row(step: usize) -> Row {
        let term = |name: &str, value| TermValue {
            name: name.into(),
            classifies: false,
            value,
        };
        let terms = TermValues {
            total: 1.5 + step as f64,
            terms: vec![term("main", 1.5), term("slow_neural", f64::NAN)],
        };
        Row::new(Span::Step, Split::Train, 1, step, &terms)
    }

    fn open(folder: &Path, rows: usize) -> Result<Log, Error> {
        let terms = ["loss.main", "loss.slow_neural"].map(str::to_owned);
        Log::of_terms(folder, terms.into(), rows)
    }

    #[test]
    fn resuming_drops_later_rows_and_repeats_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = open(folder.path(), 0).unwrap();
        (1..=3).for_each(|step| log.append(&row(step)).unwrap());
        drop(log);
        let jsonl = folder.path().join("metrics.jsonl");
        let mut torn = std::fs::read_to_string(&jsonl).unwrap();
        torn.push_str("{\"span\":");
        std::fs::write(&jsonl, torn).unwrap();
        assert_eq!(read(folder.path()).unwrap().len(), 3);

        // A spreadsheet wrote it its own way, or somebody took it away.
        std::fs::write(folder.path().join("metrics.csv"), "span;split\r\n").unwrap();
        let mut log = open(folder.path(), 2).unwrap();
        assert_eq!(log.rows(), 2);
        log.append(&row(3)).unwrap();
        log.sync().unwrap();
        let rows = read(folder.path()).unwrap();
        assert_eq!(rows, (1..=3).map(row).collect::<Vec<_>>());
        assert_eq!(rows[0].term("main"), Some(1.5));
        assert_eq!(rows[0].term("slow_neural"), None);
        let csv = std::fs::read_to_string(folder.path().join("metrics.csv")).unwrap();
        assert_eq!(csv.lines().count(), 4);
        assert!(csv.starts_with("span,split,epoch,step,loss,loss.main,loss.slow_neural,top1,"));
    }

    #[test]
    fn a_shortened_record_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        drop(open(folder.path(), 0).unwrap());
        let error = open(folder.path(), 1).unwrap_err();
        assert!(
            error.to_string().contains("fewer than the 1 rows"),
            "{error}"
        );
    }
}
