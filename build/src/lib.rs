//! Compiles `.term` models in build scripts. Reads and writes files and talks to Cargo; the compiler does the rest.
//!
//! `build.rs`:
//!
//! ```no_run
//! termc_build::compile("model.term");
//! ```
//!
//! The source is then `OUT_DIR/model.rs`, to be included in a module of its own:
//!
//! ```ignore
//! mod network {
//!     include!(concat!(env!("OUT_DIR"), "/model.rs"));
//! }
//! ```
//!
//! A model with errors fails the build with its diagnostics. [`Build`] has the options.

mod error;
mod script;
mod weights;

use std::path::{Path, PathBuf};

use termc_compiler::emit::{self, Beside, EmitOptions};
use termc_compiler::freeze::freeze;
use termc_compiler::{Compiled, Options};
use termc_files::Folder;

pub use error::Error;

/// Compiles a model into `OUT_DIR`, its file named after the model's: `model.term` becomes `model.rs`.
///
/// For build scripts: whatever is wrong with the model goes to standard error and ends the process with status 1.
pub fn compile(model: impl AsRef<Path>) {
    Build::new(model).compile();
}

/// What source is written for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Rust, needing only the crate `burn`.
    #[default]
    Burn,
    /// The same of a frozen file, without the standard library: `alloc` and `burn` with its feature `flex` alone.
    NoStd,
    /// Python, needing only `torch` and `safetensors`.
    Pytorch,
}

/// A compilation and its options.
#[derive(Clone, Debug)]
pub struct Build {
    model: PathBuf,
    options: Options,
    frozen: bool,
    fresh: bool,
    target: Target,
    output: Option<String>,
    folder: Option<PathBuf>,
    weights: Option<PathBuf>,
    check: Option<PathBuf>,
}

/// What a compilation gave, whether it succeeded or not.
#[derive(Debug)]
pub struct Outcome {
    /// The source written, or why there is none.
    pub result: Result<PathBuf, Error>,
    /// Files that the result depends on.
    pub reads: Vec<PathBuf>,
    /// Findings that are no errors: `file:line:column: message`.
    pub warnings: Vec<String>,
}

impl Build {
    /// The model of a `.term` file, or the frozen model of a `.safetensors` file that `termc freeze` wrote; a relative path
    /// starts at the package's folder.
    pub fn new(model: impl AsRef<Path>) -> Self {
        Self {
            model: model.as_ref().to_owned(),
            options: Options::default(),
            frozen: false,
            fresh: false,
            target: Target::default(),
            output: None,
            folder: None,
            weights: None,
            check: None,
        }
    }

    /// Takes this model of the file, a variant, or a member of a family, such as `SlowSize[3]`, in place of the first model.
    #[must_use]
    pub fn model(mut self, name: impl Into<String>) -> Self {
        self.options.model = Some(name.into());
        self
    }

    /// Overrides one value, `path=value`, as `termc --set` does; applied after a variant's own changes, in order.
    #[must_use]
    pub fn set(mut self, change: impl Into<String>) -> Self {
        self.options.sets.push(change.into());
        self
    }

    /// Takes the frozen form of the model, which answers for each image by itself. Its parameters are those of a file
    /// that `termc freeze` wrote.
    #[must_use]
    pub fn frozen(mut self) -> Self {
        self.frozen = true;
        self
    }

    /// Has the source also draw fresh parameters, to train them from the start. [`Target::Pytorch`] always does,
    /// [`Target::NoStd`] never.
    #[must_use]
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// What the source is written for.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// The name of the file to write, in place of the model's own with another extension.
    #[must_use]
    pub fn output(mut self, name: impl Into<String>) -> Self {
        self.output = Some(name.into());
        self
    }

    /// The folder to write into, in place of the variable `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Embeds the parameters of a `.safetensors` file, which is copied beside the source, for [`Target::NoStd`] as a flat
    /// file.
    #[must_use]
    pub fn weights(mut self, file: impl Into<PathBuf>) -> Self {
        self.weights = Some(file.into());
        self
    }

    /// With [`Build::weights`]: adds a test that they give the `logits` of a `.safetensors` file for its `input`.
    /// `termc emit --weights` writes such a file.
    #[must_use]
    pub fn check(mut self, file: impl Into<PathBuf>) -> Self {
        self.check = Some(file.into());
        self
    }

    /// Compiles in a build script: tells Cargo what it read, shows what is wrong, and ends the process with status 1 if
    /// something is.
    pub fn compile(&self) {
        script::report(&self.run());
    }

    /// Compiles and returns the path of the source, without a word to Cargo.
    ///
    /// # Errors
    /// If the model or the weights are at fault, or a file cannot be read or written.
    pub fn try_compile(&self) -> Result<PathBuf, Error> {
        self.run().result
    }

    /// Compiles.
    pub fn run(&self) -> Outcome {
        let files = [
            Some(&self.model),
            self.weights.as_ref(),
            self.check.as_ref(),
        ];
        let mut outcome = Outcome {
            result: Err(Error::NoFolder),
            reads: files.into_iter().flatten().cloned().collect(),
            warnings: vec![],
        };
        outcome.reads.dedup();
        let files = self.folder_of_model();
        outcome.result = self.write(&files, &mut outcome.warnings);
        outcome.reads.extend(files.asked());
        outcome
    }

    fn is_frozen_file(&self) -> bool {
        self.model.extension().is_some_and(|e| e == "safetensors")
    }

    /// What the model may use; the source in a frozen file stands alone.
    fn folder_of_model(&self) -> Folder {
        match self.is_frozen_file() {
            true => Folder::none(),
            false => Folder::of(&self.model),
        }
    }

    fn write(&self, files: &Folder, warnings: &mut Vec<String>) -> Result<PathBuf, Error> {
        let is_frozen = self.is_frozen_file();
        let text = match is_frozen {
            true => self.frozen_text()?,
            false => {
                std::fs::read_to_string(&self.model).map_err(Error::file("read", &self.model))?
            }
        };
        let name = self.model.display().to_string();
        let compiled = termc_compiler::compile(&name, &text, &self.options, files);
        let Compiled {
            model,
            diagnostics,
            sources,
            ..
        } = compiled;
        let Some(model) = model else {
            return Err(Error::model(&sources, &diagnostics));
        };
        let model = match is_frozen || self.frozen {
            true => freeze(&model).model,
            false => model,
        };
        warnings.extend(diagnostics.iter().map(|d| error::line(&sources, d)));
        let folder = self
            .folder
            .clone()
            .or_else(|| std::env::var_os("OUT_DIR").map(Into::into));
        let folder = folder.ok_or(Error::NoFolder)?;
        let output = folder.join(self.output_name());
        let copies = match (&self.weights, &self.check) {
            (Some(weights), check) => Some(weights::copy(
                &model,
                weights,
                check.as_deref(),
                self.target,
                &output,
            )?),
            (None, Some(_)) => return Err(Error::CheckAlone),
            (None, None) => None,
        };
        let options = EmitOptions {
            beside: copies.as_ref().map(|copies| Beside {
                weights: &copies.weights,
                check: copies.check.as_deref(),
            }),
            fresh: self.fresh,
            sources: &sources,
        };
        let emitted = match self.target {
            Target::Burn => emit::rust(&model, &options),
            Target::NoStd => emit::no_std(&model, &options)
                .map_err(|why| Error::SlowNets(model.name.clone(), why))?,
            Target::Pytorch => emit::pytorch(&model, &options),
        };
        std::fs::write(&output, emitted.source).map_err(Error::file("write", &output))?;
        Ok(output)
    }

    /// The source of a frozen model, which nothing changes any more.
    fn frozen_text(&self) -> Result<String, Error> {
        let unchanged = self.options.model.is_none() && self.options.sets.is_empty();
        match unchanged {
            true => weights::frozen_source(&self.model),
            false => Err(Error::Weights {
                path: self.model.clone(),
                problem: "is frozen: it can no longer be changed".into(),
            }),
        }
    }

    /// The name of the file to write.
    fn output_name(&self) -> String {
        let extension = match self.target {
            Target::Burn | Target::NoStd => "rs",
            Target::Pytorch => "py",
        };
        let stem = self.model.file_stem().unwrap_or_default().to_string_lossy();
        self.output
            .clone()
            .unwrap_or_else(|| format!("{stem}.{extension}"))
    }
}
