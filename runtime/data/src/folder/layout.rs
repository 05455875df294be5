//! Which folders of an image folder are its parts: by their names, whatever their case. Opens no files.

use std::path::{Path, PathBuf};

use super::scan::{plural, visible_entries};
use crate::error::Error;
use crate::source::DatasetOptions;

/// Names of a part's folder, in lower case.
const TRAINING: [&str; 2] = ["train", "training"];
const VALIDATION: [&str; 3] = ["val", "valid", "validation"];
const TEST: [&str; 2] = ["test", "testing"];

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Training,
    Validation,
    Test,
}

/// The parts of an image folder.
pub(super) struct Layout {
    /// Folders of class folders, the training part first.
    pub parts: Vec<(Role, PathBuf)>,
    /// The part of the training images that tests: where no folder does.
    pub drawn: Option<f64>,
    /// What its user should know of it.
    pub notes: Vec<String>,
}

impl Layout {
    /// `train`, `val` and `test`, of which the last two may be missing; without any of them the classes are in `folder`
    /// itself. Fails where names are ambiguous, or contradict the options.
    pub fn of(folder: &Path, options: &DatasetOptions) -> Result<Self, Error> {
        let folders: Vec<PathBuf> = visible_entries(folder)?
            .into_iter()
            .filter(|path| path.is_dir())
            .collect();
        let training = one(folder, &folders, &TRAINING)?;
        let validation = one(folder, &folders, &VALIDATION)?;
        let test = one(folder, &folders, &TEST)?;
        let Some(training) = training else {
            return match test.or(validation) {
                None => Ok(Self::drawn(folder.to_owned(), None, options)),
                Some(_) => Err(Error::NoImages {
                    folder: folder.join("train"),
                    expected: "a folder with image files for each class".into(),
                }),
            };
        };
        match (test, validation, options.test) {
            (Some(test), _, Some(_)) => Err(Error::TestGiven { folder: test }),
            (Some(test), validation, None) => {
                let mut parts = vec![(Role::Training, training)];
                parts.extend(validation.map(|path| (Role::Validation, path)));
                parts.push((Role::Test, test));
                Ok(Self {
                    parts,
                    drawn: None,
                    notes: vec![],
                })
            }
            (None, Some(validation), None) => {
                let shown = validation.display();
                let note = format!(
                    "no test folder: `{shown}` is the test part, validation images are drawn from the training part; with \
                     `--test FRACTION` it validates, and test images are drawn"
                );
                Ok(Self {
                    parts: vec![(Role::Training, training), (Role::Test, validation)],
                    drawn: None,
                    notes: vec![note],
                })
            }
            (None, validation, _) => Ok(Self::drawn(training, validation, options)),
        }
    }

    fn drawn(training: PathBuf, validation: Option<PathBuf>, options: &DatasetOptions) -> Self {
        let mut parts = vec![(Role::Training, training)];
        parts.extend(validation.map(|path| (Role::Validation, path)));
        Self {
            parts,
            drawn: Some(options.test.unwrap_or(options.drawn)),
            notes: vec![],
        }
    }

    /// What is told of the drawn test part.
    pub fn drawn_note(&self, images: usize, options: &DatasetOptions) -> Option<String> {
        let (fraction, (_, training)) = self.drawn.zip(self.parts.first())?;
        let (training, images) = (training.display(), plural(images, "image"));
        let (percent, seed) = (100.0 * fraction, options.seed);
        Some(format!(
            "no test folder: {images}, {percent} % of each class of `{training}`, drawn with seed {seed}, are the test part"
        ))
    }
}

/// The folder that has one of the names; None if there is none.
fn one(folder: &Path, folders: &[PathBuf], names: &[&str]) -> Result<Option<PathBuf>, Error> {
    let mut named = folders.iter().filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| names.iter().any(|known| name.eq_ignore_ascii_case(known)))
    });
    match (named.next(), named.next()) {
        (Some(first), Some(second)) => Err(Error::Ambiguous {
            folder: folder.to_owned(),
            first: first.clone(),
            second: second.clone(),
        }),
        (found, _) => Ok(found.cloned()),
    }
}
