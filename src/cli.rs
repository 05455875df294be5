//! The arguments: commands, the options several of them share, and nothing that runs.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use termc_runtime::Error;
use termc_runtime::data::fetch::{
    FetchOptions, FetchProgress, FetchStage, NoticeCallback, ProgressCallback,
};
use termc_runtime::data::{Arrangement, DatasetSource, Fit, expand_home};
use termc_runtime::device::DeviceChoice;
use termc_runtime::model::{Compute, DatasetChoice};
use termc_runtime::network::{KernelChoice, Precision};

use crate::choice::one_of;
use crate::commands;
use crate::failure::Failure;
use crate::terminal::{ColorChoice, Terminal};

const STATUS: &str = "\
Exit status: 0 done; 1 the model or the data is at fault; 2 the call is at fault; 3 the machine is at fault \
(files, device, memory); 130 interrupted after saving.";

/// Compiles, trains, evaluates and emits Terminator networks written in the .term language.
#[derive(Debug, Parser)]
#[command(name = "termc", version, after_help = STATUS, propagate_version = false, max_term_width = 100)]
pub struct Cli {
    /// When to colour what is printed
    #[arg(long, value_enum, default_value_t, global = true, value_name = "WHEN")]
    pub color: ColorChoice,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $variant:ident => $module:ident,)*) => {
        /// The commands, one file each.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(#[doc = $doc])* $variant(commands::$module::Arguments),)*
        }

        impl Command {
            /// Does it.
            pub fn run(self, terminal: &Terminal) -> Result<(), Failure> {
                match self {
                    $(Self::$variant(arguments) => commands::$module::run(arguments, terminal),)*
                }
            }
        }
    };
}

commands! {
    /// Make a folder with a model, a program that embeds it, and how to go on
    New => new,
    /// Say everything that is wrong with a model, or its size if nothing is
    Check => check,
    /// Train a model
    Train => train,
    /// Train the models, variants and families of a file, with several seeds, and compare them
    Sweep => sweep,
    /// Measure a trained model on a data set
    Eval => eval,
    /// Run a model on tensors from a file
    Run => run,
    /// Make a trained model answer for each image by itself, with all constants folded
    Freeze => freeze,
    /// Convert the weights of a published PyTorch checkpoint
    Import => import,
    /// Write weights under the names of the published PyTorch code
    Export => export,
    /// Write a model as Rust or PyTorch source
    Emit => emit,
    /// List every node with its shape, parameters and cost
    Summary => summary,
    /// Draw a model: a page to look around in, an SVG for a paper, or text for Graphviz or Mermaid
    Graph => graph,
    /// Say what two models, variants or trainings differ in
    Diff => diff,
    /// Show a block of the prelude, or explain a primitive, a word, a setting, or a diagnostic
    Explain => explain,
    /// Put files into canonical form
    Fmt => fmt,
    /// Serve an editor: diagnostics, completion, shapes, renaming and more, by the language server protocol
    Lsp => lsp,
    /// List the models, variants and families of a file
    Variants => variants,
    /// Name what image files show
    Predict => predict,
    /// Write a training as one HTML page
    Report => report,
    /// Time training steps and forward passes
    Bench => bench,
    /// List the devices of this machine, and what is missing for others
    Devices => devices,
    /// Print what a shell needs to complete the command line
    Completions => completions,
    /// Print the manual page, or write those of all commands
    Man => man,
}

/// The model a command works on.
#[derive(Clone, Debug, Args)]
pub struct ModelArgs {
    /// A .term file, a RUN folder, a weight file or frozen file written by termc, or `-` for standard input
    #[arg(value_name = "MODEL")]
    pub model: PathBuf,

    #[command(flatten)]
    pub changes: ChangeArgs,
}

/// Changes to a model before it is checked.
#[derive(Clone, Debug, Default, Args)]
pub struct ChangeArgs {
    /// Take this model, variant, or member of a family, e.g. `SlowSize[3]` [default: the file's first model]
    #[arg(id = "name", long = "model", value_name = "NAME")]
    pub name: Option<String>,

    /// Set one value, e.g. `train.epochs=20`; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
}

/// Who reads what a command prints.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Format {
    /// People.
    #[default]
    Human,
    /// Programs: one JSON object.
    Json,
}

/// Where and how a command computes.
#[derive(Clone, Debug, Default, Args)]
pub struct ComputeArgs {
    /// `auto`, `cpu`, `cuda:N`, `vulkan:N`, ...; auto takes CUDA where it works
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: DeviceChoice,

    /// Type of the activations: 32-bit floats, or 16-bit brain floats on CUDA and ROCm
    #[arg(long, value_parser = one_of(Precision::ALL), default_value_t, value_name = "PRECISION")]
    pub precision: Precision,

    /// The device's own kernels or plain Burn operations; the same function
    #[arg(long, value_parser = one_of(&KernelChoice::ALL), default_value_t, value_name = "KERNELS")]
    pub kernels: KernelChoice,
}

impl ComputeArgs {
    /// Settles on a device, says why it is not a GPU where `auto` found none, and refuses what the device cannot do.
    pub fn select(&self, terminal: &Terminal) -> Result<Compute, Failure> {
        let device = self.device.select()?;
        if let Some(note) = &device.note {
            terminal.note(note);
        }
        Compute::require_precision(&device, self.precision)?;
        Ok(Compute {
            choice: self.device.clone(),
            device,
            kernels: self.kernels,
            precision: self.precision,
        })
    }

    /// The same for a command that computes in 32-bit floats whatever the device can do.
    pub fn select_exact(&self, command: &str, terminal: &Terminal) -> Result<Compute, Failure> {
        let compute = self.select(terminal)?;
        match self.precision {
            Precision::F32 => Ok(compute),
            Precision::Bf16 => Err(Failure::usage(format!(
                "`termc {command}` computes in 32-bit floats only"
            ))
            .help("leave out `--precision`")),
        }
    }
}

/// Which images a command works on.
#[derive(Clone, Debug, Default, Args)]
pub struct DataArgs {
    /// `digits`, `CIFAR10`, `CIFAR100`, `MNIST`, `FashionMNIST`, `STL10` or `folder:DIR`
    #[arg(long, value_name = "NAME", value_parser = DatasetSource::from_str)]
    pub dataset: Option<DatasetSource>,

    /// Gives a model the pixels of each image one after the other, row by row
    #[arg(long = "as", value_name = "KIND", value_parser = ["sequence"], requires = "dataset")]
    pub kind: Option<String>,

    /// Puts the pixels of every image in one order drawn by this seed
    #[arg(long, value_name = "SEED", requires = "dataset")]
    pub permute: Option<u64>,

    /// Where the data set's files are [default: the platform's cache folder]
    #[arg(long, value_name = "DIR", value_parser = home_path())]
    pub data_dir: Option<PathBuf>,

    /// How pictures of other sizes than the model's are fitted to it [default: as in training, else crop]
    #[arg(long, value_parser = one_of(&Fit::ALL), value_name = "FIT", long_help = FIT)]
    pub fit: Option<Fit>,

    /// The part of each class that tests, drawn by the seed, for folders without test images [default: 0.2]
    #[arg(long, value_name = "FRACTION", value_parser = test_fraction)]
    pub test: Option<f64>,

    /// Leave out the images of a folder that cannot be read, with a warning
    #[arg(long)]
    pub skip_damaged: bool,
}

/// Help of `--fit`.
pub const FIT: &str = "\
How pictures of other sizes than the model's are fitted to it [default: as in training, else crop]
- crop: resized until the shorter side fits, antialiased, then cut around the centre
- stretch: resized; the proportions change
- pad: resized until the longer side fits, then surrounded with black
- exact: refused";

fn test_fraction(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if 0.0 < value && value < 1.0 => Ok(value),
        _ => Err(format!("`{text}` is not a fraction between 0 and 1")),
    }
}

/// Paths whose `~` no shell has expanded, as in `--data-dir=~/x`.
pub fn home_path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(|path| expand_home(&path))
}

impl DataArgs {
    /// The data set that is named, its pixels arranged as asked for.
    pub fn dataset(&self) -> Result<Option<DatasetSource>, Failure> {
        let arrangement = Arrangement {
            sequence: self.kind.is_some(),
            permute: self.permute,
        };
        let named = self.dataset.clone();
        Ok(named
            .map(|source| source.arranged(arrangement))
            .transpose()
            .map_err(Error::from)?)
    }

    /// For the runtime.
    pub fn choice(&self, terminal: &Terminal) -> Result<DatasetChoice, Failure> {
        Ok(DatasetChoice {
            dataset: self.dataset()?,
            data_dir: self.data_dir.clone(),
            fit: self.fit,
            test: self.test,
            seed: None,
            fetch: fetching(terminal),
            skip_damaged: self.skip_damaged,
        })
    }
}

/// Says what is fetched before it is, and on a terminal how far it has come.
pub fn fetching(terminal: &Terminal) -> FetchOptions {
    let (told, live) = (terminal.clone(), terminal.clone());
    FetchOptions {
        notice: NoticeCallback::new(move |text: &str| told.note(text)),
        progress: ProgressCallback::new(move |at: &FetchProgress| {
            if live.is_live() {
                let (done, total) = (at.done / 1_000_000, at.total / 1_000_000);
                let stage = match at.stage {
                    FetchStage::Download => "fetching",
                    FetchStage::Verify => "checking",
                    FetchStage::Unpack => "unpacking",
                };
                live.message(&format!(
                    "\r\x1b[K{stage} {}: {done} of {total} MB\r",
                    at.archive
                ));
            }
            ControlFlow::Continue(())
        }),
        ..FetchOptions::default()
    }
}
