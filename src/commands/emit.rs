//! `termc emit`: a model as source code of its own, with its weights beside it if they are named.

use std::path::{Path, PathBuf};

use burn::backend::Flex;
use burn::tensor::TensorData;
use clap::{Args, ValueEnum};
use termc_compiler::emit::{self, Beside, EmitOptions, INPUT, LOGITS, SlowNets};
use termc_runtime::params::Params;
use termc_runtime::tensors::write_atomic;
use termc_runtime::{Error, selfcheck, weights};

use crate::cli::ModelArgs;
use crate::failure::Failure;
use crate::model::{self, Loaded};
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

    /// What the source is written for
    #[arg(long, value_enum, default_value_t, value_name = "TARGET")]
    target: Target,

    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
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
    fn emit(self, loaded: &Loaded, options: &EmitOptions<'_>) -> Result<String, Failure> {
        let model = &loaded.model;
        let emitted = match self {
            Self::Burn => emit::rust(model, options),
            Self::NoStd => emit::no_std(model, options).map_err(|e| refused(loaded, e))?,
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

fn refused(loaded: &Loaded, why: SlowNets) -> Failure {
    Failure::input(format!("`{}` {why}", loaded.text.name)).help(FREEZE)
}

const FREEZE: &str = "freeze a training with `termc freeze RUN -o FROZEN` and emit that file";

/// Writes the source.
pub fn run(arguments: Arguments, terminal: &Terminal) -> Result<(), Failure> {
    let loaded = model::load(&arguments.model, terminal)?;
    if arguments.frozen && !loaded.model.frozen {
        let message = format!("`{}` is not frozen", loaded.text.name);
        return Err(Failure::input(message).help(FREEZE));
    }
    let target = arguments.target;
    let options = EmitOptions::new(&loaded.compiled.sources);
    match (&arguments.weights, &arguments.output) {
        (None, None) => terminal.print(&target.emit(&loaded, &options)?),
        (None, Some(path)) => {
            let source = target.emit(&loaded, &options)?;
            Ok(write_atomic(path, source.as_bytes())?)
        }
        (Some(_), None) => Err(Failure::usage(
            "the weights are files beside the source, which has no file",
        )
        .help("name one with `-o FILE`")),
        (Some(weights), Some(path)) => {
            let files = Files::beside(path, target)?;
            let options = EmitOptions {
                beside: Some(files.names()),
                ..options
            };
            let source = target.emit(&loaded, &options)?;
            files.write(&loaded, weights)?;
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

    fn names(&self) -> Beside<'_> {
        Beside {
            weights: &self.weights,
            check: Some(&self.check),
        }
    }

    /// Writes both, if the weights are the model's.
    fn write(&self, loaded: &Loaded, from: &Path) -> Result<(), Failure> {
        let (model, device) = (&loaded.model, Default::default());
        let tensors = model::weights(Some(from), &loaded.text)?.tensors;
        let params = Params::<Flex>::from_tensors(model, &tensors, &device).map_err(Error::from)?;
        let mut case = selfcheck::case(model, &params, &device);
        let (to_weights, to_check) = (
            self.folder.join(&self.weights),
            self.folder.join(&self.check),
        );
        match self.target {
            Target::Burn | Target::Pytorch => {
                let mut file = weights::file(model, &params);
                if let Some(card) = &loaded.text.frozen {
                    card.write(&mut file.metadata)?;
                }
                file.write(&to_weights)?;
                case.write(&to_check)?;
            }
            Target::NoStd => {
                let order = emit::flat(model).map_err(|e| refused(loaded, e))?;
                let numbers = order.into_iter().map(|id| params.get(id).into_data());
                write_atomic(&to_weights, &flat(numbers))?;
                let numbers = [INPUT, LOGITS].map(|name| case.tensors.remove(name));
                write_atomic(&to_check, &flat(numbers.into_iter().flatten()))?;
            }
        }
        Ok(())
    }
}

/// All numbers as 32-bit floats, little-endian.
fn flat(data: impl IntoIterator<Item = TensorData>) -> Vec<u8> {
    let numbers = data
        .into_iter()
        .flat_map(|data| data.iter().collect::<Vec<f32>>());
    numbers.flat_map(f32::to_le_bytes).collect()
}
