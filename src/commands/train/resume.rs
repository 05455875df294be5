//! Prepares to go on with a training from its RUN folder, and refuses what does not agree with the folder.

use std::collections::HashSet;
use std::path::Path;

use termc_runtime::data::Dataset;
use termc_runtime::device::Selected;
use termc_runtime::model::{Compute, DatasetChoice};
use termc_runtime::tensors::Tensors;
use termc_runtime::train::checkpoint::{self, Checkpoint};
use termc_runtime::train::ranks::{Communicator, Fingerprint, ROOT, gather_values};
use termc_runtime::train::{RunFolder, Settings};

use super::begin::tell_start;
use super::ranks::{Ended, agree, describe_devices, require_equal, select_device, together};
use super::{Arguments, Prepared};
use crate::cli::{ChangeArgs, fetching};
use crate::failure::Failure;
use crate::model::{self, CheckedSource};
use crate::terminal::Terminal;

/// A training from its RUN folder; None if it is over already.
pub fn prepare(
    path: &Path,
    arguments: &Arguments,
    ranks: &dyn Communicator,
    terminal: &Terminal,
) -> Result<Option<Prepared>, Ended> {
    let opened = agree(ranks, "its start", open(path, arguments, ranks, terminal))?;
    let over = gather_values(ranks, "whether it is over", opened.is_none())?;
    if over.contains(&true) && over.contains(&false) {
        let message = format!("`{}` is not the same folder on all ranks", path.display());
        return Err(together(ranks, Failure::input(message)));
    }
    let Some(opened) = opened else {
        return Ok(None);
    };
    let Opened {
        folder,
        checked,
        settings,
        selected,
        dataset,
        checkpoint,
        start,
        changed,
    } = opened;
    let kind = selected.kind.to_string();
    let resumed = checkpoint.as_ref();
    let fingerprint = Fingerprint::new(&checked.model, &settings, &dataset, resumed, &kind);
    require_equal(ranks, &fingerprint)?;
    if ranks.rank() == ROOT && changed {
        folder.go_on_with(&settings)?;
    }
    Ok(Some(Prepared {
        start,
        devices: describe_devices(ranks, &selected, settings.batch)?,
        checked,
        settings,
        selected,
        dataset,
        folder: Some(folder).filter(|_| ranks.rank() == ROOT),
        checkpoint,
    }))
}

/// What can be prepared without the other ranks.
struct Opened {
    folder: RunFolder,
    checked: CheckedSource,
    settings: Settings,
    selected: Selected,
    dataset: Dataset,
    checkpoint: Option<Checkpoint>,
    start: Option<Tensors>,
    /// Whether the settings are no longer those of the folder.
    changed: bool,
}

fn open(
    path: &Path,
    arguments: &Arguments,
    ranks: &dyn Communicator,
    terminal: &Terminal,
) -> Result<Option<Opened>, Failure> {
    // Only one process writes; the other ranks read the same folder, or a copy of it.
    let (folder, recorded) = match ranks.rank() {
        ROOT => RunFolder::resume(path)?,
        _ => RunFolder::open(path)?,
    };
    let checked = model::check(model::read(path)?, &ChangeArgs::default(), terminal)?;
    let refuse = |what: String| Failure::input(format!("`{}` {what}", path.display()));
    if let Some(difference) = recorded.refusal(&checked.model) {
        return Err(refuse(difference));
    }
    if let Some(difference) = disagreement(arguments, &recorded, &checked, terminal)? {
        return Err(refuse(format!("was begun differently: {difference}")).help(
            "leave that out to go on as it began, or begin a new training without `--resume`",
        ));
    }
    let choice = arguments.device.as_ref().unwrap_or(&recorded.device);
    let selected = select_device(choice, ranks)?;
    Compute::require_precision(&selected, recorded.precision)?;
    let settings = going_on(arguments, &recorded)?;
    if folder.test().is_file() && settings.epochs == recorded.epochs {
        terminal.note("this training is over; `termc eval` measures it again");
        if ranks.rank() == ROOT {
            terminal.line(path.display().to_string())?;
        }
        return Ok(None);
    }
    let checkpoint = checkpoint::latest(&folder.checkpoints(), |path, reason| {
        terminal.warn(&format!(
            "passing over checkpoint `{}`: {reason}",
            path.display()
        ));
    })?;
    let done = checkpoint
        .as_ref()
        .map_or(0, |checkpoint| checkpoint.state.epoch);
    if settings.epochs < done {
        let message = format!("`--epochs {}`: {done} epochs are done", settings.epochs);
        return Err(Failure::usage(message).help("name more, or leave it out"));
    }
    let mut start = None;
    match &checkpoint {
        Some(checkpoint) => terminal.note(&format!("going on from step {}", checkpoint.state.step)),
        None if folder.has_record() => {
            return Err(
                refuse("has no checkpoint of the training that it records".into())
                    .help("put `checkpoints` back as it was, or begin a new training with `--out`"),
            );
        }
        None => {
            terminal.note("no checkpoint yet; beginning anew");
            if let Some(recorded) = &settings.start {
                let found = checked.recorded_start(recorded)?;
                start = Some(tell_start(found, &checked, terminal));
            }
        }
    }
    if settings.epochs != recorded.epochs {
        terminal.note(&format!(
            "for {} epochs in place of {}: the learning rate follows its schedule over all of them from here on",
            settings.epochs, recorded.epochs
        ));
    }
    let choice = DatasetChoice {
        data_dir: arguments.data.data_dir.clone(),
        skip_damaged: arguments.data.skip_damaged,
        fetch: fetching(terminal),
        ..DatasetChoice::default()
    };
    let dataset = checked.open_dataset(&choice, Some(&settings));
    let moved = format!("{}, or begin a new training with `--out`", model::MOVED);
    let dataset = dataset.map_err(|error| Failure::from(error).or_help(&moved))?;
    terminal.warn_of(&dataset);
    if let Some(change) = settings.data_change(&dataset) {
        return Err(Failure::input(change).help(moved));
    }
    Ok(Some(Opened {
        start,
        changed: settings != recorded,
        folder,
        checked,
        settings,
        selected,
        dataset,
        checkpoint,
    }))
}

/// The settings to go on with: the folder's, but for the number of epochs and the place of the data set.
fn going_on(arguments: &Arguments, recorded: &Settings) -> Result<Settings, Failure> {
    let dataset = model::named_dataset(&arguments.data, Some(&recorded.dataset))?;
    let same = dataset
        .as_ref()
        .is_none_or(|dataset| *dataset == recorded.dataset);
    let data_dir = arguments.data.data_dir.as_deref().map(model::absolute);
    Ok(Settings {
        epochs: arguments.epochs.map_or(recorded.epochs, |n| n as usize),
        // Another data set is not where that of the record was.
        data_dir: data_dir.or(recorded.data_dir.clone().filter(|_| same)),
        dataset: dataset.unwrap_or(recorded.dataset.clone()),
        ..recorded.clone()
    })
}

/// What the call says otherwise than the folder does.
fn disagreement(
    arguments: &Arguments,
    settings: &Settings,
    checked: &CheckedSource,
    terminal: &Terminal,
) -> Result<Option<String>, Failure> {
    if let Some(path) = &arguments.model {
        let given = model::check(model::read(path)?, &arguments.changes, terminal)?;
        if let Some(line) = first_difference(checked.model.source(), given.model.source()) {
            return Ok(Some(line));
        }
    } else if arguments.changes.name.is_some() || !arguments.changes.sets.is_empty() {
        return Err(
            Failure::usage("`--model` and `--set` change a MODEL, and none is given")
                .help("a resumed training keeps the model it began with; leave them out"),
        );
    }
    let number = |n: Option<u32>| n.map(|n| n.to_string());
    let recorded_limit = settings.limit.map_or("none".into(), |n| n.to_string());
    let same = [
        (
            "--fit",
            arguments.data.fit.map(|fit| fit.to_string()),
            settings.fit.to_string(),
        ),
        (
            "--test",
            arguments.data.test.map(|test| test.to_string()),
            settings.test.map_or("none".into(), |test| test.to_string()),
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
            arguments.protocol.map(|p| p.to_string()),
            settings.protocol.to_string(),
        ),
        (
            "--precision",
            arguments.precision.map(|p| p.to_string()),
            settings.precision.to_string(),
        ),
        (
            "--kernels",
            arguments.kernels.map(|k| k.to_string()),
            settings.kernels.to_string(),
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

/// The first line that only one of two canonical sources has; one that only tells their names says little.
fn first_difference(recorded: &str, given: &str) -> Option<String> {
    if recorded == given {
        return None;
    }
    let only = |here: &str, there: &str| {
        let others: HashSet<&str> = there.lines().map(str::trim).collect();
        let lines = here.lines().map(str::trim).filter(|l| !others.contains(l));
        let (names, lines): (Vec<&str>, Vec<&str>) = lines.partition(|l| l.starts_with("variant "));
        let first = lines.first().or(names.first()).copied();
        first.map(|line| format!("`{line}`"))
    };
    Some(match (only(recorded, given), only(given, recorded)) {
        (Some(theirs), Some(ours)) => format!("its model has {theirs}, this one {ours}"),
        (Some(theirs), None) => format!("this model lacks {theirs}"),
        (None, Some(ours)) => format!("its model lacks {ours}"),
        (None, None) => "the lines of its model have another order".to_owned(),
    })
}
