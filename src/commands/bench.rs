//! `termc bench`: how long a training step and a forward pass take, on made-up images.

use clap::{Args, ValueEnum};
use serde_json::json;
use termc_compiler::MAX_BATCH;
use termc_compiler::freeze::freeze;
use termc_compiler::summary::grouped;
use termc_runtime::bench::{Bench, Figures};

use crate::choice::up_to;
use crate::cli::{ComputeArgs, Format, ModelArgs};
use crate::failure::Failure;
use crate::model;
use crate::terminal::Terminal;

/// Arguments of `termc bench`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// Images per batch [default: the model's own]
    #[arg(long, value_name = "N", value_parser = up_to(MAX_BATCH))]
    batch: Option<u32>,

    /// Measured repetitions; the median counts
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,

    /// Repetitions before measuring
    #[arg(long, value_name = "N", default_value_t = 3)]
    warmup: u32,

    /// Freeze the model first, with made-up statistics: only inference is measured
    #[arg(long, conflicts_with = "only")]
    frozen: bool,

    /// Measure only this
    #[arg(long, value_enum, value_name = "WHAT")]
    only: Option<Only>,

    /// For people or for programs
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    compute: ComputeArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Only {
    Train,
    Inference,
}

/// Measures and prints.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let mut checked = model::load(&arguments.model, terminal)?;
    if arguments.frozen && !checked.model.frozen {
        checked.model = freeze(&checked.model).model;
    }
    if arguments.only == Some(Only::Train) {
        checked.refuse_frozen("it has no training step")?;
        checked.require_parameters()?;
    }
    let batch = arguments
        .batch
        .map_or(checked.model.train.batch, |n| n as usize);
    let compute = arguments.compute.select(terminal)?;
    let trainable = !checked.model.frozen && checked.model.parameter_count() > 0;
    let job = Bench {
        model: &checked.model,
        batch,
        warmup: arguments.warmup as usize,
        repeat: arguments.repeat as usize,
        train: arguments.only != Some(Only::Inference) && trainable,
        inference: arguments.only != Some(Only::Train),
        kernels: compute.kernels,
        precision: compute.precision,
    };
    let Figures {
        train_step_s,
        inference_s,
        peak_bytes,
    } = job.run(&compute.device.device)?;
    let per_second = |seconds: Option<f64>| seconds.map(|s| batch as f64 / s);
    if matches!(arguments.format, Format::Json) {
        let object = json!({
            "model": checked.model.name,
            "train_step_s": train_step_s,
            "inference_s": inference_s,
            "images_per_second": per_second(train_step_s.or(inference_s)),
            "inference_images_per_second": per_second(inference_s),
            "peak_bytes": peak_bytes,
            "parameters": checked.model.parameter_count(),
            "batch": batch,
            "device": compute.device.to_string(),
            "kernels": arguments.compute.kernels.name(),
            "precision": arguments.compute.precision.name(),
            "frozen": checked.model.frozen,
        });
        return terminal.line(object.to_string());
    }
    let line = |what: &str, seconds: Option<f64>| {
        seconds.map(|s| {
            format!(
                "{what} {:.1} ms, {:.1} images/s\n",
                1e3 * s,
                batch as f64 / s
            )
        })
    };
    let owner = match compute.device.is_cpu() {
        true => "process",
        false => "device",
    };
    let lines = [
        Some(format!(
            "{}{}, batch {batch}, {}\n",
            checked.model.name,
            if checked.model.frozen { ", frozen" } else { "" },
            compute.device
        )),
        line("training step", train_step_s),
        line("inference", inference_s),
        peak_bytes.map(|n| format!("peak memory of the {owner} {} bytes\n", grouped(n))),
    ];
    terminal.print(&lines.into_iter().flatten().collect::<String>())
}
