//! The text of a model and what came with it: read from a `.term` file, a RUN folder, a weight file or any reader. Does
//! not check the text.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use termc_files::Folder;

use super::ModelError;
use crate::Error;
use crate::content::Content;
use crate::freeze::Card;
use crate::weights;

/// Larger sources are refused unread: nobody writes them, and they would only fill the memory.
const LARGEST: u64 = 64 << 20;

/// The text of a model and where it came from.
#[derive(Clone, Debug)]
pub struct ModelSource {
    /// As it is called in diagnostics.
    pub name: String,
    /// The source.
    pub text: String,
    /// The file that it was read from, in whose folder the files lie that it uses.
    pub file: Option<PathBuf>,
    /// Weights that came with it: of a RUN folder the best, of a weight file itself.
    pub weights: Option<PathBuf>,
    /// The RUN folder, if it is one.
    pub run: Option<PathBuf>,
    /// What it says of itself, if it is a frozen file.
    pub frozen: Option<Card>,
}

impl ModelSource {
    /// Reads a `.term` file, a RUN folder (its model; of its weights the best, else the last) or a safetensors file that
    /// termc wrote (the model in its metadata; the file itself as weights), told apart by what is in them.
    ///
    /// # Errors
    /// If the path is none of these or cannot be read.
    pub fn read(path: &Path) -> Result<Self, Error> {
        if path.is_dir() {
            return Self::read_run(path);
        }
        // What a pipe or device begins with is gone once it is read.
        let content = match path.is_file() {
            true => Content::of(path)?,
            false => Content::Unknown,
        };
        let called_weights = path.extension().is_some_and(|e| e == "safetensors");
        let no_model = |problem: &str| Error::Content {
            path: path.to_owned(),
            problem: problem.to_owned(),
        };
        match content {
            Content::Safetensors => return Self::read_weights(path),
            Content::Unknown if called_weights => return Self::read_weights(path),
            Content::Unknown => {}
            Content::Zip | Content::Pickle => {
                return Err(no_model(
                    "is no model; if it is a checkpoint of PyTorch, `termc import` makes a weight file of it",
                ));
            }
            Content::Other(what) => return Err(no_model(what)),
        }
        let file = File::open(path).map_err(Error::file("read", path))?;
        Ok(Self {
            file: Some(path.to_owned()),
            ..Self::from_reader(&path.display().to_string(), file)?
        })
    }

    /// Reads the text of a model; `name` is what diagnostics call it.
    ///
    /// # Errors
    /// If it cannot be read, is not UTF-8, or is larger than 64 MiB.
    pub fn from_reader(name: &str, reader: impl Read) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        let mut limited = reader.take(LARGEST + 1);
        let read = limited.read_to_end(&mut bytes);
        read.map_err(Error::file("read", Path::new(name)))?;
        if bytes.len() as u64 > LARGEST {
            return Err(ModelError::TooLarge(name.to_owned()).into());
        }
        let text = String::from_utf8(bytes).map_err(|error| ModelError::NotText {
            name: name.to_owned(),
            offset: error.utf8_error().valid_up_to(),
        })?;
        Ok(Self::from_text(name, text))
    }

    /// A text that is in memory already.
    pub fn from_text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            file: None,
            weights: None,
            run: None,
            frozen: None,
        }
    }

    /// The files that the source may use: those in its folder, none if it was not read from a file.
    pub fn files(&self) -> Folder {
        self.file.as_deref().map_or_else(Folder::none, Folder::of)
    }

    fn read_run(folder: &Path) -> Result<Self, Error> {
        let source = folder.join("model.term");
        if !source.is_file() {
            return Err(ModelError::NotRunFolder(folder.to_owned()).into());
        }
        let best = folder.join("best.safetensors");
        let last = folder.join("last.safetensors");
        Ok(Self {
            weights: [best, last].into_iter().find(|path| path.is_file()),
            run: Some(folder.to_owned()),
            ..Self::read(&source)?
        })
    }

    fn read_weights(path: &Path) -> Result<Self, Error> {
        let file = weights::read(path)?;
        let text = file
            .source
            .ok_or_else(|| ModelError::NoSource(path.to_owned()))?;
        Ok(Self {
            weights: Some(path.to_owned()),
            frozen: file.frozen,
            ..Self::from_text(path.display().to_string(), text)
        })
    }
}
