//! Prepares to go on with a training from its RUN folder, and refuses what does not agree with the folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use termc_runtime::data::{Identity, Source};
use termc_runtime::train::checkpoint;
use termc_runtime::train::{RunFolder, Settings};

use super::nodes::Terms;
use super::{Arguments, Prepared, enough_for_all};
use crate::cli::{ChangeArgs, DataArgs};
use crate::data;
use crate::failure::Failure;
use crate::model::{self, Loaded};
use crate::terminal::Terminal;

/// A training from its RUN folder; None if it is over already.
pub fn prepare(
    path: &Path,
    arguments: &Arguments,
    stop: &Arc<AtomicBool>,
    terminal: &Terminal,
) -> Result<Option<Prepared>, Failure> {
    // Only one process writes; the other nodes read the same folder, or a copy of it.
    let (folder, settings) = match arguments.nodes.records() {
        true => RunFolder::resume(path)?,
        false => RunFolder::open(path)?,
    };
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
    let recorded = data::recorded(Some(&settings), &loaded.text);
    let dataset = data::open(&DataArgs::default(), recorded, &loaded.model)?;
    let now = Identity::of(&dataset);
    if let Some((what, before, now)) = settings.data.as_ref().and_then(|d| d.difference(&now)) {
        let message = format!(
            "{what} of `{}` was {before} when the training began and is {now}",
            settings.dataset
        );
        return Err(Failure::input(message)
            .help("put the files back as they were, or begin a new training with `--out`"));
    }
    let terms = Terms {
        loaded: &loaded,
        settings: &settings,
        dataset: &dataset,
        checkpoint: checkpoint.as_ref(),
        selected: &selected,
    };
    let nodes = arguments.nodes.join(&terms, stop, terminal)?;
    enough_for_all(settings.batch, &selected, nodes.as_ref())?;
    Ok(Some(Prepared {
        loaded,
        settings,
        selected,
        dataset,
        folder: arguments.nodes.records().then_some(folder),
        checkpoint,
        nodes,
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
