//! From `--dataset` to a data set that fits the model: what the call says, else what the RUN folder says.

use std::path::PathBuf;

use termc_compiler::model::{Model, Normalize};
use termc_runtime::data::{Dataset, Options, Source, fit, open as open_source};
use termc_runtime::train::{RunFolder, Settings, normalize};

use crate::cli::DataArgs;
use crate::failure::Failure;
use crate::model::{Loaded, Text};

/// The settings of the RUN folder a model came from.
pub fn settings(text: &Text) -> Result<Option<Settings>, Failure> {
    match &text.run {
        Some(folder) => Ok(Some(RunFolder::open(folder)?.1)),
        None => Ok(None),
    }
}

/// The data set and its folder that a RUN folder or a frozen file names.
#[derive(Clone, Debug)]
pub struct Recorded {
    dataset: String,
    data_dir: Option<PathBuf>,
}

/// What a MODEL argument says of its data set.
pub fn recorded(settings: Option<&Settings>, text: &Text) -> Option<Recorded> {
    let of_run = settings.map(|s| Recorded {
        dataset: s.dataset.clone(),
        data_dir: s.data_dir.clone(),
    });
    let of_file = text.frozen.as_ref().map(|card| Recorded {
        dataset: card.dataset.clone(),
        data_dir: None,
    });
    of_run.or(of_file)
}

/// What pixels are normalized with: a frozen file states it, else the model's recipe, else the data set.
pub fn normalization(loaded: &Loaded, dataset: &Dataset) -> Normalize {
    match &loaded.text.frozen {
        Some(card) => card.normalize(),
        None => normalize(&loaded.model, dataset).clone(),
    }
}

/// Opens the data set and refuses one that does not fit the model.
pub fn open(
    arguments: &DataArgs,
    recorded: Option<Recorded>,
    model: &Model,
) -> Result<Dataset, Failure> {
    let source: Source = match (&arguments.dataset, &recorded) {
        (Some(source), _) => source.clone(),
        (None, Some(recorded)) => recorded.dataset.parse().map_err(Failure::input)?,
        (None, None) => {
            return Err(Failure::usage("the data set is not named")
                .help("add for example `--dataset digits` or `--dataset CIFAR10 --data-dir DIR`"));
        }
    };
    let options = Options {
        data_dir: arguments
            .data_dir
            .clone()
            .or(recorded.and_then(|r| r.data_dir)),
        ..Options::default()
    };
    let dataset = open_source(&source, &options).map_err(termc_runtime::Error::from)?;
    fit(model, &dataset).map_err(Failure::input)?;
    Ok(dataset)
}
