//! `termc freeze`: a trained model as one file whose answer for an image depends on that image alone.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde_json::json;
use termc_compiler::MAX_BATCH;
use termc_compiler::freeze::Size;
use termc_compiler::summary::grouped;
use termc_runtime::Model;
use termc_runtime::data::Dataset;
use termc_runtime::freeze::Calibration;
use termc_runtime::model::{Accuracy, FreezeOptions, FreezeProgress, FrozenModel};

use crate::choice::{one_of, up_to};
use crate::cli::{ComputeArgs, DataArgs, Format, ModelArgs};
use crate::failure::Failure;
use crate::terminal::{Accent, Terminal};
use crate::{model, output};

/// Arguments of `termc freeze`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// The weights [default: the best of the RUN folder given as MODEL, or the weight file itself]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// The .safetensors file to write
    #[arg(short, long, value_name = "FROZEN", value_parser = output::file())]
    output: PathBuf,

    #[command(flatten)]
    data: DataArgs,

    /// How the statistics of the population are found
    #[arg(long, value_parser = one_of(Calibration::ALL), default_value_t, value_name = "WAY", long_help = CALIBRATION)]
    calibration: Calibration,

    /// Images per batch of the calibration [default: as in training, at least 64]
    #[arg(long, value_name = "N", value_parser = up_to(MAX_BATCH))]
    batch: Option<u32>,

    /// Calibrate with only so many images of the training part
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Decides which images make a batch
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,

    /// For people or for programs
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,

    #[command(flatten)]
    compute: ComputeArgs,
}

const CALIBRATION: &str = "\
How the statistics of the population are found
- batch: one pass in batches as in training; means and variances of all images together
- within: the same with the mean of the variances within batches
- mean: the same with the mean over the batches of what each of them makes: scales, shifts, kernels
- sequential: layer by layer, each with the layers before it frozen already";

/// Freezes, measures before and after, writes the file.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let checked = model::load(&arguments.model, terminal)?;
    output::require(&arguments.output, &[&checked], arguments.weights.as_slice())?;
    checked.require_freezable(arguments.weights.as_deref())?;
    let weights = model::weights(&checked, arguments.weights.as_deref(), terminal)?;
    let settings = checked.settings()?;
    let dataset = model::dataset(&checked, &arguments.data, settings.as_ref(), terminal)?;
    let compute = arguments.compute.select_exact("freeze", terminal)?;
    let model = Model::new(checked, &weights.tensors, compute)?;
    let recorded = settings.as_ref().map(|settings| settings.dataset.as_str());
    let named = model::named_dataset(&arguments.data, recorded)?;
    let options = FreezeOptions {
        calibration: arguments.calibration,
        batch: arguments.batch.map(|n| n as usize),
        limit: arguments.limit.map(|n| n as usize),
        seed: arguments.seed,
        dataset: named.or(settings.map(|settings| settings.dataset)),
    };
    let began = Instant::now();
    let frozen = model.freeze(&dataset, &options, |at| show(at, began, terminal))?;
    frozen.write(&arguments.output)?;
    let report = FreezeReport {
        frozen: &frozen,
        output: &arguments.output,
    };
    match arguments.format {
        Format::Json => terminal.line(report.json(&dataset).to_string()),
        Format::Human => terminal.print(&report.text(terminal)),
    }
}

/// A line that is redrawn on a terminal, else one for each pass.
fn show(at: FreezeProgress, began: Instant, terminal: &Terminal) {
    let rate = at.seen as f64 / began.elapsed().as_secs_f64().max(1e-9);
    let line = format!(
        "calibration pass {}: {} of {} images, {rate:.0} images/s",
        at.pass, at.images, at.total
    );
    match (terminal.is_live(), at.images == at.total) {
        (true, false) => terminal.message(&format!("\r\x1b[K{line}")),
        (true, true) => terminal.message(&format!("\r\x1b[K{line}\n")),
        (false, true) => terminal.note(&line),
        (false, false) => {}
    }
}

/// What is said at the end.
struct FreezeReport<'a> {
    frozen: &'a FrozenModel,
    output: &'a Path,
}

impl FreezeReport<'_> {
    fn json(&self, dataset: &Dataset) -> serde_json::Value {
        let accuracy = |a: Accuracy| json!({"validation": a.validation, "test": a.test});
        let frozen = self.frozen;
        json!({
            "model": frozen.model.checked().name,
            "dataset": dataset.name,
            "output": self.output.to_string_lossy(),
            "calibration": frozen.card.calibration,
            "batch": frozen.batch,
            "before": accuracy(frozen.before),
            "after": accuracy(frozen.after),
            "folded": frozen.account,
        })
    }

    fn text(&self, terminal: &Terminal) -> String {
        let percent = |fraction: f64| format!("{:.2} %", 100.0 * fraction);
        let both = |a: Accuracy| match a.validation {
            Some(v) => format!("test {}   validation {}", percent(a.test), percent(v)),
            None => format!("test {}", percent(a.test)),
        };
        let (account, calibration) = (&self.frozen.account, &self.frozen.card.calibration);
        let (old, new) = (&account.before, &account.after);
        let saved = |of: fn(&Size) -> u64| match of(new) <= of(old) {
            true => format!("{} saved", grouped(of(old) - of(new))),
            false => format!("{} more", grouped(of(new) - of(old))),
        };
        let change = |what: &str, of: fn(&Size) -> u64| {
            format!(
                "{what:<13} {} -> {}, {}\n",
                grouped(of(old)),
                grouped(of(new)),
                saved(of)
            )
        };
        let work = |s: &Size| s.cost.multiply_adds + s.cost.fixed_multiply_adds;
        [
            format!(
                "{:<13} {}, in batches of {}\n",
                "before",
                both(self.frozen.before),
                self.frozen.batch
            ),
            format!(
                "{:<13} {}, in any batch\n",
                terminal.accent(Accent::Bold, &format!("{:<13}", "frozen")),
                both(self.frozen.after)
            ),
            format!(
                "{:<13} {} slow nets to {} constants, {} standardizations calibrated over {} images, \
                 {} operations worked into linear maps, {} dropouts gone\n",
                "folded",
                account.slow_nets,
                account.constants,
                account.standardizations,
                calibration.images,
                account.folded,
                account.dropouts
            ),
            change("operations", |s| s.nodes as u64),
            change("bytes", |s| s.parameter_bytes),
            change("multiply-adds", work),
            format!("{}\n", self.output.display()),
        ]
        .concat()
    }
}
