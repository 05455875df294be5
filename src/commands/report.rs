//! `termc report`: a training as one self-contained HTML page.

use std::path::PathBuf;

use clap::Args;
use termc_runtime::device::dispatch;
use termc_runtime::report::{Look, Report, page};
use termc_runtime::tensors::write_atomic;
use termc_runtime::train::evaluate::default_batch;
use termc_runtime::train::folder::read_json;
use termc_runtime::train::scores::Scores;
use termc_runtime::train::{RunFolder, metrics};
use termc_runtime::weights;

use crate::cli::{ChangeArgs, ComputeArgs, DataArgs};
use crate::data;
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc report`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The folder of a training
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// The page to write [default: RUN/report.html]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Test images whose kernels are shown, by their positions in the test part [default: 0,1,2,3]
    #[arg(long, value_name = "I,...", value_delimiter = ',')]
    images: Option<Vec<usize>>,

    /// Where the data set's files are, if no longer where they were in training
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,

    #[command(flatten)]
    compute: ComputeArgs,
}

/// Writes the page.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let (folder, settings) = RunFolder::open(&arguments.run)?;
    let loaded = model::check(
        model::read(&arguments.run)?,
        &ChangeArgs::default(),
        terminal,
    )?;
    let data = DataArgs {
        data_dir: arguments.data_dir.clone(),
        ..DataArgs::default()
    };
    let data = data::open(
        &data,
        data::recorded(Some(&settings), &loaded.text),
        &loaded.model,
    )?;
    let count = data.test.len();
    let images = (arguments.images).unwrap_or_else(|| (0..count.min(4)).collect());
    if let Some(image) = images.iter().find(|image| **image >= count) {
        let message = format!("there is no test image {image}; there are {count}");
        return Err(Failure::usage(message));
    }
    let path = model::weights_path(None, &loaded.text)?;
    let selected = arguments.compute.select_exact("report")?;
    let gathered = dispatch(
        &selected,
        Look {
            model: &loaded.model,
            weights: &weights::read(&path)?.tensors,
            data: &data,
            batch: default_batch(settings.batch),
            images: &images,
            kernels: arguments.compute.kernels.choice(),
        },
    )?;
    let test: Option<Scores> = match folder.test().is_file() {
        true => Some(read_json(&folder.test())?),
        false => None,
    };
    let text = page(&Report {
        model: &loaded.model,
        settings: &settings,
        rows: &metrics::read(folder.path())?,
        test: test.as_ref(),
        data: &data,
        gathered: &gathered,
        written: &format!("termc {}", env!("CARGO_PKG_VERSION")),
    })?;
    let output = arguments
        .output
        .unwrap_or_else(|| arguments.run.join("report.html"));
    write_atomic(&output, text.as_bytes())?;
    terminal.line(output.display().to_string())
}
