//! From `--dataset` to a data set that fits the model: what the call says, else what the RUN folder says.

use termc_compiler::model::Model;
use termc_runtime::data::{Dataset, Options, Source, fit, open as open_source};
use termc_runtime::train::{RunFolder, Settings};

use crate::cli::DataArgs;
use crate::failure::Failure;
use crate::model::Text;

/// The settings of the RUN folder a model came from.
pub fn settings(text: &Text) -> Result<Option<Settings>, Failure> {
    match &text.run {
        Some(folder) => Ok(Some(RunFolder::open(folder)?.1)),
        None => Ok(None),
    }
}

/// Opens the data set and refuses one that does not fit the model.
pub fn open(
    arguments: &DataArgs,
    settings: Option<&Settings>,
    model: &Model,
) -> Result<Dataset, Failure> {
    let source: Source = match (&arguments.dataset, settings) {
        (Some(source), _) => source.clone(),
        (None, Some(settings)) => settings.dataset.parse().map_err(Failure::input)?,
        (None, None) => {
            return Err(Failure::usage("the data set is not named")
                .help("add for example `--dataset digits` or `--dataset CIFAR10 --data-dir DIR`"));
        }
    };
    let recorded = settings.and_then(|s| s.data_dir.clone());
    let options = Options {
        data_dir: arguments.data_dir.clone().or(recorded),
        ..Options::default()
    };
    let dataset = open_source(&source, &options).map_err(termc_runtime::Error::from)?;
    fit(model, &dataset).map_err(Failure::input)?;
    Ok(dataset)
}
