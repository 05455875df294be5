//! Prepares a new training: its settings from the call, the model and the defaults, and its RUN folder.

use std::io::ErrorKind;
use std::path::Path;

use termc_runtime::Error;
use termc_runtime::data::{Dataset, split};
use termc_runtime::device::Selected;
use termc_runtime::model::{Compute, DatasetChoice, StartWeights};
use termc_runtime::tensors::Tensors;
use termc_runtime::train::ranks::{Communicator, Fingerprint, ROOT};
use termc_runtime::train::{Protocol, RunFolder, Settings};

use super::ranks::{Ended, agree, describe_devices, require_equal, select_device};
use super::{Arguments, Prepared};
use crate::failure::Failure;
use crate::model::{self, CheckedSource};
use crate::terminal::Terminal;

/// A new training.
pub fn prepare(
    arguments: &Arguments,
    ranks: &dyn Communicator,
    terminal: &Terminal,
) -> Result<Prepared, Ended> {
    // Before a folder is made: the data set and the other ranks must be there and fit.
    let opened = agree(ranks, "its start", open(arguments, ranks, terminal))?;
    let Opened {
        checked,
        selected,
        dataset,
        mut settings,
        start,
    } = opened;
    let kind = selected.kind.to_string();
    let fingerprint = Fingerprint::new(&checked.model, &settings, &dataset, None, &kind);
    require_equal(ranks, &fingerprint)?;
    settings.device_used = describe_devices(ranks, &selected, settings.batch)?;
    let folder = match ranks.rank() {
        ROOT => folder(arguments, &checked, &settings).map(Some),
        _ => Ok(None),
    };
    Ok(Prepared {
        devices: settings.device_used.clone(),
        folder: agree(ranks, "its folder", folder)?,
        checked,
        settings,
        selected,
        dataset,
        checkpoint: None,
        start,
    })
}

/// What can be prepared without the other ranks.
struct Opened {
    checked: CheckedSource,
    selected: Selected,
    dataset: Dataset,
    settings: Settings,
    start: Option<Tensors>,
}

fn open(
    arguments: &Arguments,
    ranks: &dyn Communicator,
    terminal: &Terminal,
) -> Result<Opened, Failure> {
    let path = arguments.model.as_deref().unwrap_or(Path::new("-"));
    let checked = model::check(model::read(path)?, &arguments.changes, terminal)?;
    checked.refuse_frozen("it can no longer be trained")?;
    checked.require_parameters()?;
    if let (ROOT, Some(out)) = (ranks.rank(), &arguments.out) {
        require_free(out)?;
    }
    let choice = arguments.device.clone().unwrap_or_default();
    let compute = Compute {
        device: select_device(&choice, ranks)?,
        choice,
        kernels: arguments.kernels.unwrap_or_default(),
        precision: arguments.precision.unwrap_or_default(),
    };
    Compute::require_precision(&compute.device, compute.precision)?;
    let choice = DatasetChoice {
        seed: arguments.seed,
        ..arguments.data.choice(terminal)?
    };
    let dataset = checked.open_dataset(&choice, None)?;
    terminal.warn_of(&dataset);
    if dataset.validation.is_some() && arguments.val.is_some_and(|val| val > 0.0) {
        return Err(
            Failure::usage("`--val`: the data set has validation images of its own")
                .help("leave out `--val` or take `--val 0` to train without validation"),
        );
    }
    let defaults = checked.default_settings(&dataset, &compute)?;
    let mut settings = settings(arguments, defaults)?;
    split(&dataset, &settings.split_options()).map_err(Error::from)?;
    let start = match &arguments.weights {
        Some(path) => {
            let found = checked.start_weights(path)?;
            settings.start = Some(found.start.clone());
            Some(tell_start(found, &checked, terminal))
        }
        None => None,
    };
    Ok(Opened {
        start,
        checked,
        selected: compute.device,
        dataset,
        settings,
    })
}

/// Says which parameters are not among the weights that a training begins with; gives the weights.
pub fn tell_start(found: StartWeights, checked: &CheckedSource, terminal: &Terminal) -> Tensors {
    if let Some(warning) = &found.warning {
        terminal.warn(warning);
    }
    let place = found.start.weights.display();
    match &found.fresh {
        None => terminal.note(&format!("beginning with the weights of `{place}`")),
        Some((paths, classes)) => {
            let paths: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
            terminal.note(&format!(
                "beginning with the weights of `{place}`, which are of {classes} classes; new, for {}: {}",
                checked.model.classes,
                paths.join(", ")
            ));
        }
    }
    found.tensors
}

/// Refuses a place for the RUN folder where something is.
fn require_free(out: &Path) -> Result<(), Failure> {
    let shown = out.display();
    let taken = match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == ErrorKind::NotADirectory && out.exists() => {
            let message = format!("`--out {shown}`: a file is there");
            return Err(Failure::usage(message).help("choose another name"));
        }
        // What else is wrong with it is told when it is made.
        Err(_) => false,
    };
    if !taken {
        return Ok(());
    }
    let help = match RunFolder::open(out) {
        Ok(_) => format!("choose another, or go on with `termc train --resume {shown}`"),
        Err(_) => "choose another name".to_owned(),
    };
    Err(Failure::usage(format!("`--out {shown}`: the folder is not empty")).help(help))
}

/// Makes the RUN folder.
fn folder(
    arguments: &Arguments,
    checked: &CheckedSource,
    settings: &Settings,
) -> Result<RunFolder, Failure> {
    let source = checked.model.source();
    match &arguments.out {
        Some(path) => Ok(RunFolder::create(path, source, settings)?),
        None => {
            let name = checked.model.name.chars();
            let name: String = name.filter(|c| c.is_alphanumeric()).collect();
            let made = RunFolder::create_numbered(Path::new("runs"), &name, source, settings);
            Ok(made?)
        }
    }
}

/// The settings that the call asks for; of what it does not name the defaults.
fn settings(arguments: &Arguments, defaults: Settings) -> Result<Settings, Failure> {
    let count = |given: Option<u32>, default: usize| given.map_or(default, |n| n as usize);
    let protocol = arguments.protocol.unwrap_or(defaults.protocol);
    let val = match protocol {
        Protocol::Honest => arguments.val.unwrap_or(defaults.val),
        Protocol::Published if arguments.val.is_some() => {
            return Err(
                Failure::usage("`--protocol published` validates on the test part")
                    .help("leave out `--val` or the protocol"),
            );
        }
        Protocol::Published => 0.0,
    };
    let dataset = model::named_dataset(&arguments.data, None)?;
    Ok(Settings {
        dataset: dataset.unwrap_or_else(|| defaults.dataset.clone()),
        data_dir: arguments.data.data_dir.as_deref().map(model::absolute),
        seed: arguments.seed.unwrap_or(defaults.seed),
        epochs: count(arguments.epochs, defaults.epochs),
        batch: count(arguments.batch, defaults.batch),
        limit: arguments.limit.map(|n| n as usize),
        protocol,
        val,
        checkpoint_every: arguments
            .checkpoint_every
            .unwrap_or(defaults.checkpoint_every),
        keep: count(arguments.keep, defaults.keep),
        log_every: count(arguments.log_every, defaults.log_every),
        ..defaults
    })
}
