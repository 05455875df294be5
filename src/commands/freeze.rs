//! `termc freeze`: a trained model as one file whose answer for an image depends on that image alone.

use std::path::PathBuf;
use std::time::Instant;

use burn::tensor::TensorData;
use clap::{Args, ValueEnum};
use serde_json::json;
use termc_compiler::freeze::{Account, Size};
use termc_compiler::model::Normalize;
use termc_compiler::summary::grouped;
use termc_runtime::Error;
use termc_runtime::data::{Dataset, Loader, SplitOptions, Subset, split};
use termc_runtime::device::{Devices, Job, TrainBackend, dispatch};
use termc_runtime::freeze::{Batches, Calibrated, Calibration, Card, Options, freeze};
use termc_runtime::kernels::Kernels;
use termc_runtime::network::{KernelChoice, Network, Precision};
use termc_runtime::params::Params;
use termc_runtime::random::Key;
use termc_runtime::tensors::{TensorFile, Tensors};
use termc_runtime::train::evaluate::{Asking, default_batch, evaluate, mixed};
use termc_runtime::weights;

use crate::cli::{ComputeArgs, DataArgs, ModelArgs};
use crate::data;
use crate::failure::Failure;
use crate::model::{self, Loaded};
use crate::terminal::{Accent, Terminal};

/// Arguments of `termc freeze`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// The weights [default: the best of the RUN folder given as MODEL, or the weight file itself]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// The .safetensors file to write
    #[arg(short, long, value_name = "FROZEN")]
    output: PathBuf,

    #[command(flatten)]
    data: DataArgs,

    /// How the statistics of the population are found
    #[arg(long, value_enum, default_value_t, value_name = "WAY")]
    calibration: Way,

    /// Images per batch of the calibration [default: as in training, at least 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
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

/// `--calibration`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Way {
    /// One pass in batches as in training; means and variances of all images together
    #[default]
    Batch,
    /// The same with the mean of the variances within batches
    Within,
    /// The same with the mean over the batches of what each of them makes: scales, shifts, kernels
    Mean,
    /// Layer by layer, each with the layers before it frozen already
    Sequential,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Human,
    Json,
}

/// Freezes, measures before and after, writes the file.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = model::load(&arguments.model, terminal)?;
    model::refuse_frozen(&loaded, "there is nothing left to freeze")?;
    if loaded.text.run.is_none() && loaded.text.weights.is_none() && arguments.weights.is_none() {
        let message = format!("`{}` has no weights to freeze", loaded.text.name);
        return Err(Failure::input(message)
            .help("give a RUN folder that `termc train` made, or add `--weights FILE`"));
    }
    if let (Some(run), None, None) = (&loaded.text.run, &loaded.text.weights, &arguments.weights) {
        let message = format!("`{}` holds no weights yet", run.display());
        return Err(Failure::input(message)
            .help("go on with the training, `termc train --resume RUN`, or add `--weights FILE`"));
    }
    let weights = model::weights(arguments.weights.as_deref(), &loaded.text)?.tensors;
    let settings = data::settings(&loaded.text)?;
    let recorded = data::recorded(settings.as_ref(), &loaded.text);
    let dataset = data::open(&arguments.data, recorded, &loaded.model)?;
    let selected = arguments.compute.select_exact("freeze")?;
    let options = SplitOptions {
        val: settings.as_ref().map_or(0.0, |s| s.val),
        limit: settings.as_ref().and_then(|s| s.limit),
        seed: settings.as_ref().map_or(0, |s| s.seed),
    };
    let parts = split(&dataset, &options).map_err(Error::from)?;
    let trained = settings
        .as_ref()
        .map_or(loaded.model.train.batch, |s| s.batch);
    let job = Freezing {
        loaded: &loaded,
        weights,
        images: shuffled(&parts.train, arguments.seed, arguments.limit)?,
        validation: parts.validation,
        test: mixed(&dataset.test)?,
        normalize: data::normalization(&loaded, settings.as_ref(), &dataset),
        batch: arguments
            .batch
            .map_or(default_batch(trained), |n| n as usize),
        asked: default_batch(trained),
        options: Options {
            calibration: match arguments.calibration {
                Way::Batch => Calibration::Batch,
                Way::Within => Calibration::Within,
                Way::Mean => Calibration::Mean,
                Way::Sequential => Calibration::Sequential,
            },
            kernels: arguments.compute.kernels.choice(),
        },
        terminal,
    };
    let named = match (&arguments.data.dataset, &settings) {
        (Some(source), _) => source.to_string(),
        (None, Some(settings)) => settings.dataset.clone(),
        (None, None) => dataset.name.clone(),
    };
    let calibration = Calibrated {
        method: job.options.calibration,
        images: job.images.len(),
        batch: job.batch,
        seed: arguments.seed,
    };
    let card = Card::new(named, dataset.classes.clone(), &job.normalize, calibration);
    let asked = job.asked;
    let done = dispatch(&selected, job)?;
    let mut file = done.file;
    card.write(&mut file.metadata)?;
    file.write(&arguments.output)?;
    let report = Report {
        account: done.account,
        before: done.before,
        after: done.after,
        asked,
        card,
        output: arguments.output,
    };
    match arguments.format {
        Format::Json => terminal.line(report.json(&loaded, &dataset).to_string()),
        Format::Human => terminal.print(&report.text(terminal)),
    }
}

/// The training images in an order of their own, so that batches mix the classes.
fn shuffled(train: &Subset, seed: u64, limit: Option<u32>) -> Result<Subset, Failure> {
    let order = Key::new(seed).named("calibration").permutation(train.len());
    let indices = order.into_iter().filter_map(|i| train.indices().get(i));
    let limit = limit.map_or(usize::MAX, |n| n as usize);
    let indices = indices.take(limit).copied().collect();
    Ok(Subset::new(train.part().clone(), indices).map_err(Error::from)?)
}

struct Freezing<'a> {
    loaded: &'a Loaded,
    weights: Tensors,
    images: Subset,
    validation: Subset,
    test: Subset,
    normalize: Normalize,
    batch: usize,
    asked: usize,
    options: Options,
    terminal: &'a Terminal,
}

/// Fractions of right answers; validation only where images were held out.
#[derive(Clone, Copy, Debug)]
struct Accuracy {
    validation: Option<f64>,
    test: f64,
}

struct Done {
    file: TensorFile,
    account: Account,
    before: Accuracy,
    after: Accuracy,
}

impl Job for Freezing<'_> {
    type Out = Result<Done, Error>;

    fn run<B: TrainBackend>(self, devices: Devices<B>) -> Self::Out {
        let device = devices.main;
        let model = &self.loaded.model;
        let params = Params::<B::InnerBackend>::from_tensors(model, &self.weights, &device)?;
        let before = self.accuracy(&params, &device)?;
        let loader = Loader::evaluation(self.images.clone(), self.batch, &self.normalize)?;
        let batches = || -> Result<Batches<'_>, Error> {
            let images = loader.epoch(0, 0)?.map(|batch| {
                let batch = batch?;
                Ok(TensorData::new(batch.images, batch.shape))
            });
            Ok(Box::new(images))
        };
        let (total, began) = (self.images.len(), Instant::now());
        let mut seen = 0;
        let mut last = (1, 0);
        let frozen = freeze(&params, self.options, &device, batches, |at| {
            let same = last.0 == at.pass;
            seen += at.images - if same { last.1 } else { 0 };
            last = (at.pass, at.images);
            let rate = f64::from(u32::try_from(seen).unwrap_or(u32::MAX))
                / began.elapsed().as_secs_f64().max(1e-9);
            let line = format!(
                "calibration pass {}: {} of {total} images, {rate:.0} images/s",
                at.pass, at.images
            );
            match (self.terminal.is_live(), at.images == total) {
                (true, false) => self.terminal.message(&format!("\r\x1b[K{line}")),
                (true, true) => self.terminal.message(&format!("\r\x1b[K{line}\n")),
                (false, true) => self.terminal.note(&line),
                (false, false) => {}
            }
        })?;
        let after = self.accuracy(&frozen.params, &device)?;
        Ok(Done {
            file: weights::file(&frozen.model, &frozen.params),
            account: frozen.account,
            before,
            after,
        })
    }
}

impl Freezing<'_> {
    fn accuracy<B: Kernels>(
        &self,
        params: &Params<B>,
        device: &B::Device,
    ) -> Result<Accuracy, Error> {
        let network = Network::new(params.model());
        let of = |subset: &Subset| -> Result<f64, Error> {
            let asking = Asking {
                batch: self.asked,
                normalize: &self.normalize,
                kernels: self.kernels(),
                precision: Precision::F32,
            };
            let scores = evaluate(&network, params, subset.clone(), asking, device, |_, _| {
                true
            })?;
            Ok(scores.map_or(0.0, |s| s.accuracy()))
        };
        Ok(Accuracy {
            validation: match self.validation.is_empty() {
                true => None,
                false => Some(of(&self.validation)?),
            },
            test: of(&self.test)?,
        })
    }

    fn kernels(&self) -> KernelChoice {
        self.options.kernels
    }
}

/// What is said at the end.
struct Report {
    account: Account,
    before: Accuracy,
    after: Accuracy,
    asked: usize,
    card: Card,
    output: PathBuf,
}

impl Report {
    fn json(&self, loaded: &Loaded, dataset: &Dataset) -> serde_json::Value {
        let accuracy = |a: Accuracy| json!({"validation": a.validation, "test": a.test});
        json!({
            "model": loaded.model.name,
            "dataset": dataset.name,
            "output": self.output.to_string_lossy(),
            "calibration": self.card.calibration,
            "batch": self.asked,
            "before": accuracy(self.before),
            "after": accuracy(self.after),
            "folded": self.account,
        })
    }

    fn text(&self, terminal: &Terminal) -> String {
        let percent = |fraction: f64| format!("{:.2} %", 100.0 * fraction);
        let both = |a: Accuracy| match a.validation {
            Some(v) => format!("test {}   validation {}", percent(a.test), percent(v)),
            None => format!("test {}", percent(a.test)),
        };
        let (account, calibration) = (&self.account, &self.card.calibration);
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
                both(self.before),
                self.asked
            ),
            format!(
                "{:<13} {}, in any batch\n",
                terminal.accent(Accent::Bold, &format!("{:<13}", "frozen")),
                both(self.after)
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
