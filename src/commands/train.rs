//! `termc train`: trains a model, or goes on with a training.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use termc_runtime::Error;
use termc_runtime::data::Source;
use termc_runtime::device::{DeviceChoice, Selected, dispatch};
use termc_runtime::train::checkpoint::{self, Checkpoint};
use termc_runtime::train::{
    Culprit, FORMAT, Interval, Outcome, Protocol, RunFolder, Settings, Training,
};

use crate::cli::{ChangeArgs, DataArgs, Kernels, Precision};
use crate::data;
use crate::failure::Failure;
use crate::model::{self, Loaded};
use crate::progress;
use crate::terminal::{Accent, Terminal};

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
        Some(folder) => resumed(folder, &arguments, terminal)?,
        None => begun(&arguments, terminal)?,
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
    folder: RunFolder,
    checkpoint: Option<Checkpoint>,
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
        folder,
        checkpoint,
    } = prepared;
    let dataset = data::open(&DataArgs::default(), Some(&settings), &loaded.model)?;
    terminal.note(&format!(
        "{} on {}, {selected}, in `{}`",
        loaded.model.name,
        dataset.name,
        folder.path().display()
    ));
    stop_on_signals(stop)?;
    let mut view = progress::View::new(terminal, &loaded.model, &settings);
    let job = Training {
        model: &loaded.model,
        data: &dataset,
        folder: &folder,
        settings: &settings,
        resume: checkpoint,
        stop,
        stop_after: arguments.stop_after.map(|n| n as usize),
        observer: &mut view,
    };
    let outcome = dispatch(&selected, job);
    drop(view);
    match outcome.map_err(|e| while_training(e, &folder))? {
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
            terminal.line(folder.path().display().to_string())
        }
        Outcome::Stopped { checkpoint, step } => {
            let message = format!(
                "stopped after step {step}, saved `{}`\ngo on with `termc train --resume {}`",
                checkpoint.display(),
                folder.path().display()
            );
            match stop.load(Ordering::Relaxed) {
                true => Err(Failure::interrupted(message)),
                false => {
                    terminal.note(&message);
                    terminal.line(folder.path().display().to_string())
                }
            }
        }
        Outcome::NotFinite {
            culprit,
            epoch,
            step,
        } => Err(not_finite(&culprit, epoch, step, &loaded, &folder)),
    }
}

/// Says that what was saved before a failure is still there.
fn while_training(error: Error, folder: &RunFolder) -> Failure {
    let failure = Failure::from(error);
    match checkpoint::latest(&folder.checkpoints(), |_, _| ()) {
        Ok(Some(checkpoint)) => failure.help(format!(
            "the checkpoint of step {} is intact; once this is mended, go on with `termc train --resume {}`",
            checkpoint.state.step,
            folder.path().display()
        )),
        _ => failure,
    }
}

fn not_finite(
    culprit: &Culprit,
    epoch: usize,
    step: usize,
    loaded: &Loaded,
    folder: &RunFolder,
) -> Failure {
    let node = &loaded.model[culprit.node(&loaded.model)];
    let message = format!(
        "{} in epoch {epoch}, step {step}\n{}",
        culprit.describe(&loaded.model),
        model::point(&loaded.compiled, node.span, &format!("`{}`", node.name)),
    );
    let help = format!(
        "lower the learning rate, add `clip` to the `train` section, or look at this node; the last good checkpoint is \
         in `{}`",
        folder.checkpoints().display()
    );
    Failure::input(message).help(help)
}

/// A new training.
fn begun(arguments: &Arguments, terminal: &Terminal) -> Result<Option<Prepared>, Failure> {
    let path = arguments.model.as_deref().unwrap_or(Path::new("-"));
    let loaded = model::check(model::read(path)?, &arguments.changes, terminal)?;
    let selected = arguments.device.clone().unwrap_or_default().select()?;
    arguments
        .precision
        .unwrap_or_default()
        .refuse_on(&selected)?;
    // Before a folder is made: the data set must be there and fit.
    let dataset = data::open(&arguments.data, None, &loaded.model)?;
    let settings = settings(arguments, &loaded, &dataset.name, &selected)?;
    let source = &loaded.model.source;
    let folder = match &arguments.out {
        Some(path) => RunFolder::create(path, source, &settings).map_err(|error| {
            let taken = matches!(error, Error::Content { .. });
            let failure = Failure::from(error);
            if !taken {
                return failure;
            }
            Failure::usage(format!(
                "`--out {}`: the folder is not empty",
                path.display()
            ))
            .help(format!(
                "choose another, or go on with `termc train --resume {}`",
                path.display()
            ))
        })?,
        None => {
            let name: String = loaded
                .model
                .name
                .chars()
                .filter(|c| c.is_alphanumeric())
                .collect();
            RunFolder::create_numbered(Path::new("runs"), &name, source, &settings)?
        }
    };
    Ok(Some(Prepared {
        loaded,
        settings,
        selected,
        folder,
        checkpoint: None,
    }))
}

fn settings(
    arguments: &Arguments,
    loaded: &Loaded,
    dataset: &str,
    selected: &Selected,
) -> Result<Settings, Failure> {
    let recipe = &loaded.model.train;
    let count = |given: Option<u32>, default: usize| given.map_or(default, |n| n as usize);
    let protocol = protocol(arguments.protocol);
    let val = match protocol {
        Protocol::Honest => arguments.val.unwrap_or(0.1),
        Protocol::Published if arguments.val.is_some() => {
            return Err(
                Failure::usage("`--protocol published` validates on the test part")
                    .help("leave out `--val` or the protocol"),
            );
        }
        Protocol::Published => 0.0,
    };
    // Absolute, so that the training can be resumed from anywhere.
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let named = match &arguments.data.dataset {
        Some(Source::Folder(folder)) => Source::Folder(absolute(folder)).to_string(),
        Some(source) => source.to_string(),
        None => dataset.to_owned(),
    };
    Ok(Settings {
        format: FORMAT,
        termc: env!("CARGO_PKG_VERSION").into(),
        model: loaded.model.name.clone(),
        parameters: loaded.model.parameter_count(),
        dataset: named,
        data_dir: arguments.data.data_dir.as_ref().map(absolute),
        seed: arguments.seed.unwrap_or(0),
        epochs: count(arguments.epochs, recipe.epochs),
        batch: count(arguments.batch, recipe.batch),
        limit: arguments.limit.map(|n| n as usize),
        protocol,
        val,
        device: arguments.device.clone().unwrap_or_default().to_string(),
        device_used: selected.to_string(),
        precision: arguments.precision.unwrap_or_default().name().into(),
        kernels: arguments.kernels.unwrap_or_default().name().into(),
        checkpoint_every: arguments.checkpoint_every.unwrap_or(Interval::Seconds(600)),
        keep: count(arguments.keep, 3),
        log_every: count(arguments.log_every, 10),
        recipe: serde_json::to_value(recipe).map_err(Failure::machine)?,
    })
}

fn protocol(choice: Option<ProtocolChoice>) -> Protocol {
    match choice {
        Some(ProtocolChoice::Published) => Protocol::Published,
        Some(ProtocolChoice::Honest) | None => Protocol::Honest,
    }
}

/// A training from its RUN folder; None if it is over already.
fn resumed(
    path: &Path,
    arguments: &Arguments,
    terminal: &Terminal,
) -> Result<Option<Prepared>, Failure> {
    let (folder, settings) = RunFolder::resume(path)?;
    let loaded = model::check(model::read(path)?, &ChangeArgs::default(), terminal)?;
    let refuse = |what: String| Failure::input(format!("`{}` {what}", path.display()));
    if let Some(difference) = settings.refusal(&loaded.model) {
        return Err(refuse(difference));
    }
    if let Some(difference) = disagreement(arguments, &settings, &loaded, terminal)? {
        return Err(refuse(format!("was begun differently: {difference}")).help(
            "leave that out to go on as it began, or begin a new training without `--resume`",
        ));
    }
    let choice = match &arguments.device {
        Some(choice) => choice.clone(),
        None => settings.device.parse().map_err(Failure::input)?,
    };
    let selected = choice.select()?;
    if folder.test().is_file() {
        terminal.note("this training is over; `termc eval` measures it again");
        terminal.line(path.display().to_string())?;
        return Ok(None);
    }
    let checkpoint = checkpoint::latest(&folder.checkpoints(), |path, reason| {
        terminal.warn(&format!(
            "passing over checkpoint `{}`: {reason}",
            path.display()
        ));
    })?;
    match &checkpoint {
        Some(checkpoint) => terminal.note(&format!("going on from step {}", checkpoint.state.step)),
        None => terminal.note("no checkpoint yet; beginning anew"),
    }
    Ok(Some(Prepared {
        loaded,
        settings,
        selected,
        folder,
        checkpoint,
    }))
}

/// What the call says otherwise than the folder does.
fn disagreement(
    arguments: &Arguments,
    settings: &Settings,
    loaded: &Loaded,
    terminal: &Terminal,
) -> Result<Option<String>, Failure> {
    if let Some(path) = &arguments.model {
        let given = model::check(model::read(path)?, &arguments.changes, terminal)?;
        if let Some(line) = first_difference(&loaded.model.source, &given.model.source) {
            return Ok(Some(line));
        }
    } else if arguments.changes.variant.is_some() || !arguments.changes.sets.is_empty() {
        return Err(
            Failure::usage("`--variant` and `--set` change a MODEL, and none is given")
                .help("a resumed training keeps the model it began with; leave them out"),
        );
    }
    let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let number = |n: Option<u32>| n.map(|n| n.to_string());
    let dataset = arguments.data.dataset.as_ref().map(|source| match source {
        Source::Folder(folder) => Source::Folder(absolute(folder)).to_string(),
        source => source.to_string(),
    });
    let folder = |path: &Option<PathBuf>| path.as_ref().map(|p| absolute(p).display().to_string());
    let recorded_limit = settings.limit.map_or("none".into(), |n| n.to_string());
    let recorded_folder = settings.data_dir.as_ref().map(|p| p.display().to_string());
    let same = [
        ("--dataset", dataset, settings.dataset.clone()),
        (
            "--data-dir",
            folder(&arguments.data.data_dir),
            recorded_folder.unwrap_or("the default".into()),
        ),
        (
            "--epochs",
            number(arguments.epochs),
            settings.epochs.to_string(),
        ),
        (
            "--batch",
            number(arguments.batch),
            settings.batch.to_string(),
        ),
        ("--limit", number(arguments.limit), recorded_limit),
        (
            "--seed",
            arguments.seed.map(|n| n.to_string()),
            settings.seed.to_string(),
        ),
        (
            "--val",
            arguments.val.map(|v| v.to_string()),
            settings.val.to_string(),
        ),
        (
            "--protocol",
            arguments.protocol.map(|p| format!("{p:?}").to_lowercase()),
            format!("{:?}", settings.protocol).to_lowercase(),
        ),
        (
            "--precision",
            arguments.precision.map(|p| p.name().into()),
            settings.precision.clone(),
        ),
        (
            "--kernels",
            arguments.kernels.map(|k| k.name().into()),
            settings.kernels.clone(),
        ),
        (
            "--checkpoint-every",
            arguments.checkpoint_every.map(|i| i.to_string()),
            settings.checkpoint_every.to_string(),
        ),
        ("--keep", number(arguments.keep), settings.keep.to_string()),
        (
            "--log-every",
            number(arguments.log_every),
            settings.log_every.to_string(),
        ),
    ];
    Ok(same.into_iter().find_map(|(option, given, recorded)| {
        let given = given.filter(|given| *given != recorded)?;
        Some(format!("`{option}` was {recorded}, now it is {given}"))
    }))
}

/// The first line in which two canonical sources differ.
fn first_difference(recorded: &str, given: &str) -> Option<String> {
    if recorded == given {
        return None;
    }
    let mut lines = (recorded.lines().map(Some).chain(std::iter::repeat(None)))
        .zip(given.lines().map(Some).chain(std::iter::repeat(None)))
        .enumerate()
        .take(recorded.lines().count().max(given.lines().count()));
    let (number, (theirs, ours)) = lines.find(|(_, (a, b))| a != b)?;
    let show =
        |line: Option<&str>| line.map_or("nothing".to_owned(), |l| format!("`{}`", l.trim()));
    Some(format!(
        "line {} of its model is {}, of this one {}",
        number + 1,
        show(theirs),
        show(ours)
    ))
}

/// The first signal asks for a stop, the second ends the program at once.
fn stop_on_signals(stop: &Arc<AtomicBool>) -> Result<(), Failure> {
    let stop = stop.clone();
    ctrlc::set_handler(move || {
        if stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("stopping after this step; again to stop at once");
    })
    .map_err(|error| Failure::machine(format!("cannot listen for signals: {error}")))
}
