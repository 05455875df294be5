//! `termc report`: a training as one self-contained HTML page, or several of them compared.

use std::path::{Path, PathBuf};

use clap::Args;
use termc_runtime::Model;
use termc_runtime::model::require_test_images;
use termc_runtime::report::{Compared, compare};
use termc_runtime::tensors::write_atomic;
use termc_runtime::train::{RunFolder, ended, metrics};

use super::diff::{model_differs, trainings_differ};
use crate::cli::{ChangeArgs, ComputeArgs, DataArgs};
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::{model, output};

/// Arguments of `termc report`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder of a training; several are compared
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,

    /// The page to write [default: RUN/report.html, of several comparison.html]
    #[arg(short, long, value_name = "FILE", value_parser = output::file())]
    output: Option<PathBuf>,

    /// Test images whose kernels are shown, by their positions in the test part [default: 0,1,2,3]
    #[arg(long, value_name = "I,...", value_delimiter = ',')]
    images: Option<Vec<usize>>,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    compute: ComputeArgs,
}

/// Writes the page.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    match arguments.runs.as_slice() {
        [run] => one(run, &arguments, terminal),
        runs => several(runs, &arguments, terminal),
    }
}

fn several(runs: &[PathBuf], arguments: &Arguments, terminal: &Terminal) -> Result<(), Failure> {
    if arguments.images.is_some() {
        let message = "`--images` chooses what the report of one training shows";
        return Err(Failure::usage(message).help("name one RUN, or leave it out"));
    }
    let check = |run: &PathBuf| model::check(model::read(run)?, &ChangeArgs::default(), terminal);
    let checked = runs.iter().map(check).collect::<Result<Vec<_>, _>>()?;
    let output = arguments.output.clone();
    let output = output.unwrap_or_else(|| "comparison.html".into());
    output::require(&output, &checked.iter().collect::<Vec<_>>(), &[])?;
    let mut trainings = vec![];
    for (run, one) in runs.iter().zip(&checked) {
        RunFolder::open(run)?;
        let first = checked.first().unwrap_or(one);
        let settings = trainings_differ(first, one)?;
        trainings.push(Compared {
            name: run.display().to_string(),
            model: &one.model,
            rows: metrics::read(run)?,
            ended: ended(run)?,
            settings: settings.iter().map(ToString::to_string).collect(),
            changes: model_differs(first, one),
        });
    }
    let page = compare(&trainings, &written());
    write_atomic(&output, page.as_bytes())?;
    terminal.line(output.display().to_string())
}

fn written() -> String {
    format!("termc {}", env!("CARGO_PKG_VERSION"))
}

fn one(run: &Path, arguments: &Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let (folder, settings) = RunFolder::open(run)?;
    let checked = model::check(model::read(run)?, &ChangeArgs::default(), terminal)?;
    let output = arguments.output.clone();
    let output = output.unwrap_or_else(|| run.join("report.html"));
    output::require(&output, &[&checked], &[])?;
    let dataset = model::dataset(&checked, &arguments.data, Some(&settings), terminal)?;
    let images = arguments.images.as_deref();
    require_test_images(&dataset, images.unwrap_or_default())?;
    let weights = model::weights(&checked, None, terminal)?;
    let compute = arguments.compute.select_exact("report", terminal)?;
    let model = Model::new(checked, &weights.tensors, compute)?;
    let page = model.report(&folder, &settings, &dataset, images, &written())?;
    write_atomic(&output, page.as_bytes())?;
    terminal.line(output.display().to_string())
}
