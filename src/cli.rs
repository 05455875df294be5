//! The arguments: commands, the options several of them share, and nothing that runs.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use termc_runtime::data::Source;
use termc_runtime::device::{DeviceChoice, Selected};
use termc_runtime::network::{self, KernelChoice};

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
    /// Say everything that is wrong with a model, or its size if nothing is
    Check => check,
    /// Train a model
    Train => train,
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
    /// Explain a diagnostic code
    Explain => explain,
    /// Put files into canonical form
    Fmt => fmt,
    /// List the variants of a file
    Variants => variants,
    /// Name what image files show
    Predict => predict,
    /// Write a training as one HTML page
    Report => report,
    /// Time training steps and forward passes
    Bench => bench,
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
    /// Take this variant of the file's model
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,

    /// Override one value, e.g. `train.epochs=20`; may be repeated
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub sets: Vec<String>,
}

/// Where and how a command computes.
#[derive(Clone, Debug, Args)]
pub struct ComputeArgs {
    /// `auto`, `cpu`, `cuda` or `cuda:N`; auto takes CUDA where it is there
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: DeviceChoice,

    /// Type of the activations
    #[arg(long, value_enum, default_value_t)]
    pub precision: Precision,

    /// The device's own kernels or plain Burn operations; the same function
    #[arg(long, value_enum, default_value_t)]
    pub kernels: Kernels,
}

impl ComputeArgs {
    /// Settles on a device and refuses what it cannot do.
    pub fn select(&self) -> Result<Selected, Failure> {
        let selected = self.device.select()?;
        if selected.count() > 1 {
            return Err(
                Failure::usage("only `termc train` computes on several devices")
                    .help("choose one, for example `--device cuda:0`"),
            );
        }
        self.precision.refuse_on(&selected)?;
        Ok(selected)
    }

    /// The same for a command that computes in 32-bit floats whatever the device can do.
    pub fn select_exact(&self, command: &str) -> Result<Selected, Failure> {
        let selected = self.select()?;
        match self.precision {
            Precision::F32 => Ok(selected),
            Precision::Bf16 => Err(Failure::usage(format!(
                "`termc {command}` computes in 32-bit floats only"
            ))
            .help("leave out `--precision`")),
        }
    }
}

/// `--precision`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit brain floats for activations, on GPUs.
    Bf16,
}

impl Precision {
    /// `f32` or `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    /// The runtime's choice.
    pub fn choice(self) -> network::Precision {
        network::Precision::named(self.name())
    }

    /// Refuses what a device cannot do.
    pub fn refuse_on(self, selected: &Selected) -> Result<(), Failure> {
        match (self, selected) {
            (Self::F32, _) => Ok(()),
            (Self::Bf16, Selected::Cpu) => Err(Failure::usage(
                "`--precision bf16` is for CUDA devices; the device is the CPU",
            )
            .help("leave it out or choose `--device cuda`")),
            (Self::Bf16, Selected::Cuda { .. }) => Ok(()),
        }
    }
}

/// `--kernels`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kernels {
    /// The device's own kernels with hand-written gradients.
    #[default]
    Fused,
    /// Plain Burn operations, as in emitted source.
    Composed,
}

impl Kernels {
    /// The runtime's choice.
    pub fn choice(self) -> KernelChoice {
        match self {
            Self::Fused => KernelChoice::Fused,
            Self::Composed => KernelChoice::Composed,
        }
    }

    /// `fused` or `composed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fused => "fused",
            Self::Composed => "composed",
        }
    }
}

/// Which images a command works on.
#[derive(Clone, Debug, Default, Args)]
pub struct DataArgs {
    /// `digits`, `CIFAR10`, `CIFAR100`, `MNIST`, `FashionMNIST`, `STL10` or `folder:DIR`
    #[arg(long, value_name = "NAME", value_parser = Source::from_str)]
    pub dataset: Option<Source>,

    /// Where the data set's files are [default: the platform's cache folder]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}
