//! `termc emit`: a model as source code of its own, with its weights beside it if they are named.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use termc_compiler::emit::{self, Beside, EmitOptions, SlowNets};
use termc_runtime::model::{EmbeddedFiles, write_embedded};
use termc_runtime::tensors::write_atomic;
use termc_runtime::weights::Weights;

use crate::cli::{ModelArgs, home_path};
use crate::failure::{FREEZE, Failure};
use crate::model::{self, CheckedSource};
use crate::output;
use crate::terminal::Terminal;

/// Arguments of `termc emit`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    model: ModelArgs,

    /// Have the source take its parameters from this file; needs `--output`, and writes two files beside it
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,

    /// Require the folded network of a frozen file, whose emission is always that
    #[arg(long)]
    frozen: bool,

    /// Have the source also draw fresh parameters, to train them from the start; PyTorch always does
    #[arg(long)]
    fresh: bool,

    /// What the source is written for
    #[arg(long, value_enum, default_value_t, value_name = "TARGET")]
    target: Target,

    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE", value_parser = home_path())]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Target {
    /// Rust, needing only the crate `burn`
    #[default]
    Burn,
    /// The same of a frozen file, without the standard library
    NoStd,
    /// Python, needing only `torch` and `safetensors`
    Pytorch,
}

impl Target {
    fn emit(self, checked: &CheckedSource, options: &EmitOptions<'_>) -> Result<String, Failure> {
        let model = &checked.model;
        let emitted = match self {
            Self::Burn => emit::rust(model, options),
            Self::NoStd => emit::no_std(model, options).map_err(|e| refused(checked, e))?,
            Self::Pytorch => emit::pytorch(model, options),
        };
        Ok(emitted.source)
    }

    /// What the names of the files beside the source end with.
    fn extension(self) -> &'static str {
        match self {
            Self::Burn | Self::Pytorch => "safetensors",
            Self::NoStd => "f32",
        }
    }
}

fn refused(checked: &CheckedSource, why: SlowNets) -> Failure {
    Failure::input(format!("`{}` {why}", checked.source.name)).help(FREEZE)
}

/// Writes the source.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let checked = model::load(&arguments.model, terminal)?;
    if arguments.frozen && !checked.model.frozen {
        let message = format!("`{}` is not frozen", checked.source.name);
        return Err(Failure::input(message).help(FREEZE));
    }
    let target = arguments.target;
    if arguments.fresh && matches!(target, Target::NoStd) {
        let message = "without the standard library parameters are given, not drawn";
        return Err(Failure::usage(message).help("leave out `--fresh` or `--target no-std`"));
    }
    let options = EmitOptions {
        fresh: arguments.fresh,
        ..EmitOptions::new(&checked.compiled.sources)
    };
    let reads = arguments.weights.as_slice();
    let written = output::or_standard(&arguments.output, &[&checked], reads)?;
    match (&arguments.weights, written) {
        (None, None) => terminal.print(&target.emit(&checked, &options)?),
        (None, Some(path)) => {
            let source = target.emit(&checked, &options)?;
            Ok(write_atomic(path, source.as_bytes())?)
        }
        (Some(_), None) => Err(Failure::usage(
            "the weights are files beside the source, which has no file",
        )
        .help("name one with `-o FILE`")),
        (Some(weights), Some(path)) => {
            let files = Files::beside(path, target)?;
            for beside in [&files.weights, &files.check] {
                output::require(&files.at(beside), &[&checked], reads)?;
            }
            let options = EmitOptions {
                beside: Some(files.names()),
                ..options
            };
            let source = target.emit(&checked, &options)?;
            files.write(
                &checked,
                &model::weights(&checked, Some(weights), terminal)?,
            )?;
            write_atomic(path, source.as_bytes())?;
            terminal.note(&format!(
                "`{}` reads `{}` and `{}` beside it",
                path.display(),
                files.weights,
                files.check
            ));
            Ok(())
        }
    }
}

/// The files that go with a source file, in its folder.
struct Files<'a> {
    folder: &'a Path,
    target: Target,
    weights: String,
    check: String,
}

impl<'a> Files<'a> {
    /// Named after the source file: `net.safetensors` and `net.check.safetensors` for `net.rs`.
    fn beside(source: &'a Path, target: Target) -> Result<Self, Failure> {
        let stem = source.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.ok_or_else(|| {
            Failure::usage(format!(
                "`{}` is not a file name in UTF-8",
                source.display()
            ))
        })?;
        let files = Self {
            folder: source.parent().unwrap_or(Path::new("")),
            target,
            weights: format!("{stem}.{}", target.extension()),
            check: format!("{stem}.check.{}", target.extension()),
        };
        let name = source.file_name().and_then(|name| name.to_str());
        if [&files.weights, &files.check]
            .into_iter()
            .any(|file| Some(file.as_str()) == name)
        {
            let message = format!("`{}` would be both source and weights", source.display());
            return Err(Failure::usage(message).help("name a `.rs` or `.py` file"));
        }
        Ok(files)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn names(&self) -> Beside<'_> {
        Beside {
            weights: &self.weights,
            check: Some(&self.check),
        }
    }

    /// Writes both, if the weights are the model's.
    fn write(&self, checked: &CheckedSource, weights: &Weights) -> Result<(), Failure> {
        let files = EmbeddedFiles {
            weights: self.at(&self.weights),
            check: self.at(&self.check),
            flat: matches!(self.target, Target::NoStd),
        };
        Ok(write_embedded(checked, weights, &files)?)
    }
}
