//! Prepares a new training: its settings from the call, the model and the defaults, and its RUN folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use termc_runtime::Error;
use termc_runtime::data::{Dataset, Identity, Source, split};
use termc_runtime::device::Selected;
use termc_runtime::train::{FORMAT, Interval, Protocol, RunFolder, Settings};

use super::nodes::Terms;
use super::{Arguments, Prepared, ProtocolChoice, all_devices, enough_for_all};
use crate::data;
use crate::failure::Failure;
use crate::model::{self, Loaded};
use crate::terminal::Terminal;

/// A new training.
pub fn prepare(
    arguments: &Arguments,
    stop: &Arc<AtomicBool>,
    terminal: &Terminal,
) -> Result<Prepared, Failure> {
    let path = arguments.model.as_deref().unwrap_or(Path::new("-"));
    let loaded = model::check(model::read(path)?, &arguments.changes, terminal)?;
    model::refuse_frozen(&loaded, "it can no longer be trained")?;
    model::require_parameters(&loaded)?;
    let selected = arguments.device.clone().unwrap_or_default().select()?;
    arguments
        .precision
        .unwrap_or_default()
        .refuse_on(&selected)?;
    // Before a folder is made: the data set and the other nodes must be there and fit.
    let dataset = data::open(&arguments.data, None, &loaded.model)?;
    let mut settings = settings(arguments, &loaded, &dataset, &selected)?;
    split(&dataset, &settings.split_options()).map_err(Error::from)?;
    let terms = Terms {
        loaded: &loaded,
        settings: &settings,
        dataset: &dataset,
        checkpoint: None,
        selected: &selected,
    };
    let nodes = arguments.nodes.join(&terms, stop, terminal)?;
    enough_for_all(settings.batch, &selected, nodes.as_ref())?;
    settings.device_used = all_devices(&selected, nodes.as_ref());
    let folder = match arguments.nodes.records() {
        true => Some(folder(arguments, &loaded, &settings)?),
        false => None,
    };
    Ok(Prepared {
        loaded,
        settings,
        selected,
        dataset,
        folder,
        checkpoint: None,
        nodes,
    })
}

/// Makes the RUN folder.
fn folder(
    arguments: &Arguments,
    loaded: &Loaded,
    settings: &Settings,
) -> Result<RunFolder, Failure> {
    let source = &loaded.model.source;
    match &arguments.out {
        Some(path) => RunFolder::create(path, source, settings).map_err(|error| {
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
        }),
        None => {
            let name: String = loaded
                .model
                .name
                .chars()
                .filter(|c| c.is_alphanumeric())
                .collect();
            let made = RunFolder::create_numbered(Path::new("runs"), &name, source, settings);
            Ok(made?)
        }
    }
}

fn settings(
    arguments: &Arguments,
    loaded: &Loaded,
    dataset: &Dataset,
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
        None => dataset.name.clone(),
    };
    Ok(Settings {
        format: FORMAT,
        termc: env!("CARGO_PKG_VERSION").into(),
        model: loaded.model.name.clone(),
        parameters: loaded.model.parameter_count(),
        dataset: named,
        data_dir: arguments.data.data_dir.as_ref().map(absolute),
        data: Some(Identity::of(dataset)),
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
