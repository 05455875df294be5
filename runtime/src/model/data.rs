//! From a model's source to its data set: what the caller says, else what the RUN folder or the frozen file recorded.
//! Reads no format of data sets itself.

use std::path::PathBuf;

use termc_compiler::model::Normalize;
use termc_data::fetch::FetchOptions;
use termc_data::{
    Arrangement, Dataset, DatasetOptions, DatasetSource, Drawn, Fit, open, require_compatible,
};

use super::{CheckedSource, ModelError, image_shape};
use crate::Error;
use crate::train::{RunFolder, Settings, normalize};

/// Which data set to open.
#[derive(Clone, Debug, Default)]
pub struct DatasetChoice {
    /// The data set; None for the one that the model was trained on.
    pub dataset: Option<DatasetSource>,
    /// Where its files are; None for where they were in training, else the platform's cache folder.
    pub data_dir: Option<PathBuf>,
    /// How images of other sizes are fitted to the model's; None for what the training did, else [`Fit::Crop`].
    pub fit: Option<Fit>,
    /// The part of each class of a folder that tests, where the folder has none; None for what the training did, else a
    /// fifth.
    pub test: Option<f64>,
    /// Decides which images that are; None for what the training did, else 0.
    pub seed: Option<u64>,
    /// How to fetch a published data set that is not there.
    pub fetch: FetchOptions,
    /// Leave out image files of a folder that cannot be read, with a warning in the data set, instead of failing.
    pub skip_damaged: bool,
}

/// What a RUN folder or a frozen file says of the data set of the training.
#[derive(Clone, Debug)]
struct RecordedDataset {
    name: String,
    data_dir: Option<PathBuf>,
    classes: Option<Vec<String>>,
    fit: Fit,
    drawn: Option<Drawn>,
}

/// What turns the pixels of an image into a network's input and its output into a class name.
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocessing {
    /// Class names by label.
    pub classes: Vec<String>,
    /// What pixels are normalized with.
    pub normalize: Normalize,
    /// How pictures of other sizes than the model's are fitted to it.
    pub fit: Fit,
    /// How pixels were arranged in training.
    pub arrangement: Arrangement,
}

impl CheckedSource {
    /// The settings of the RUN folder that the model came from; None if it came from elsewhere.
    ///
    /// # Errors
    /// If the folder's `config.json` cannot be read or is of another format.
    pub fn settings(&self) -> Result<Option<Settings>, Error> {
        match &self.source.run {
            Some(folder) => Ok(Some(RunFolder::open(folder)?.1)),
            None => Ok(None),
        }
    }

    /// Opens the data set and refuses one that does not fit the model.
    ///
    /// # Errors
    /// If none is named or recorded, it cannot be read, its images or classes do not fit the model, or the classes have
    /// other names than in training.
    pub fn open_dataset(
        &self,
        choice: &DatasetChoice,
        settings: Option<&Settings>,
    ) -> Result<Dataset, Error> {
        let recorded = self.recorded_dataset(settings);
        let source: DatasetSource = match (&choice.dataset, &recorded) {
            (Some(source), Some(recorded)) => {
                let trained = Arrangement::of(&recorded.name);
                source.clone().arranged_as(trained)?
            }
            (Some(source), None) => source.clone(),
            (None, Some(recorded)) => recorded.name.parse()?,
            (None, None) => return Err(ModelError::NoDataset.into()),
        };
        if choice.data_dir.is_some()
            && let Some(folder) = source.folder()
        {
            return Err(ModelError::DataDirOfFolder(folder.to_owned()).into());
        }
        if source.folder().is_none() {
            let asked = [
                (
                    choice.test.is_some(),
                    "--test",
                    "the data set has a test part of its own",
                ),
                (
                    choice.skip_damaged,
                    "--skip-damaged",
                    "the data set has no files of pictures",
                ),
            ];
            if let Some((_, option, why)) = asked.into_iter().find(|(asked, ..)| *asked) {
                return Err(ModelError::OfFolders { option, why }.into());
            }
        }
        let recorded_dir = recorded.as_ref().and_then(|r| r.data_dir.clone());
        let input = &self.model.input;
        let drawn = recorded.as_ref().and_then(|r| r.drawn);
        let defaults = DatasetOptions::default();
        let options = DatasetOptions {
            data_dir: choice.data_dir.clone().or(recorded_dir),
            channels: Some(input.channels),
            size: match (image_shape(&self.model), input.sizes.as_slice()) {
                // Of such sequences the images say which rows and columns the positions are.
                ([_, _, 1], [_]) => None,
                ([_, height, width], _) => Some([height, width]),
            },
            fit: choice
                .fit
                .or(recorded.as_ref().map(|r| r.fit))
                .unwrap_or_default(),
            test: choice.test,
            drawn: drawn.map_or(defaults.drawn, |drawn| drawn.fraction),
            seed: choice
                .seed
                .or(drawn.map(|drawn| drawn.seed))
                .unwrap_or(defaults.seed),
            skip_damaged: choice.skip_damaged,
            fetch: choice.fetch.clone(),
            ..defaults
        };
        let dataset = open(&source, &options)?;
        require_compatible(&self.model, &dataset).map_err(|e| Error::Input(e.to_string()))?;
        let known = recorded.and_then(|recorded| recorded.classes);
        let mut names = known.iter().flatten().zip(&dataset.classes).enumerate();
        match names.find(|(_, (trained, found))| trained != found) {
            None => Ok(dataset),
            Some((label, (trained, found))) => Err(ModelError::OtherClasses {
                label,
                found: found.clone(),
                dataset: dataset.name.clone(),
                trained: trained.clone(),
            }
            .into()),
        }
    }

    /// What pixels are normalized with: a frozen file states it, else the model's recipe, else what the training part had,
    /// of which the RUN folder tells.
    pub fn normalization(&self, settings: Option<&Settings>, dataset: &Dataset) -> Normalize {
        let trained = settings.and_then(|settings| settings.data.as_ref());
        match (&self.source.frozen, trained) {
            (Some(card), _) => card.normalize(),
            (None, Some(data)) if self.model.train.normalize.is_none() => Normalize {
                mean: data.mean.clone(),
                std: data.std.clone(),
            },
            _ => normalize(&self.model, dataset).clone(),
        }
    }

    /// Class names and normalization of the training, from the frozen file or the RUN folder; the data set is opened only
    /// where an old folder does not tell.
    ///
    /// # Errors
    /// If neither says it, as for a weight file by itself, or the data set cannot be opened.
    pub fn preprocessing(&self) -> Result<Preprocessing, Error> {
        let settings = self.settings()?;
        let recorded = self.recorded_dataset(settings.as_ref());
        let Some(recorded) = recorded else {
            return Err(ModelError::NoPreprocessing(self.source.name.clone()).into());
        };
        let arrangement = Arrangement::of(&recorded.name);
        if let Some(card) = &self.source.frozen {
            return Ok(Preprocessing {
                arrangement,
                classes: card.classes.clone(),
                normalize: card.normalize(),
                fit: card.fit,
            });
        }
        if let Some(data) = settings.as_ref().and_then(|s| s.data.as_ref()) {
            let of_data = || Normalize {
                mean: data.mean.clone(),
                std: data.std.clone(),
            };
            return Ok(Preprocessing {
                arrangement,
                classes: data.classes.clone(),
                normalize: self.model.train.normalize.clone().unwrap_or_else(of_data),
                fit: settings
                    .as_ref()
                    .map_or_else(Fit::default, |settings| settings.fit),
            });
        }
        let dataset = self.open_dataset(&DatasetChoice::default(), settings.as_ref())?;
        Ok(Preprocessing {
            arrangement,
            normalize: self.normalization(settings.as_ref(), &dataset),
            fit: dataset.fit,
            classes: dataset.classes,
        })
    }

    fn recorded_dataset(&self, settings: Option<&Settings>) -> Option<RecordedDataset> {
        let of_run = settings.map(|s| RecordedDataset {
            name: s.dataset.clone(),
            data_dir: s.data_dir.clone(),
            classes: s.data.as_ref().map(|data| data.classes.clone()),
            fit: s.fit,
            drawn: s.test.map(|fraction| Drawn {
                fraction,
                seed: s.seed,
            }),
        });
        let of_file = self.source.frozen.as_ref().map(|card| RecordedDataset {
            name: card.dataset.clone(),
            data_dir: None,
            classes: Some(card.classes.clone()),
            fit: card.fit,
            drawn: card.drawn.map(|(fraction, seed)| Drawn { fraction, seed }),
        });
        of_run.or(of_file)
    }
}
