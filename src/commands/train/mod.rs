//! `termc train`: its arguments, the training and how it ended. How a training is prepared is `begin`'s and `resume`'s.

mod begin;
mod nodes;
mod resume;
mod trust;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use termc_compiler::analysis::couples_images;
use termc_runtime::Error;
use termc_runtime::data::Dataset;
use termc_runtime::device::{DeviceChoice, Selected, dispatch};
use termc_runtime::train::checkpoint::{self, Checkpoint};
use termc_runtime::train::{
    Culprit, Interval, Nodes, Outcome, Protocol, RunFolder, Settings, Training,
};

use crate::cli::{ChangeArgs, DataArgs, Kernels, Precision};
use crate::failure::Failure;
use crate::model::{self, Loaded};
use crate::progress;
use crate::terminal::{Accent, Terminal};
use nodes::NodeArgs;

/// Arguments of `termc train`. With `--resume` everything comes from the RUN folder; what is given besides must agree
/// with it.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A .term file, or `-` for standard input; not needed with --resume
    #[arg(value_name = "MODEL", required_unless_present = "resume")]
    model: Option<PathBuf>,

    #[command(flatten)]
    changes: ChangeArgs,

    #[command(flatten)]
    data: DataArgs,

    /// The folder to make for this training [default: the first free runs/MODEL-N]
    #[arg(long, value_name = "RUN", conflicts_with = "resume")]
    out: Option<PathBuf>,

    /// Go on with the training in this folder
    #[arg(long, value_name = "RUN")]
    resume: Option<PathBuf>,

    /// Passes over the training images [default: the model's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    epochs: Option<u32>,

    /// Images per batch [default: the model's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,

    /// Use only so many images of the training part, validation included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,

    /// Decides initial weights, split, order, augmentation and dropout [default: 0]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,

    /// Fraction of the training part that is held out to choose the best epoch [default: 0.1]
    #[arg(long, value_name = "FRACTION", value_parser = fraction)]
    val: Option<f64>,

    /// Choose the best epoch on held-out training images, or as published on the test part itself [default: honest]
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    protocol: Option<ProtocolChoice>,

    /// Steps (`200`) or time (`90s`, `10m`, `2h`) between checkpoints; each epoch ends with one anyway [default: 10m]
    #[arg(long, value_name = "INTERVAL")]
    checkpoint_every: Option<Interval>,

    /// How many checkpoints to keep besides the best [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,

    /// Steps between rows of metrics.jsonl [default: 10]
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u32).range(1..))]
    log_every: Option<u32>,

    /// Save and stop after so many steps, as if interrupted, but with exit status 0
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u32).range(1..))]
    stop_after: Option<u32>,

    /// `auto`, `cpu`, `cuda` or `cuda:N[,M...]`; auto takes CUDA where it is there [default: auto]
    #[arg(long, value_name = "DEVICE")]
    device: Option<DeviceChoice>,

    /// Type of the activations [default: f32]
    #[arg(long, value_enum)]
    precision: Option<Precision>,

    /// The device's own kernels or plain Burn operations; the same function [default: fused]
    #[arg(long, value_enum)]
    kernels: Option<Kernels>,

    /// When to compare the device with the CPU before the first step; auto does it on CUDA
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    self_check: SelfCheck,

    #[command(flatten)]
    nodes: NodeArgs,
}

/// `--self-check`.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum SelfCheck {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProtocolChoice {
    Honest,
    Published,
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..1.0).contains(&value) => Ok(value),
        _ => Err(format!("`{text}` is not a fraction from 0 to below 1")),
    }
}

/// Trains.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let prepared = match &arguments.resume {
        Some(folder) => resume::prepare(folder, &arguments, &stop, terminal)?,
        None => Some(begin::prepare(&arguments, &stop, terminal)?),
    };
    let Some(prepared) = prepared else {
        return Ok(());
    };
    train(prepared, &arguments, &stop, terminal)
}

/// A training that is ready to run.
struct Prepared {
    loaded: Loaded,
    settings: Settings,
    selected: Selected,
    dataset: Dataset,
    /// None on nodes other than the first.
    folder: Option<RunFolder>,
    checkpoint: Option<Checkpoint>,
    /// None where this is the only one.
    nodes: Option<Nodes>,
}

fn train(
    prepared: Prepared,
    arguments: &Arguments,
    stop: &Arc<AtomicBool>,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let Prepared {
        loaded,
        settings,
        selected,
        dataset,
        folder,
        checkpoint,
        nodes,
    } = prepared;
    let place = match &folder {
        Some(folder) => format!(", in `{}`", folder.path().display()),
        None => String::new(),
    };
    terminal.note(&format!(
        "{} on {}, {}{place}",
        loaded.model.name,
        dataset.name,
        all_devices(&selected, nodes.as_ref()),
    ));
    let devices = count_devices(&selected, nodes.as_ref());
    say_what_devices_share(&loaded, &settings, devices, terminal);
    if trust::is_asked(arguments.self_check, &selected) {
        trust::check(&loaded, &settings, &selected, terminal)?;
    }
    if nodes.is_none() {
        stop_on_signals(stop, terminal)?;
    }
    let own = nodes.as_ref().map_or(0, Nodes::node);
    let mut view = progress::View::new(terminal, &loaded.model, &settings);
    let job = Training {
        model: &loaded.model,
        data: &dataset,
        folder: folder.as_ref(),
        nodes,
        settings: &settings,
        resume: checkpoint,
        stop,
        stop_after: arguments.stop_after.map(|n| n as usize),
        observer: &mut view,
    };
    let outcome = dispatch(&selected, job);
    drop(view);
    let after_failure = || match &folder {
        Some(folder) => from_checkpoint(folder),
        None => Some(nodes::go_on(arguments.resume.as_deref())),
    };
    match outcome.map_err(|e| while_training(e, after_failure()))? {
        Outcome::Finished { best, test } => {
            let percent = |fraction: f64| format!("{:.2} %", 100.0 * fraction);
            let validated = match settings.protocol {
                Protocol::Published => "chosen on the test part, as published".to_owned(),
                Protocol::Honest if settings.val == 0.0 => "the last, as none validated".to_owned(),
                Protocol::Honest => format!("validation {}", percent(best.top1)),
            };
            terminal.line(format!(
                "test accuracy {} (top-5 {}) over {} images, weights of epoch {} ({validated})",
                terminal.accent(Accent::Bold, &percent(test.accuracy())),
                percent(test.accuracy5()),
                test.images,
                best.epoch,
            ))?;
            say_where(folder.as_ref(), terminal)
        }
        Outcome::Followed { step } => {
            terminal.note(&format!(
                "the training is over after step {step}; node 0 has tested it"
            ));
            Ok(())
        }
        Outcome::Stopped {
            checkpoint,
            step,
            by,
        } => {
            let mut message = format!("stopped after step {step}");
            if by.node != own {
                message += &format!(", as node {} was asked to", by.node);
            }
            message += &match (&checkpoint, &folder) {
                (Some(checkpoint), Some(folder)) => format!(
                    ", saved `{}`\ngo on with `termc train --resume {}`",
                    checkpoint.display(),
                    folder.path().display()
                ),
                _ => "; node 0 has saved it".into(),
            };
            match by.signal {
                true => Err(Failure::interrupted(message)),
                false => {
                    terminal.note(&message);
                    say_where(folder.as_ref(), terminal)
                }
            }
        }
        Outcome::NotFinite {
            culprit,
            epoch,
            step,
        } => Err(not_finite(&culprit, epoch, step, &loaded, folder.as_ref())),
    }
}

/// Names the folder, where this node has one.
fn say_where(folder: Option<&RunFolder>, terminal: &Terminal) -> Result<(), Failure> {
    match folder {
        Some(folder) => terminal.line(folder.path().display().to_string()),
        None => Ok(()),
    }
}

/// The devices of all nodes, in words.
fn all_devices(selected: &Selected, nodes: Option<&Nodes>) -> String {
    nodes.map_or_else(|| selected.to_string(), Nodes::describe)
}

/// How many devices all nodes have together.
fn count_devices(selected: &Selected, nodes: Option<&Nodes>) -> usize {
    nodes.map_or_else(|| selected.count(), Nodes::devices)
}

/// Refuses devices that would have no images.
fn enough_for_all(batch: usize, selected: &Selected, nodes: Option<&Nodes>) -> Result<(), Failure> {
    let devices = count_devices(selected, nodes);
    if batch >= devices {
        return Ok(());
    }
    let named = all_devices(selected, nodes);
    let message = format!("batches of {batch} are too small for the {devices} devices `{named}`");
    Err(Failure::usage(message).help("name fewer devices, or a larger `--batch`"))
}

/// Tells who trains on several devices a model whose answers depend on the batch.
fn say_what_devices_share(
    loaded: &Loaded,
    settings: &Settings,
    devices: usize,
    terminal: &Terminal,
) {
    if devices > 1 && couples_images(&loaded.model) {
        let own = settings.batch / devices;
        terminal.note(&format!(
            "{} takes means over the images of a batch: each of the {devices} devices takes them over its own {own} of \
             the {} images, so that it trains as with batches of {own} on one device, with one update for all of them",
            loaded.model.name, settings.batch
        ));
    }
}

fn while_training(error: Error, help: Option<String>) -> Failure {
    let failure = Failure::from(error);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// Says that what was saved before a failure is still there.
fn from_checkpoint(folder: &RunFolder) -> Option<String> {
    let found = checkpoint::latest(&folder.checkpoints(), |_, _| ());
    let checkpoint = found.ok().flatten()?;
    Some(format!(
        "the checkpoint of step {} is intact; once this is mended, go on with `termc train --resume {}`",
        checkpoint.state.step,
        folder.path().display()
    ))
}

fn not_finite(
    culprit: &Culprit,
    epoch: usize,
    step: usize,
    loaded: &Loaded,
    folder: Option<&RunFolder>,
) -> Failure {
    let node = &loaded.model[culprit.node(&loaded.model)];
    let message = format!(
        "{} in epoch {epoch}, step {step}\n{}",
        culprit.describe(&loaded.model),
        model::point(&loaded.compiled, node.span, &format!("`{}`", node.name)),
    );
    let place = match folder {
        Some(folder) => format!("in `{}`", folder.checkpoints().display()),
        None => "on node 0".into(),
    };
    let help = format!(
        "lower the learning rate, add `clip` to the `train` section, or look at this node; the last good checkpoint is \
         {place}"
    );
    Failure::input(message).help(help)
}

/// The first signal asks for a stop, the second ends the program at once.
fn stop_on_signals(stop: &Arc<AtomicBool>, terminal: &Terminal) -> Result<(), Failure> {
    let (stop, live) = (stop.clone(), terminal.is_live());
    ctrlc::set_handler(move || {
        if stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        let notice = "stopping after this step; again to stop at once";
        // A live view counts its lines: the notice goes on the one below, which the next drawing clears.
        let notice = match live {
            true => format!("\r\x1b[2K{notice}"),
            false => format!("{notice}\n"),
        };
        // Also where nobody can be told any more: the terminal may be gone.
        let _ = std::io::stderr().write_all(notice.as_bytes());
    })
    .map_err(|error| Failure::machine(format!("cannot listen for signals: {error}")))
}
