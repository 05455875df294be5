//! `termc eval`: a trained model on every image of a part of a data set, once. What is written of each image is
//! `per_image`'s.

mod per_image;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};
use termc_compiler::MAX_BATCH;
use termc_runtime::Model;
use termc_runtime::data::Dataset;
use termc_runtime::model::{Answered, EvaluateOptions, EvaluatedPart};
use termc_runtime::train::scores::Scores;

use self::per_image::PerImage;
use crate::choice::{one_of, up_to};
use crate::cli::{ComputeArgs, DataArgs, Format, ModelArgs};
use crate::failure::Failure;
use crate::terminal::{Accent, Terminal};
use crate::{model, output};

/// Arguments of `termc eval`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// The weights [default: the best of the RUN folder given as MODEL, or the weight file itself]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    #[command(flatten)]
    data: DataArgs,

    /// Images per batch; where the model has statistics over the batch, its answers depend on it
    /// [default: as in training, at least 64]
    #[arg(long, value_name = "N", value_parser = up_to(MAX_BATCH))]
    batch: Option<u32>,

    /// Ask about the test part, what the training held out (`val`), or what it trained on (`train`)
    #[arg(long, value_parser = one_of(EvaluatedPart::ALL), default_value_t, value_name = "PART")]
    part: EvaluatedPart,

    /// Ask about only so many images of the part
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Write the answer for each image to this file: as JSON lines if its name ends in `.jsonl`, else as CSV
    #[arg(long, value_name = "FILE", value_parser = output::file())]
    per_image: Option<PathBuf>,

    /// For people or for programs
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    compute: ComputeArgs,
}

/// Evaluates and prints the account.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let checked = model::load(&arguments.model, terminal)?;
    if let Some(path) = &arguments.per_image {
        output::require(path, &[&checked], arguments.weights.as_slice())?;
    }
    let weights = model::weights(&checked, arguments.weights.as_deref(), terminal)?;
    let settings = checked.settings()?;
    let dataset = model::dataset(&checked, &arguments.data, settings.as_ref(), terminal)?;
    let compute = arguments.compute.select(terminal)?;
    let model = Model::new(checked, &weights.tensors, compute)?;
    let batch = match arguments.batch {
        Some(batch) => batch as usize,
        None => model.evaluation_batch()?,
    };
    let part = arguments.part;
    let options = EvaluateOptions {
        part,
        batch: Some(batch),
        limit: arguments.limit.map(|n| n as usize),
    };
    let watch = |done, total| {
        if terminal.is_live() {
            let end = if done == total { "\r\x1b[K" } else { "" };
            terminal.message(&format!("\r\x1b[K{done} of {total} images{end}"));
        }
    };
    let images = match part {
        EvaluatedPart::Test => &dataset.test,
        EvaluatedPart::Val => dataset.validation.as_ref().unwrap_or(&dataset.train),
        EvaluatedPart::Train => &dataset.train,
    };
    let mut rows = arguments
        .per_image
        .as_deref()
        .map(|path| PerImage::new(path, &dataset.classes, images));
    let each = |answered: Answered<'_>| {
        if let Some(rows) = &mut rows {
            rows.add(answered);
        }
    };
    let scores = model.evaluate_each(&dataset, options, watch, each)?;
    if let Some(rows) = rows {
        rows.write()?;
    }
    match arguments.format {
        Format::Json => {
            let name = &model.checked().name;
            terminal.line(as_json(&scores, name, &dataset, part, batch).to_string())
        }
        Format::Human => terminal.print(&as_table(&scores, &dataset, part, batch, terminal)),
    }
}

fn as_json(
    scores: &Scores,
    model: &str,
    dataset: &Dataset,
    part: EvaluatedPart,
    batch: usize,
) -> Value {
    let classes = dataset.classes.iter().enumerate().map(|(label, name)| {
        let (images, right) = scores.class(label);
        let accuracy = (images > 0).then(|| right as f64 / images as f64);
        json!({"class": name, "images": images, "right": right, "accuracy": accuracy})
    });
    json!({
        "model": model,
        "dataset": dataset.name,
        "part": part.name(),
        "batch": batch,
        "images": scores.images,
        "top1": scores.accuracy(),
        "top5": scores.accuracy5(),
        "macro_f1": scores.macro_f1(),
        "calibration_error": scores.calibration_error(),
        "loss": scores.terms.by_name(),
        "classes": classes.collect::<Vec<_>>(),
        "confusion": scores.confusion,
        "worst": scores.worst,
    })
}

/// Largest confusion matrix that is still readable as text.
const MATRIX: usize = 20;

/// The account as text.
fn as_table(
    scores: &Scores,
    dataset: &Dataset,
    part: EvaluatedPart,
    batch: usize,
    terminal: &Terminal,
) -> String {
    let percent = |fraction: f64| format!("{:.2} %", 100.0 * fraction);
    let part = match part {
        EvaluatedPart::Test => "test images",
        EvaluatedPart::Val => "validation images",
        EvaluatedPart::Train => "training images",
    };
    let top5 = scores.accuracy5();
    let top5 = top5.map_or_else(String::new, |top5| format!("   top-5 {}", percent(top5)));
    let calibration = scores.calibration_error().map_or("-".to_owned(), percent);
    let mut out = format!(
        "{}: {} {part} in batches of {batch}\ntop-1 {}{top5}   macro-F1 {}   cross entropy {:.4}   calibration error \
         {calibration}\n\n",
        dataset.name,
        scores.images,
        terminal.accent(Accent::Bold, &percent(scores.accuracy())),
        percent(scores.macro_f1()),
        scores.terms.classification(),
    );
    let width = dataset.classes.iter().map(|c| c.chars().count());
    let width = width.max().unwrap_or(0).max("class".len());
    let heading = format!(
        "{:<width$}  {:>7}  {:>7}  {:>9}",
        "class", "images", "right", "accuracy"
    );
    out += &format!("{}\n", terminal.accent(Accent::Dim, &heading));
    for (label, name) in dataset.classes.iter().enumerate() {
        let (images, right) = scores.class(label);
        let accuracy = match images {
            0 => "-".to_owned(),
            n => percent(right as f64 / n as f64),
        };
        out += &format!("{name:<width$}  {images:>7}  {right:>7}  {accuracy:>9}\n");
    }
    if dataset.classes.len() <= MATRIX {
        out += &matrix(scores, dataset, width, terminal);
    }
    out
}

/// Rows are what the images are, columns what the model said.
fn matrix(scores: &Scores, dataset: &Dataset, width: usize, terminal: &Terminal) -> String {
    let largest = scores
        .confusion
        .iter()
        .flatten()
        .max()
        .copied()
        .unwrap_or(0);
    let cell = largest.to_string().len().max(4);
    let names = dataset.classes.iter();
    let short = |name: &String| name.chars().take(cell).collect::<String>();
    let heading: String = names
        .clone()
        .map(|name| format!(" {:>cell$}", short(name)))
        .collect();
    let heading = format!("{:<width$}{heading}", "is \\ said");
    let mut out = format!("\n{}\n", terminal.accent(Accent::Dim, &heading));
    for (label, (name, row)) in names.zip(&scores.confusion).enumerate() {
        out += &format!("{name:<width$}");
        for (answer, count) in row.iter().enumerate() {
            let text = match count {
                0 => format!(" {:>cell$}", "."),
                n => format!(" {n:>cell$}"),
            };
            out += &match (answer == label, *count) {
                (true, _) => terminal.accent(Accent::Green, &text),
                (false, 0) => terminal.accent(Accent::Dim, &text),
                (false, _) => terminal.accent(Accent::Red, &text),
            };
        }
        out.push('\n');
    }
    out
}
