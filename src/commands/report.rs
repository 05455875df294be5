//! `termc report`: a training as one self-contained HTML page.

use std::path::PathBuf;

use clap::Args;
use termc_runtime::Model;
use termc_runtime::model::require_test_images;
use termc_runtime::tensors::write_atomic;
use termc_runtime::train::RunFolder;

use crate::cli::{ChangeArgs, ComputeArgs, DataArgs};
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

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    compute: ComputeArgs,
}

/// Writes the page.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let (folder, settings) = RunFolder::open(&arguments.run)?;
    let checked = model::check(
        model::read(&arguments.run)?,
        &ChangeArgs::default(),
        terminal,
    )?;
    let dataset = checked.open_dataset(&arguments.data.choice(terminal)?, Some(&settings))?;
    terminal.warn_of(&dataset);
    let images = arguments.images.as_deref();
    require_test_images(&dataset, images.unwrap_or_default())?;
    let weights = model::weights(&checked, None, terminal)?;
    let compute = arguments.compute.select_exact("report", terminal)?;
    let model = Model::new(checked, &weights.tensors, compute)?;
    let written = format!("termc {}", env!("CARGO_PKG_VERSION"));
    let page = model.report(&folder, &settings, &dataset, images, &written)?;
    let output = arguments
        .output
        .unwrap_or_else(|| arguments.run.join("report.html"));
    write_atomic(&output, page.as_bytes())?;
    terminal.line(output.display().to_string())
}
