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
    classes: Option<Vec<String>>,
}

/// What a MODEL argument says of its data set.
pub fn recorded(settings: Option<&Settings>, text: &Text) -> Option<Recorded> {
    let of_run = settings.map(|s| Recorded {
        dataset: s.dataset.clone(),
        data_dir: s.data_dir.clone(),
        classes: s.data.as_ref().map(|data| data.classes.clone()),
    });
    let of_file = text.frozen.as_ref().map(|card| Recorded {
        dataset: card.dataset.clone(),
        data_dir: None,
        classes: Some(card.classes.clone()),
    });
    of_run.or(of_file)
}

/// What pixels are normalized with: a frozen file states it, else the model's recipe, else what the training part had, of
/// which the RUN folder tells.
pub fn normalization(loaded: &Loaded, settings: Option<&Settings>, dataset: &Dataset) -> Normalize {
    let trained = settings.and_then(|settings| settings.data.as_ref());
    match (&loaded.text.frozen, trained) {
        (Some(card), _) => card.normalize(),
        (None, Some(data)) if loaded.model.train.normalize.is_none() => Normalize {
            mean: data.mean.clone(),
            std: data.std.clone(),
        },
        _ => normalize(&loaded.model, dataset).clone(),
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
            .or(recorded.as_ref().and_then(|r| r.data_dir.clone())),
        ..Options::default()
    };
    let dataset = open_source(&source, &options).map_err(termc_runtime::Error::from)?;
    fit(model, &dataset).map_err(Failure::input)?;
    let known = recorded.and_then(|recorded| recorded.classes);
    let mut names = known.iter().flatten().zip(&dataset.classes).enumerate();
    let different = names.find(|(_, (trained, found))| trained != found);
    if let Some((label, (trained, found))) = different {
        let message = format!(
            "class {label} is `{found}` in `{}`; the model was trained with `{trained}` there",
            dataset.name
        );
        return Err(
            Failure::input(message).help("classes have to have the same names in the same order")
        );
    }
    Ok(dataset)
}
